// The hashes and signatures of an audit chain, by the browser itself. They are those of `gatehouse audit verify`.

/** A signed statement about a chain: a checkpoint, or the tombstone of pruned events. */
export interface Statement {
  readonly kind: 'checkpoint' | 'tombstone';
  /** ID of the tenant; '' for the instance. */
  readonly tenantId: string;
  readonly seq: string;
  readonly hash: string;
  readonly at: string;
  readonly keyId: string;
  readonly signature: string;
}

export interface VerifyingKey {
  readonly id: string;
  readonly key: CryptoKey;
}

const encoder = new TextEncoder();
const hex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');

export const sha256 = async (text: string): Promise<string> =>
  hex(await crypto.subtle.digest('SHA-256', encoder.encode(text)));

/** Hash that links an event to the one before it. */
export const chainHash = (previous: string, seq: number, digest: string): Promise<string> =>
  sha256(`${previous}:${seq}:${digest}`);

/** Previous hash of the first event of a chain. */
export const chainStart = '0'.repeat(64);

const bytesOf = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));

/** @throws if the text is not the PEM of an Ed25519 public key. */
export async function keyOf(pem: string): Promise<VerifyingKey> {
  const [, body] = /-----BEGIN PUBLIC KEY-----([\s\S]+?)-----END PUBLIC KEY-----/.exec(pem) ?? [];
  if (body === undefined) throw new Error('This is not a public key. It starts with -----BEGIN PUBLIC KEY-----.');
  const der = bytesOf(body.replaceAll(/\s/g, ''));
  const key = await crypto.subtle.importKey('spki', der, 'Ed25519', false, ['verify']);
  return { id: hex(await crypto.subtle.digest('SHA-256', der)).slice(0, 16), key };
}

/** Parses a statement. @throws if it is none. */
export function statementOf(value: unknown): Statement {
  const { kind, tenantId, seq, hash, at, keyId, signature } = (value ?? {}) as Record<string, unknown>;
  const texts = [tenantId, hash, at, keyId, signature];
  if (
    (kind !== 'checkpoint' && kind !== 'tombstone') ||
    !/^\d{1,16}$/.test(String(seq)) ||
    texts.some((text) => typeof text !== 'string')
  )
    throw new Error('This is not a signed statement.');
  return { kind, tenantId, seq: String(seq), hash, at, keyId, signature } as Statement;
}

/** The checkpoints of a text with one on each line. @throws if a line is none. */
export const checkpointsOf = (text: string): Statement[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const value = JSON.parse(line) as { checkpoint?: unknown };
      return statementOf(value.checkpoint ?? value);
    });

/** Returns why the statement is not valid, or undefined if it is. */
export async function faultOf(statement: Statement, keys: readonly VerifyingKey[]): Promise<string | undefined> {
  const key = keys.find(({ id }) => id === statement.keyId);
  if (!key) return `it is signed with a key that is not trusted here (${statement.keyId})`;
  const { at, hash, keyId, kind, seq, tenantId } = statement;
  // Canonical JSON (RFC 8785): the names in order. All values are texts.
  const text = JSON.stringify({ at, hash, keyId, kind, seq, tenantId });
  try {
    const isValid = await crypto.subtle.verify('Ed25519', key.key, bytesOf(statement.signature), encoder.encode(text));
    return isValid ? undefined : 'its signature is invalid';
  } catch {
    return 'its signature is invalid';
  }
}
