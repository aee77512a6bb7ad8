import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import './charts.css';

export interface SparklineProps {
  /** What it shows, with the values in words, for screen readers. */
  readonly label: string;
  readonly values: readonly (number | null)[];
}

const size = { width: 96, height: 20 };

/** A line without axes, in a row of a table. Gaps stay gaps. */
export function Sparkline({ label, values }: SparklineProps) {
  const x = scaleLinear()
    .domain([0, Math.max(1, values.length - 1)])
    .range([1, size.width - 1]);
  const y = scaleLinear()
    .domain([0, Math.max(Number.MIN_VALUE, ...values.map((value) => value ?? 0))])
    .range([size.height - 2, 2]);
  const path = line<number | null>()
    .defined((value) => value !== null)
    .x((_value, i) => x(i))
    .y((value) => y(value ?? 0));
  return (
    <svg className="sparkline" viewBox={`0 0 ${size.width} ${size.height}`} role="img" aria-label={label}>
      <path d={path(values) ?? ''} />
    </svg>
  );
}
