import { type HrTime, ValueType } from '@opentelemetry/api';
import { AggregationTemporality, DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';
import { remember } from '../../lib/remember.ts';
import type { Labels } from '../../lib/telemetry.ts';

interface Series {
  readonly labels: Labels;
  readonly counts: number[];
  sum: number;
  count: number;
}

const now = (): HrTime => {
  const milliseconds = Date.now();
  return [Math.floor(milliseconds / 1_000), (milliseconds % 1_000) * 1e6];
};

/**
 * Counts durations by labels. The SDK's histogram compares the labels of each record, which takes longer than a decision
 * about access. This one knows them by their object, so callers pass the same object for the same labels.
 */
export class DurationHistogram {
  readonly #name: string;
  readonly #description: string;
  readonly #boundaries: readonly number[];
  readonly #began = now();
  readonly #series = new Map<string, Series>();
  readonly #known = new WeakMap<Labels, Series>();

  constructor(name: string, description: string, boundaries: readonly number[]) {
    this.#name = name;
    this.#description = description;
    this.#boundaries = boundaries;
  }

  record(seconds: number, labels: Labels): void {
    const series = this.#known.get(labels) ?? this.#find(labels);
    let bucket = 0;
    while (bucket < this.#boundaries.length && seconds > this.#boundaries[bucket]!) bucket += 1;
    series.counts[bucket]! += 1;
    series.sum += seconds;
    series.count += 1;
  }

  #find(labels: Labels): Series {
    const key = JSON.stringify(Object.entries(labels).toSorted());
    const series = remember(this.#series, key, () => ({
      labels,
      counts: Array.from({ length: this.#boundaries.length + 1 }, () => 0),
      sum: 0,
      count: 0,
    }));
    this.#known.set(labels, series);
    return series;
  }

  collect(): MetricData {
    const endTime = now();
    return {
      descriptor: { name: this.#name, description: this.#description, unit: 's', valueType: ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: [...this.#series.values()].map(({ labels, counts, sum, count }) => ({
        startTime: this.#began,
        endTime,
        attributes: labels,
        value: { buckets: { boundaries: [...this.#boundaries], counts: [...counts] }, sum, count },
      })),
    };
  }
}
