import { storable } from './text.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** True for an object with named members: neither null nor a list. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns JSON with sorted keys and without undefined: the same text for the same content, wherever it was stored. */
export function canonicalJson(value: unknown): string {
  if (value instanceof Date) return JSON.stringify(value.toISOString());
  if (typeof value === 'bigint') return JSON.stringify(value.toString());
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, member]) => member !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/** Converts a value to plain JSON: dates as text, no undefined. */
export const toJson = (value: unknown): Json => JSON.parse(canonicalJson(value)) as Json;

/** Makes every text of a value storable (see `storable`), including member names. No member is lost. */
export function storableJson(value: unknown): unknown {
  if (typeof value === 'string') return storable(value);
  if (Array.isArray(value)) return value.map(storableJson);
  if (typeof value !== 'object' || value === null) return value;
  const own: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    let name = storable(key);
    while (name !== key && (Object.hasOwn(own, name) || Object.hasOwn(value, name))) name += '\ufffd';
    Object.defineProperty(own, name, {
      value: storableJson(member),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return own;
}

/** Returns the path of a number that may have been rounded when it was parsed, or undefined. */
export function inexactNumber(value: unknown, path: readonly string[] = []): { path: readonly string[] } | undefined {
  if (typeof value === 'number') return Math.abs(value) > Number.MAX_SAFE_INTEGER ? { path } : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, member] of Object.entries(value)) {
    if (typeof member !== 'number' && (typeof member !== 'object' || member === null)) continue;
    const found = inexactNumber(member, [...path, key]);
    if (found) return found;
  }
  return undefined;
}
