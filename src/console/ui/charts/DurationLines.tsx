import { shortDuration } from '../duration.ts';
import { Lines } from './Lines.tsx';
import type { Unit } from './period.ts';

export interface DurationLinesProps {
  readonly title: string;
  readonly periods: readonly {
    readonly at: string;
    readonly duration: { readonly p50: number; readonly p95: number; readonly p99: number } | null | undefined;
  }[];
  readonly by: Unit;
}

/** How long the half, and nearly all, took at most. */
export function DurationLines({ title, periods, by }: DurationLinesProps) {
  return (
    <Lines
      title={title}
      times={periods.map(({ at }) => at)}
      by={by}
      lines={[
        { title: 'Median', values: periods.map(({ duration }) => duration?.p50 ?? null) },
        { title: 'p95', values: periods.map(({ duration }) => duration?.p95 ?? null) },
        { title: 'p99', values: periods.map(({ duration }) => duration?.p99 ?? null) },
      ]}
      inWords={shortDuration}
    />
  );
}
