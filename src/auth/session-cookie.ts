import { randomBytes, timingSafeEqual } from 'node:crypto';
import { keyedHash } from '../lib/keyed-hash.ts';
import type { Keys } from './keys.ts';

const idBytes = 32;
const checksumBytes = 13;
/** Both parts as base64url, without unused bits, so that a cookie has one spelling only. */
const pattern = /^[\w-]{60}$/;

const checksum = ({ session }: Keys, id: Buffer): Buffer =>
  Buffer.from(keyedHash(session, 'checksum', id.toString('hex')), 'hex').subarray(0, checksumBytes);

/** Returns the value of a new cookie: 256 random bits, and a checksum that only this store's gateways can compute. */
export function newSessionCookie(keys: Keys): string {
  const id = randomBytes(idBytes);
  return Buffer.concat([id, checksum(keys, id)]).toString('base64url');
}

/**
 * Returns the hash of a cookie, which is stored in its place. Undefined for a cookie that no gateway of this store can
 * have created: a forged one costs no query.
 */
export function sessionHash(keys: Keys, cookie: string): string | undefined {
  if (!pattern.test(cookie)) return undefined;
  const bytes = Buffer.from(cookie, 'base64url');
  const id = bytes.subarray(0, idBytes);
  if (!timingSafeEqual(checksum(keys, id), bytes.subarray(idBytes))) return undefined;
  return keyedHash(keys.session, 'id', cookie);
}
