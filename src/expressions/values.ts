import type { Budget } from './budget.ts';
import { Moment } from './dates.ts';
import { Fault, Undefined } from './fault.ts';

/** A value of an expression: JSON, or a moment. Maps have no prototype, or are plain objects of the caller. */
export type Value = null | boolean | number | string | Moment | readonly Value[] | { readonly [key: string]: Value };
export type MapValue = { readonly [key: string]: Value };

export const isMap = (value: unknown): value is MapValue =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Moment);
export const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

/** A map without a prototype. No key has a meaning of its own in it. */
export function mapOf(entries: Iterable<readonly [string, Value]>): MapValue {
  const map: Record<string, Value> = Object.create(null);
  for (const [key, value] of entries) map[key] = value;
  return map;
}

/** A JSON value of the caller. Anything else in it, such as a function, does not exist for expressions. */
export function given(value: unknown): Value {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
    return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return new Moment(value.getTime());
  if (Array.isArray(value) || value instanceof Moment) return value as Value;
  if (typeof value === 'object') {
    const prototype = Object.getPrototypeOf(value);
    if (prototype === null || Object.getPrototypeOf(prototype) === null) return value as Value;
  }
  throw new Undefined('The value is of a kind that expressions cannot read.');
}

/** An own property of a map, or an item of a list. */
export function member(of: Value, key: Value): Value {
  if (isList(of)) {
    const index = Number(key);
    if (!Number.isInteger(index)) throw new Undefined(`A list has no attribute ${JSON.stringify(key)}.`);
    if (index < 0 || index >= of.length) throw new Undefined(`The list has no item ${index}: it has ${of.length}.`);
    return given(of[index]);
  }
  const name = typeof key === 'string' ? key : String(key);
  if (of === null) throw new Undefined(`The attribute ${JSON.stringify(name)} of null does not exist.`);
  if (!isMap(of)) throw new Undefined(`A ${kindOf(of)} has no attribute ${JSON.stringify(name)}.`);
  if (!Object.hasOwn(of, name)) throw new Undefined(`The attribute ${JSON.stringify(name)} does not exist.`);
  return given(of[name]);
}

export function kindOf(value: Value): string {
  if (value === null) return 'null';
  if (isList(value)) return 'list';
  if (value instanceof Moment) return 'date';
  return typeof value === 'object' ? 'map' : typeof value === 'string' ? 'text' : typeof value;
}

export function isTrue(value: Value): boolean {
  if (typeof value === 'string') return value !== '' && value !== 'false';
  if (isList(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  return value !== null && value !== false && value !== 0;
}

/** The text that an expression prints: JSON for lists and maps, nothing for null. */
export function textOf(value: Value, budget: Budget): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (value instanceof Moment) return value.toString();
  return typeof value === 'object' ? jsonOf(value, budget) : String(value);
}

/** JSON of a value, with each item counted: a small expression can create a value that is large when it is written. */
export function jsonOf(value: Value, budget: Budget, indent = ''): string {
  const parts: string[] = [];
  const add = (part: string) => {
    budget.create(part.length);
    parts.push(part);
  };
  const write = (one: Value, depth: number): void => {
    budget.nest(depth);
    const line = indent === '' ? '' : `\n${indent.repeat(depth + 1)}`;
    const close = indent === '' ? '' : `\n${indent.repeat(depth)}`;
    if (one instanceof Moment) add(JSON.stringify(one.toString()));
    else if (isList(one)) {
      add('[');
      for (const [i, item] of one.entries()) {
        add(`${i > 0 ? ',' : ''}${line}`);
        write(given(item), depth + 1);
      }
      add(one.length > 0 ? `${close}]` : ']');
    } else if (isMap(one)) {
      add('{');
      const keys = Object.keys(one);
      for (const [i, key] of keys.entries()) {
        add(`${i > 0 ? ',' : ''}${line}${JSON.stringify(key)}:${indent === '' ? '' : ' '}`);
        write(given(one[key]), depth + 1);
      }
      add(keys.length > 0 ? `${close}}` : '}');
    } else add(JSON.stringify(one));
  };
  write(value, 0);
  return parts.join('');
}

export function areEqual(a: Value, b: Value, budget: Budget, depth = 0): boolean {
  budget.step();
  budget.nest(depth);
  if (a instanceof Moment || b instanceof Moment)
    return a instanceof Moment && b instanceof Moment && a.milliseconds === b.milliseconds;
  if (isList(a))
    return (
      isList(b) && a.length === b.length && a.every((one, i) => areEqual(given(one), given(b[i]), budget, depth + 1))
    );
  if (isMap(a)) {
    if (!isMap(b)) return false;
    const keys = Object.keys(a);
    if (keys.length !== Object.keys(b).length) return false;
    return keys.every((key) => Object.hasOwn(b, key) && areEqual(given(a[key]), given(b[key]), budget, depth + 1));
  }
  return a === b;
}

export function numberOf(value: Value, what: string): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  throw new Fault(`${what} requires a number, but got ${value === null ? 'null' : `a ${kindOf(value)}`}.`);
}

/** Less than 0, 0 or more than 0. */
export function compare(a: Value, b: Value, what: string): number {
  if (a instanceof Moment && b instanceof Moment) return a.milliseconds - b.milliseconds;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return numberOf(a, what) - numberOf(b, what);
}
