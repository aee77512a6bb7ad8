import { createHmac } from 'node:crypto';

/** HMAC-SHA256 over a list of texts, in hex. Lengths go first, so that no two lists read the same. */
export function keyedHash(key: Buffer, ...parts: string[]): string {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:`).update(part);
  return hmac.digest('hex');
}
