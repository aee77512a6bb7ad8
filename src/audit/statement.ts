import { canonicalJson } from '../lib/json.ts';
import { isSignedBy, type SigningKey, signText, type VerifyingKey } from '../lib/signing.ts';

/**
 * What a gateway says of a chain, signed. A checkpoint: its event `seq` had this hash at that instant. A tombstone: the
 * events up to and including `seq`, whose hash was this, were pruned by the gateway's own retention.
 */
export interface Statement {
  readonly kind: 'checkpoint' | 'tombstone';
  /** The chain: a tenant's id, or '' for the instance. */
  readonly tenantId: string;
  readonly seq: bigint;
  readonly hash: string;
  /** When it was said, in ISO 8601. */
  readonly at: string;
}
export interface SignedStatement extends Statement {
  readonly keyId: string;
  /** Ed25519 over the statement's canonical JSON, as base64url. */
  readonly signature: string;
}

const textOf = ({ kind, tenantId, seq, hash, at, keyId }: Omit<SignedStatement, 'signature'>): string =>
  canonicalJson({ kind, tenantId, seq, hash, at, keyId });

export function signStatement(key: SigningKey, statement: Statement): SignedStatement {
  const named = { ...statement, keyId: key.id };
  return { ...named, signature: signText(key, textOf(named)) };
}

/** Why it is not believed; undefined where it is. */
export function faultOf(statement: SignedStatement, keys: readonly VerifyingKey[]): string | undefined {
  const key = keys.find(({ id }) => id === statement.keyId);
  if (!key) return `signed by a key that is not known (${statement.keyId})`;
  return isSignedBy(key, textOf(statement), statement.signature) ? undefined : 'its signature is wrong';
}
