import { randomUUID } from 'node:crypto';

/** A UUID of version 7 (RFC 9562): sorts by the time of its making. */
export function newId(now = Date.now()): string {
  const time = now.toString(16).padStart(12, '0');
  // Of a random UUID everything behind its version: 74 random bits and the variant.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
