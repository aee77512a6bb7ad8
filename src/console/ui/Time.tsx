import { clock, day, dayOfYear, minute } from './zone.ts';

const utc = (date: Date): string => `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;

const titleOf = (date: Date): string => `${day(date)}, ${clock(date)} (${utc(date)})`;

/** A time in the zone of the viewer, with UTC on hover: the clock if it is today, else the day. */
export function Time({ at }: { at: string }) {
  const date = new Date(at);
  return (
    <time dateTime={at} title={titleOf(date)}>
      {day(date) === day(new Date()) ? clock(date) : day(date)}
    </time>
  );
}

const halfYearMs = 180 * 86_400_000;

/** The day and the time of something of which there are many a day: the clock if it is today. */
export function Moment({ at }: { at: string }) {
  const date = new Date(at);
  const isNear = Math.abs(Date.now() - date.getTime()) < halfYearMs;
  return (
    <time dateTime={at} title={titleOf(date)}>
      {day(date) === day(new Date()) ? clock(date) : `${isNear ? dayOfYear(date) : day(date)}, ${minute(date)}`}
    </time>
  );
}

const units = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;
const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

const distance = (date: Date): string => {
  const seconds = Math.round((date.getTime() - Date.now()) / 1_000);
  const [unit, size] = units.find(([, one]) => Math.abs(seconds) >= one) ?? ['second', 1];
  return unit === 'second' ? 'just now' : words.format(Math.round(seconds / size), unit);
};

/** How long ago, or how long from now, with the time on hover. */
export function Ago({ at }: { at: string }) {
  const date = new Date(at);
  return (
    <time dateTime={at} title={titleOf(date)}>
      {distance(date)}
    </time>
  );
}
