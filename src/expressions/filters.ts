import { stringify } from 'yaml';
import type { Given } from './arguments.ts';
import { added, formatted, Moment, parsed, parsedIso } from './dates.ts';
import { Fault } from './fault.ts';
import { type Filter, textFilters } from './text-filters.ts';
import { areEqual, compare, given, isList, isMap, jsonOf, kindOf, mapOf, member, type Value } from './values.ts';

const maxPattern = 200;
const zoneOf = (args: Given, position: number) => args.any(position, 'timeZone') as string | undefined;

/** The moment of a value: a date, milliseconds since 1970, or a text. */
function momentOf(value: Value, args: Given, existing: string | undefined, zone: string | undefined): Moment {
  if (value instanceof Moment) return zone === undefined ? value : new Moment(value.milliseconds, zone);
  if (typeof value === 'number') return new Moment(value, zone);
  if (typeof value !== 'string')
    throw new Fault(`${args.what} requires a date, but got ${value === null ? 'null' : `a ${kindOf(value)}`}.`);
  const read = existing === undefined ? parsedIso(value, zone) : parsed(value, existing.slice(0, maxPattern), zone);
  return zone === undefined ? read : new Moment(read.milliseconds, zone);
}
const optional = (args: Given, position: number, name: string): string | undefined => {
  const value = args.any(position, name);
  return value == null ? undefined : args.asText(value);
};
const timestamp =
  (perSecond: number): Filter =>
  (value, args) => {
    const { milliseconds } = momentOf(value, args, optional(args, 0, 'existingFormat'), optional(args, 1, 'timeZone'));
    return perSecond === 1 ? Math.floor(milliseconds / 1_000) : milliseconds * (perSecond / 1_000);
  };
const sorted =
  (direction: 1 | -1): Filter =>
  (value, args) => {
    const list = args.asList(value);
    args.budget.create(list.length);
    args.budget.step(list.length);
    return [...list].sort((a, b) => direction * compare(given(a), given(b), args.what));
  };
const json: Filter = (value, { budget }) => jsonOf(value, budget);

/** A plain copy for the YAML library. Each item is counted. */
const plain = (value: Value, args: Given): unknown => JSON.parse(jsonOf(value, args.budget));

export const filters: Readonly<Record<string, Filter>> = {
  ...textFilters,
  json,
  toJson: json,
  yaml: (value, args) => {
    args.budget.look();
    const text = stringify(plain(value, args), { lineWidth: 0 });
    args.budget.create(text.length * 4);
    return text;
  },
  default: (value, args) => {
    const isEmpty = value === null || value === '' || (isList(value) && value.length === 0);
    return isEmpty ? args.required(0, 'default') : value;
  },
  length: (value) => {
    if (value === null) return 0;
    if (typeof value === 'string' || isList(value)) return value.length;
    if (isMap(value)) return Object.keys(value).length;
    throw new Fault(`The filter length requires a text, a list or a map, but got a ${kindOf(value)}.`);
  },
  first: (value) => {
    if (typeof value === 'string') return value.slice(0, 1);
    return isList(value) && value.length > 0 ? member(value, 0) : null;
  },
  last: (value) => {
    if (typeof value === 'string') return value.slice(-1);
    return isList(value) && value.length > 0 ? member(value, value.length - 1) : null;
  },
  join: (value, args) => {
    const separator = args.text(0, 'separator', '');
    const parts: string[] = [];
    for (const one of args.asList(value)) {
      const text = args.asText(given(one));
      args.budget.create(text.length + separator.length);
      parts.push(text);
    }
    return parts.join(separator);
  },
  reverse: (value, args) => {
    if (typeof value === 'string') return [...value].reverse().join('');
    const list = args.asList(value);
    args.budget.create(list.length);
    return [...list].reverse();
  },
  sort: sorted(1),
  rsort: sorted(-1),
  slice: (value, args) => {
    const from = args.number(0, 'fromIndex', 0);
    const whole = typeof value === 'string' ? value : args.asList(value);
    const to = args.number(1, 'toIndex', whole.length);
    if (from < 0 || to > whole.length || from > to)
      throw new Fault(`The filter slice requires indexes from 0 to ${whole.length}, in order.`);
    args.budget.create(to - from);
    return whole.slice(from, to);
  },
  chunk: (value, args) => {
    const size = Math.trunc(args.number(0, 'size'));
    if (!(size >= 1)) throw new Fault('The filter chunk requires a size of 1 or more.');
    const list = args.asList(value);
    args.budget.create(list.length);
    return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
  },
  flatten: (value, args) => {
    const list = args.asList(value);
    const result: Value[] = [];
    for (const one of list) {
      const items = isList(one) ? one : [one];
      args.budget.create(items.length);
      for (const item of items) result.push(item);
    }
    return result;
  },
  distinct: (value, args) => {
    const result: Value[] = [];
    for (const one of args.asList(value))
      if (!result.some((other) => areEqual(given(other), given(one), args.budget))) result.push(one);
    args.budget.create(result.length);
    return result;
  },
  merge: (value, args) => {
    const items = args.required(0, 'items');
    if (isMap(value)) {
      const all = [...Object.entries(value), ...Object.entries(args.asMap(items))];
      args.budget.create(all.length);
      return mapOf(all);
    }
    const list = [...args.asList(value), ...args.asList(items)];
    args.budget.create(list.length);
    return list;
  },
  keys: (value, args) => {
    const keys: Value = isList(value) ? value.map((_, i) => i) : Object.keys(args.asMap(value));
    args.budget.create(keys.length);
    return keys;
  },
  values: (value, args) => {
    const values = Object.values(args.asMap(value)) as Value[];
    args.budget.create(values.length);
    return values;
  },
  className: (value) => kindOf(value),
  date: (value, args) => {
    if (value === null) return null;
    const moment = momentOf(value, args, optional(args, 1, 'existingFormat'), zoneOf(args, 2));
    const format = optional(args, 0, 'format');
    return format === undefined ? moment : formatted(moment, format.slice(0, maxPattern), args.text(3, 'locale', 'en'));
  },
  dateAdd: (value, args) => {
    const moment = momentOf(value, args, optional(args, 3, 'existingFormat'), zoneOf(args, 4));
    const result = added(moment, Math.trunc(args.number(0, 'amount')), args.text(1, 'unit'));
    const format = optional(args, 2, 'format');
    return format === undefined ? result : formatted(result, format.slice(0, maxPattern), args.text(5, 'locale', 'en'));
  },
  timestamp: timestamp(1),
  timestampMilli: timestamp(1_000),
  timestampMicro: timestamp(1_000_000),
  timestampNano: timestamp(1_000_000_000),
};
