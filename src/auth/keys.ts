import { hkdfSync } from 'node:crypto';
import { type SigningKey, signingKey } from '../lib/signing.ts';

/** Keys for separate uses, derived from one root secret. No key reveals another. */
export interface Keys {
  /** Hashes API tokens at rest. */
  readonly pepper: Buffer;
  /** Hashes and checks the cookies of sessions. */
  readonly session: Buffer;
  /** Encrypts sign-ins at providers and their ID tokens. */
  readonly signIn: Buffer;
  /** Hash and check the tokens of links: the current key, then former ones, whose links stay valid. */
  readonly link: readonly Buffer[];
  /** Encrypt mails that wait to be sent: the current key, then former ones, which only decrypt. */
  readonly mail: readonly Buffer[];
  /** Encrypt the secrets of second factors: the current key, then former ones, which only decrypt. */
  readonly secondFactor: readonly Buffer[];
  /** Signs cursors. */
  readonly cursor: Buffer;
  /** Derives the keys of the sign-in cache. */
  readonly cache: Buffer;
  /** Hash requests and encrypt responses with an idempotencyKey: the current key first. */
  readonly idempotency: readonly Buffer[];
  /** Wrap the keys of secrets: the current key, then former ones, which only unwrap. */
  readonly wrapping: readonly WrappingKey[];
  /** Sign checkpoints of the audit log: the current key, then former ones, which only verify. */
  readonly signing: readonly [SigningKey, ...SigningKey[]];
}

export interface WrappingKey {
  /** Identifies the key without revealing it. */
  readonly id: string;
  readonly key: Buffer;
}

const derived = (master: string, label: string): Buffer =>
  Buffer.from(hkdfSync('sha256', master, 'gatehouse', label, 32));

/** @param former former master keys, with which secrets may still be encrypted. */
export function deriveKeys(master: string, former: readonly string[] = []): Keys {
  const wrapping = [master, ...former].map((one) => ({
    id: derived(one, 'secrets-id').toString('hex').slice(0, 16),
    key: derived(one, 'secrets'),
  }));
  return {
    pepper: derived(master, 'api-token'),
    session: derived(master, 'session'),
    signIn: derived(master, 'sign-in'),
    link: [master, ...former].map((one) => derived(one, 'link')),
    mail: [master, ...former].map((one) => derived(one, 'mail')),
    secondFactor: [master, ...former].map((one) => derived(one, 'second-factor')),
    cursor: derived(master, 'cursor'),
    cache: derived(master, 'sign-in-cache'),
    idempotency: [master, ...former].map((one) => derived(one, 'idempotency')),
    wrapping,
    signing: [
      signingKey(derived(master, 'audit-signing')),
      ...former.map((one) => signingKey(derived(one, 'audit-signing'))),
    ],
  };
}
