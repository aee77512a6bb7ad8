import { LRUCache } from 'lru-cache';
import { isDay } from '../../../lib/day.ts';

/** Canonical names of requested zones; empty if unknown. */
const zoneNames = new LRUCache<string, string>({ max: 1_000 });

/** Formats that the orchestrator accepts in addition to zone names: Z, and an offset with or without a prefix. */
function plainName(name: string): string {
  if (name === '' || /^(z|utc|gmt|ut)$/i.test(name)) return 'UTC';
  const [, sign, hours, minutes = '00'] = /^(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d\d))?$/.exec(name) ?? [];
  if (hours === undefined || Number(hours) > 18 || Number(minutes) > 59) return name;
  return `${sign}${hours.padStart(2, '0')}:${minutes}`;
}

/** One name for each zone in any case, so that caches (here and in croner) have one entry. */
export function zoneNamed(name: string): string | undefined {
  let known = zoneNames.get(name);
  if (known === undefined) {
    try {
      known = new Intl.DateTimeFormat('en', { timeZone: plainName(name) }).resolvedOptions().timeZone;
    } catch {
      known = '';
    }
    zoneNames.set(name, known);
  }
  return known || undefined;
}

export const timeZoneFault = (name: string): string | undefined =>
  zoneNamed(name) === undefined
    ? `${name.slice(0, 100)} is not a time zone. Use a name such as Europe/Berlin, or an offset such as UTC+2.`
    : undefined;

const formats = new LRUCache<string, Intl.DateTimeFormat>({ max: 1_000 });
function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  return format;
}

/** Local time of a zone at an instant, as if it were UTC; both in milliseconds. */
export function wallAt(zone: string, instant: number): number {
  if (zone === 'UTC') return instant;
  const parts: Record<string, string> = {};
  for (const { type, value } of formatOf(zone).formatToParts(instant)) parts[type] = value;
  const at = (part: string) => Number(parts[part]);
  const year = parts['era'] === 'BC' ? 1 - at('year') : at('year');
  const date = new Date(0);
  date.setUTCFullYear(year, at('month') - 1, at('day'));
  date.setUTCHours(at('hour'), at('minute'), at('second'), ((instant % 1_000) + 1_000) % 1_000);
  return date.getTime();
}

const day = 86_400_000;

/** The instant between two at which the offset of a zone changes from `before`. */
function changeOf(zone: string, from: number, to: number, before: number): number {
  let [early, late] = [from, to];
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (wallAt(zone, middle) - middle === before) early = middle;
    else late = middle;
  }
  return late;
}

/**
 * The instant of a local time in a zone. If it occurs twice, the first one. If it is skipped, the instant of the
 * change.
 */
export function instantOf(zone: string, wall: number): number {
  if (zone === 'UTC') return wall;
  const offsetAt = (instant: number) => wallAt(zone, instant) - instant;
  const [before, after] = [offsetAt(wall - day), offsetAt(wall + day)];
  if (before === after) return wall - before;
  const fitting = [wall - before, wall - after].filter((instant) => wallAt(zone, instant) === wall);
  if (fitting.length > 0) return Math.min(...fitting);
  return changeOf(zone, wall - after, wall - before, before);
}

/**
 * The last local time of a zone up to an instant. In the hour that occurs a second time, it is the end of that hour: none
 * of its times is new.
 */
export function lastShown(zone: string, instant: number): number {
  const wall = wallAt(zone, instant);
  const early = instantOf(zone, wall);
  if (early >= instant) return wall;
  // The clocks were put back in between.
  const before = wall - early;
  return changeOf(zone, early, instant, before) - 1 + before;
}

const written =
  /^(?!0000)(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)(Z|[+-]\d\d(?::?\d\d)?)?(?:\[[\w/+-]+\])?)?$/i;

/** True if a date in a source has an offset: then it is an instant. */
export const hasDistance = (text: string): boolean => written.exec(text.trim())?.[3] !== undefined;

/** The instant of a date in a source; without an offset, in the zone. Undefined if it is not a valid date. */
export function instantIn(text: string, zone: string): number | undefined {
  const [, date, time = '00:00', distance] = written.exec(text.trim()) ?? [];
  if (date === undefined || !isDay(date)) return undefined;
  const wall = Date.parse(`${date}T${time.replace(',', '.')}Z`);
  if (Number.isNaN(wall)) return undefined;
  if (distance === undefined) return instantOf(zone, wall);
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(distance) ?? [];
  const minutesAhead = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  const instant = wall - minutesAhead * 60_000;
  // Four-digit years only, also in UTC: neither the database nor the API supports others.
  return /^(?!0000)\d{4}-/.test(new Date(instant).toISOString()) ? instant : undefined;
}
