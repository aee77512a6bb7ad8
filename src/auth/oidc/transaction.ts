import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { open, seal } from '../../lib/envelope.ts';
import { keyedHash } from '../../lib/keyed-hash.ts';
import type { Keys } from '../keys.ts';

/** Time from the begin of a sign-in to its callback. */
export const transactionMs = 10 * 60_000;

const transaction = z.strictObject({
  /** Name of the provider. */
  provider: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  /** Path to go to after the sign-in. */
  next: z.string(),
  begunAt: z.number(),
});
/** A sign-in that began at the gateway and ends with the callback of the provider. */
export type Transaction = z.infer<typeof transaction>;

const binding = ['sign-in'];

/**
 * Encrypts a transaction for a cookie. The browser keeps it, so that a sign-in needs no row before the provider has
 * vouched for a person, and works on each gateway and after a restart.
 */
export const sealTransaction = ({ signIn }: Keys, content: Transaction): string =>
  Buffer.from(seal(signIn, Buffer.from(JSON.stringify(content)), binding), 'base64').toString('base64url');

/** Opens the cookie. Undefined if a gateway with this master key did not seal it. */
export function openTransaction({ signIn }: Keys, cookie: string): Transaction | undefined {
  try {
    const plain = open(signIn, Buffer.from(cookie, 'base64url').toString('base64'), binding).toString();
    return transaction.safeParse(JSON.parse(plain)).data;
  } catch {
    return undefined;
  }
}

/** ID of the row that marks the transaction as used. */
export const usedTransaction = ({ signIn }: Keys, { state }: Transaction): string =>
  keyedHash(signIn, 'transaction', state);

/** Compares in constant time. */
export const isState = ({ state }: Transaction, given: string | null): boolean =>
  given !== null &&
  Buffer.byteLength(given) === Buffer.byteLength(state) &&
  timingSafeEqual(Buffer.from(given), Buffer.from(state));
