import { randomUUID } from 'node:crypto';

/** Creates a UUID of version 7 (RFC 9562), which sorts by its creation time. */
export function newId(now = Date.now()): string {
  const time = now.toString(16).padStart(12, '0');
  // The part of a random UUID after its version: 74 random bits and the variant.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
