import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** An Ed25519 key that signs. */
export interface SigningKey extends VerifyingKey {
  readonly privateKey: KeyObject;
}
/** The public part of a key, which verifies signatures. */
export interface VerifyingKey {
  /** Identifies the key: the start of the public key's hash. */
  readonly id: string;
  readonly publicKey: KeyObject;
}

/** Bytes before the 32 bytes of an Ed25519 seed in PKCS #8 (RFC 8410). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');

const withId = (publicKey: KeyObject): VerifyingKey => {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { id: createHash('sha256').update(der).digest('hex').slice(0, 16), publicKey };
};

/** @param seed 32 bytes. */
export function signingKey(seed: Buffer): SigningKey {
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' });
  return { ...withId(createPublicKey(privateKey)), privateKey };
}

/** The public key as PEM. */
export const pemOf = ({ publicKey }: VerifyingKey): string =>
  publicKey.export({ type: 'spki', format: 'pem' }).toString();

/** @throws if the text does not contain an Ed25519 public key. */
export function verifyingKey(pem: string): VerifyingKey {
  const publicKey = createPublicKey(pem);
  if (publicKey.asymmetricKeyType !== 'ed25519') throw new Error('The key is not an Ed25519 key.');
  return withId(publicKey);
}

/** @returns the signature as base64url. */
export const signText = ({ privateKey }: SigningKey, text: string): string =>
  sign(null, Buffer.from(text), privateKey).toString('base64url');

export const isSignedBy = ({ publicKey }: VerifyingKey, text: string, signature: string): boolean =>
  verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64url'));
