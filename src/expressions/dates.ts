import { Fault } from './fault.ts';

/** A moment in a time zone. */
export class Moment {
  readonly milliseconds: number;
  readonly zone: string;
  constructor(milliseconds: number, zone = 'UTC') {
    if (!Number.isFinite(milliseconds) || Math.abs(milliseconds) > 8.64e15 - 1e8)
      throw new Fault('The date is out of range.');
    this.milliseconds = milliseconds;
    this.zone = zone;
  }
  toString(): string {
    return formatted(
      this,
      this.milliseconds % 1_000 === 0 ? "yyyy-MM-dd'T'HH:mm:ssXXX" : "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    );
  }
}

const patterns: Readonly<Record<string, string>> = {
  iso: "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
  iso_sec: "yyyy-MM-dd'T'HH:mm:ssXXX",
  iso_milli: "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
  sql: 'yyyy-MM-dd HH:mm:ss.SSSSSS',
  sql_milli: 'yyyy-MM-dd HH:mm:ss.SSS',
  sql_sec: 'yyyy-MM-dd HH:mm:ss',
  sql_seq: 'yyyy-MM-dd HH:mm:ss',
  iso_date_time: "yyyy-MM-dd'T'HH:mm:ss.SSSXXX'['VV']'",
  iso_zoned_date_time: "yyyy-MM-dd'T'HH:mm:ss.SSSXXX'['VV']'",
  iso_offset_date_time: "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
  iso_local_date_time: "yyyy-MM-dd'T'HH:mm:ss.SSS",
  iso_date: 'yyyy-MM-ddXXX',
  iso_local_date: 'yyyy-MM-dd',
  iso_time: 'HH:mm:ss.SSSXXX',
  iso_offset_time: 'HH:mm:ss.SSSXXX',
  iso_local_time: 'HH:mm:ss.SSS',
  iso_ordinal_date: 'yyyy-DDDXXX',
  rfc_1123_date_time: "EEE, d MMM yyyy HH:mm:ss 'GMT'",
};

const zoned = new Map<string, Intl.DateTimeFormat>();
/** Milliseconds that the local time of the zone is ahead of UTC. */
function offsetOf(milliseconds: number, zone: string): number {
  if (zone === 'UTC' || zone === 'Z') return 0;
  const fixed = /^(?:UTC|GMT)?([+-])(\d{2}):?(\d{2})$/.exec(zone);
  if (fixed) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000;
  let format = zoned.get(zone);
  if (!format) {
    try {
      const parts = {
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      } as const;
      format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', era: 'short', ...parts });
    } catch {
      throw new Fault(`The time zone ${JSON.stringify(zone.slice(0, 50))} does not exist.`);
    }
    if (zoned.size > 200) zoned.clear();
    zoned.set(zone, format);
  }
  const parts: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(milliseconds)) parts[type] = value;
  const n = (name: string) => Number(parts[name]);
  const year = parts['era'] === 'BC' ? 1 - n('year') : n('year');
  const local = utc(year, n('month') - 1, n('day'), n('hour'), n('minute'), n('second'));
  return local - (milliseconds - (((milliseconds % 1_000) + 1_000) % 1_000));
}

/** Date.UTC without its reading of the years 0 to 99. */
function utc(year: number, month: number, day: number, hour = 0, minute = 0, second = 0, milli = 0): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  date.setUTCHours(hour, minute, second, milli);
  return date.getTime();
}

const two = (value: number, length = 2): string => String(Math.abs(value)).padStart(length, '0');
function offsetText(milliseconds: number, letters: string): string {
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes === 0 && letters[0] === 'X') return 'Z';
  const sign = minutes < 0 ? '-' : '+';
  const hours = two(Math.trunc(Math.abs(minutes) / 60));
  const rest = two(Math.abs(minutes) % 60);
  if (letters.length === 1 && letters !== 'Z') return `${sign}${hours}${rest === '00' ? '' : rest}`;
  return letters.length === 3 || letters.length === 5 ? `${sign}${hours}:${rest}` : `${sign}${hours}${rest}`;
}

/** Formats a moment with a pattern of Java's DateTimeFormatter, or the name of one. */
export function formatted({ milliseconds, zone }: Moment, format: string, locale = 'en'): string {
  const pattern = Object.hasOwn(patterns, format) ? patterns[format]! : format;
  if (format === 'iso_instant') return new Date(milliseconds).toISOString();
  const isUtc = format === 'rfc_1123_date_time';
  const offset = isUtc ? 0 : offsetOf(milliseconds, zone);
  const at = new Date(milliseconds + offset);
  const text = (options: Intl.DateTimeFormatOptions) => {
    try {
      return new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' }).format(at);
    } catch {
      throw new Fault(`The locale ${JSON.stringify(locale.slice(0, 50))} does not exist.`);
    }
  };
  const field = (letters: string): string => {
    const n = letters.length;
    switch (letters[0]) {
      case 'y':
      case 'u':
        return n === 2 ? two(at.getUTCFullYear() % 100) : two(at.getUTCFullYear(), n);
      case 'M':
      case 'L':
        return n > 2 ? text({ month: n === 3 ? 'short' : 'long' }) : two(at.getUTCMonth() + 1, n);
      case 'd':
        return two(at.getUTCDate(), n);
      case 'D':
        return two(
          Math.floor(
            (utc(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()) - utc(at.getUTCFullYear(), 0, 1)) / 86_400_000,
          ) + 1,
          n,
        );
      case 'E':
        return text({ weekday: n > 3 ? 'long' : 'short' });
      case 'e':
        return String(at.getUTCDay() === 0 ? 7 : at.getUTCDay());
      case 'H':
        return two(at.getUTCHours(), n);
      case 'h':
        return two(at.getUTCHours() % 12 || 12, n);
      case 'm':
        return two(at.getUTCMinutes(), n);
      case 's':
        return two(at.getUTCSeconds(), n);
      case 'S':
        return two(at.getUTCMilliseconds(), 3).padEnd(n, '0').slice(0, n);
      case 'n':
        return String(at.getUTCMilliseconds() * 1_000_000);
      case 'a':
        return at.getUTCHours() < 12 ? 'AM' : 'PM';
      case 'Q':
        return String(Math.floor(at.getUTCMonth() / 3) + 1);
      case 'X':
      case 'x':
      case 'Z':
        return offsetText(offset, letters);
      case 'V':
      case 'z':
        return zone;
      default:
        throw new Fault(`The letter ${letters[0]} of a date format is not supported.`);
    }
  };
  return pattern.replace(/'((?:[^']|'')*)'|([A-Za-z])\2*/g, (match, literal: string | undefined) => {
    if (literal === undefined) return field(match);
    return literal === '' ? "'" : literal.replaceAll("''", "'");
  });
}

const months = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const readers: Readonly<Record<string, string>> = {
  y: 'year',
  u: 'year',
  M: 'month',
  L: 'month',
  d: 'day',
  H: 'hour',
  h: 'hour',
  m: 'minute',
  s: 'second',
  S: 'fraction',
  a: 'half',
  X: 'offset',
  x: 'offset',
  Z: 'offset',
};

/** Reads a date with a pattern. */
export function parsed(text: string, format: string, zone = 'UTC'): Moment {
  const pattern = Object.hasOwn(patterns, format) ? patterns[format]! : format;
  const fields: Record<string, string> = {};
  let at = 0;
  for (const [match, literal, letter] of pattern.matchAll(/'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']/g)) {
    if (letter === undefined) {
      const expected = literal === undefined ? match : literal === '' ? "'" : literal;
      if (!text.startsWith(expected, at)) throw unreadable(text, format);
      at += expected.length;
      continue;
    }
    const name = readers[letter] ?? (letter === 'E' ? 'weekday' : undefined);
    const isText = name === 'weekday' || (name === 'month' && match.length > 2);
    const read = isText
      ? /^\p{L}+/u
      : name === 'offset'
        ? /^(?:Z|[+-]\d{2}(?::?\d{2})?)/
        : name === 'half'
          ? /^[AaPp][Mm]/
          : match.length === 1
            ? /^\d{1,9}/
            : new RegExp(`^\\d{${Math.min(match.length, 9)}}`);
    const found = name && read.exec(text.slice(at, at + 40))?.[0];
    if (!found) throw unreadable(text, format);
    fields[name] = found;
    at += found.length;
  }
  if (at !== text.length) throw unreadable(text, format);
  const n = (name: string, otherwise: number) => Number(fields[name] ?? otherwise);
  const named = months.findIndex(
    (one) => fields['month'] && /^\p{L}/u.test(fields['month']) && one.startsWith(fields['month'].toLowerCase()),
  );
  const year = fields['year']?.length === 2 ? 2_000 + n('year', 0) : n('year', 1970);
  const hour = (n('hour', 0) % (fields['half'] ? 12 : 24)) + (/^p/i.test(fields['half'] ?? '') ? 12 : 0);
  const milli = Number((fields['fraction'] ?? '0').padEnd(3, '0').slice(0, 3));
  const local = utc(
    year,
    named >= 0 ? named : n('month', 1) - 1,
    n('day', 1),
    hour,
    n('minute', 0),
    n('second', 0),
    milli,
  );
  const own =
    fields['offset'] === undefined
      ? zone
      : fields['offset'] === 'Z'
        ? 'UTC'
        : fields['offset'].length === 3
          ? `${fields['offset']}:00`
          : fields['offset'];
  return new Moment(local - offsetOf(local - offsetOf(local, own), own), own);
}

const unreadable = (text: string, format: string) =>
  new Fault(
    `The text ${JSON.stringify(text.slice(0, 60))} is not a date in the format ${JSON.stringify(format.slice(0, 60))}.`,
  );

const iso = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?(?:\[([\w/+-]+)\])?$/;

/** Reads an ISO 8601 date. */
export function parsedIso(text: string, zone = 'UTC'): Moment {
  const match = iso.exec(text);
  const [, offset, named] = match ?? [];
  const plain = text.replace(/\[.*$/, '').replace(' ', 'T');
  const milliseconds = Date.parse(offset === undefined ? `${plain.length === 10 ? `${plain}T00:00` : plain}Z` : plain);
  if (!match || Number.isNaN(milliseconds)) throw unreadable(text, 'ISO 8601');
  if (offset !== undefined) return new Moment(milliseconds, named ?? (offset === 'Z' ? 'UTC' : offset));
  const own = named ?? zone;
  return new Moment(milliseconds - offsetOf(milliseconds - offsetOf(milliseconds, own), own), own);
}

const unitMs: Readonly<Record<string, number>> = {
  MILLIS: 1,
  SECONDS: 1_000,
  MINUTES: 60_000,
  HOURS: 3_600_000,
  HALF_DAYS: 43_200_000,
};
const unitDays: Readonly<Record<string, number>> = { DAYS: 1, WEEKS: 7 };
const unitMonths: Readonly<Record<string, number>> = {
  MONTHS: 1,
  YEARS: 12,
  DECADES: 120,
  CENTURIES: 1_200,
  MILLENNIA: 12_000,
};
const valueIn = (units: Readonly<Record<string, number>>, unit: string) =>
  Object.hasOwn(units, unit) ? units[unit] : undefined;

/** Adds some units of time. Days and months keep the local time of day. */
export function added({ milliseconds, zone }: Moment, amount: number, unit: string): Moment {
  const exact = valueIn(unitMs, unit);
  if (exact !== undefined) return new Moment(milliseconds + amount * exact, zone);
  const days = valueIn(unitDays, unit);
  const many = valueIn(unitMonths, unit);
  if (days === undefined && many === undefined) {
    const known = [...Object.keys(unitMs), ...Object.keys(unitDays), ...Object.keys(unitMonths)].join(', ');
    throw new Fault(`The unit ${JSON.stringify(unit.slice(0, 30))} does not exist. Use one of ${known}.`);
  }
  const local = new Date(milliseconds + offsetOf(milliseconds, zone));
  if (days !== undefined) local.setUTCDate(local.getUTCDate() + amount * days);
  else {
    const day = local.getUTCDate();
    local.setUTCDate(1);
    local.setUTCMonth(local.getUTCMonth() + amount * many!);
    const last = new Date(utc(local.getUTCFullYear(), local.getUTCMonth() + 1, 0)).getUTCDate();
    local.setUTCDate(Math.min(day, last));
  }
  const time = local.getTime();
  new Moment(time);
  return new Moment(time - offsetOf(time - offsetOf(time, zone), zone), zone);
}
