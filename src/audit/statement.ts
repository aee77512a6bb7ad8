import canonicalize from 'canonicalize';
import { isSignedBy, type SigningKey, signText, type VerifyingKey } from '../lib/signing.ts';

/**
 * A gateway's statement about a chain. A checkpoint: event `seq` had this hash at that time. A tombstone: the events up
 * to and including `seq`, which had this hash, were pruned by the gateway's retention.
 */
export interface Statement {
  readonly kind: 'checkpoint' | 'tombstone';
  /** The chain: a tenant's id, or '' for the instance. */
  readonly tenantId: string;
  readonly seq: bigint;
  readonly hash: string;
  /** Time of the statement, in ISO 8601. */
  readonly at: string;
}
export interface SignedStatement extends Statement {
  readonly keyId: string;
  /** Ed25519 over the statement's canonical JSON, as base64url. */
  readonly signature: string;
}

const textOf = ({ kind, tenantId, seq, hash, at, keyId }: Omit<SignedStatement, 'signature'>): string =>
  canonicalize({ kind, tenantId, seq: seq.toString(), hash, at, keyId })!;

export function signStatement(key: SigningKey, statement: Statement): SignedStatement {
  const named = { ...statement, keyId: key.id };
  return { ...named, signature: signText(key, textOf(named)) };
}

/** Returns why the statement is not valid, or undefined if it is. */
export function faultOf(statement: SignedStatement, keys: readonly VerifyingKey[]): string | undefined {
  const key = keys.find(({ id }) => id === statement.keyId);
  if (!key) return `signed with an unknown key (${statement.keyId})`;
  return isSignedBy(key, textOf(statement), statement.signature) ? undefined : 'its signature is invalid';
}
