import { clock, day, dayOfYear, minute } from '../zone.ts';

export type Unit = 'HOUR' | 'DAY' | 'WEEK';

/** The full start, for words that are read on demand. */
export const exactly = (at: string, by: Unit): string => {
  const date = new Date(at);
  return by === 'HOUR' ? `${day(date)}, ${clock(date)}` : `${by === 'WEEK' ? 'Week from ' : ''}${day(date)}`;
};

/** Up to `max` of the values, evenly spaced, with the first and the last. */
function spaced<Value>(values: readonly Value[], max: number): Value[] {
  if (values.length <= max) return [...values];
  return Array.from({ length: max }, (_, i) => values[Math.round((i * (values.length - 1)) / (max - 1))]!);
}

export interface AxisLabel {
  readonly at: string;
  readonly text: string;
}

/** Labels of an axis of time. Those of hours name the day where it changes. */
export function axisLabels(times: readonly string[], by: Unit, max = 5): readonly AxisLabel[] {
  let former = '';
  return spaced(times, max).map((at) => {
    const date = new Date(at);
    const of = dayOfYear(date);
    const text = by !== 'HOUR' ? of : of === former ? minute(date) : `${of}, ${minute(date)}`;
    former = of;
    return { at, text };
  });
}
