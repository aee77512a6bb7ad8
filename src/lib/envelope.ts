import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Context of an encrypted text. It can only be decrypted with the same context. */
export type Binding = readonly string[];

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** Each part includes its length, so that parts cannot be shifted into each other. */
const additional = (binding: Binding): Buffer =>
  Buffer.from(binding.map((part) => `${Buffer.byteLength(part)}:${part}`).join(','));

/** Encrypts and authenticates (AES-256-GCM, a random nonce each). @returns base64. */
export function seal(key: Buffer, plain: Buffer, binding: Binding): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce);
  cipher.setAAD(additional(binding));
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64');
}

/** @throws if the text was changed, encrypted with another key, or bound to another context. */
export function open(key: Buffer, sealed: string, binding: Binding): Buffer {
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes));
  decipher.setAAD(additional(binding));
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
}

/** Decrypts with the key that encrypted it: the current one, or a former one. @throws if none of them did. */
export function openWithAny(keys: readonly Buffer[], sealed: string, binding: Binding): Buffer {
  for (const key of keys) {
    try {
      return open(key, sealed, binding);
    } catch {
      // Another key.
    }
  }
  throw new Error('The text is encrypted with another master key.');
}
