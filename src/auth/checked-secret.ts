import { randomBytes, timingSafeEqual } from 'node:crypto';
import { keyedHash } from '../lib/keyed-hash.ts';

/** 264 random bits, which fill 44 characters of base64url. */
const idBytes = 33;
const idLength = 44;
const checksumLength = 16;
const pattern = /^[\w-]{44}[0-9a-f]{16}$/;

/** The beginning of the hash. Only a holder of the key can compute it, and it does not help to find the ID. */
const checksumOf = (hash: string): string => hash.slice(0, checksumLength);

/** Returns a random ID with a checksum that only a holder of the key can compute. */
export function newCheckedSecret(key: Buffer): string {
  const id = randomBytes(idBytes).toString('base64url');
  return id + checksumOf(keyedHash(key, id));
}

/**
 * Returns the hash of a secret, which is stored in its place. Undefined for a text that no gateway with this key can
 * have created: a forged one costs no query.
 */
export function checkedHash(key: Buffer, secret: string): string | undefined {
  if (!pattern.test(secret)) return undefined;
  const hash = keyedHash(key, secret.slice(0, idLength));
  const isRight = timingSafeEqual(Buffer.from(checksumOf(hash)), Buffer.from(secret.slice(idLength)));
  return isRight ? hash : undefined;
}
