import { createHmac } from 'node:crypto';

/**
 * Computes HMAC-SHA256 over a list of texts, in hex. It includes lengths, so that different lists have different input.
 */
export function keyedHash(key: Buffer, ...parts: string[]): string {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:`).update(part);
  return hmac.digest('hex');
}
