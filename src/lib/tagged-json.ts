import type { Json } from './json.ts';

/**
 * Converts a value to JSON with tags for types that JSON lacks: instants, big integers, sets. `untag` reverts `tag`.
 */
export function tag(value: unknown): Json {
  if (value instanceof Date) return { $date: value.toISOString() };
  if (typeof value === 'bigint') return { $bigint: value.toString() };
  if (value instanceof Set) return { $set: [...value].map(tag) };
  if (Array.isArray(value)) return value.map(tag);
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, member]) => member !== undefined);
    return Object.fromEntries(entries.map(([key, member]) => [key, tag(member)]));
  }
  return (value ?? null) as Json;
}

export function untag(json: Json): unknown {
  if (Array.isArray(json)) return json.map(untag);
  if (typeof json !== 'object' || json === null) return json;
  if (typeof json['$date'] === 'string') return new Date(json['$date']);
  if (typeof json['$bigint'] === 'string') return BigInt(json['$bigint']);
  if (Array.isArray(json['$set'])) return new Set(json['$set'].map(untag));
  return Object.fromEntries(Object.entries(json).map(([key, member]) => [key, untag(member)]));
}
