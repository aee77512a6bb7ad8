import { randomBytes, timingSafeEqual } from 'node:crypto';
import { keyedHash } from '../lib/keyed-hash.ts';
import type { Keys } from './keys.ts';

/** 264 random bits, which fill 44 characters of base64url. */
const idBytes = 33;
const idLength = 44;
const checksumLength = 16;
const pattern = /^[\w-]{44}[0-9a-f]{16}$/;

const hashOf = ({ session }: Keys, id: string): string => keyedHash(session, id);
/** The beginning of the hash. Only a holder of the key can compute it, and it does not help to find the ID. */
const checksumOf = (hash: string): string => hash.slice(0, checksumLength);

/** Returns the value of a new cookie: a random ID, and a checksum that only this store's gateways can compute. */
export function newSessionCookie(keys: Keys): string {
  const id = randomBytes(idBytes).toString('base64url');
  return id + checksumOf(hashOf(keys, id));
}

/**
 * Returns the hash of a cookie, which is stored in its place. Undefined for a cookie that no gateway of this store can
 * have created: a forged one costs no query.
 */
export function sessionHash(keys: Keys, cookie: string): string | undefined {
  if (!pattern.test(cookie)) return undefined;
  const hash = hashOf(keys, cookie.slice(0, idLength));
  const isRight = timingSafeEqual(Buffer.from(checksumOf(hash)), Buffer.from(cookie.slice(idLength)));
  return isRight ? hash : undefined;
}
