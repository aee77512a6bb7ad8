import { clock, day, dayOfYear, minute } from '../zone.ts';

export type Unit = 'HOUR' | 'DAY' | 'WEEK';

/** The start of a period, as short as its length allows. */
export const periodInWords = (at: string, by: Unit): string => {
  const date = new Date(at);
  if (by !== 'HOUR') return dayOfYear(date);
  return day(date) === day(new Date()) ? minute(date) : `${dayOfYear(date)} ${minute(date)}`;
};

/** The full start, for words that are read on demand. */
export const exactly = (at: string, by: Unit): string => {
  const date = new Date(at);
  return by === 'HOUR' ? `${day(date)}, ${clock(date)}` : `${by === 'WEEK' ? 'Week from ' : ''}${day(date)}`;
};

/** Up to this many of the labels, evenly spaced, with the first and the last. */
export function spaced<Value>(values: readonly Value[], max = 5): Value[] {
  if (values.length <= max) return [...values];
  return Array.from({ length: max }, (_, i) => values[Math.round((i * (values.length - 1)) / (max - 1))]!);
}
