import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** RFC 6238 with the parameters that every app knows: SHA-1, six digits, 30 seconds. */
const stepMs = 30_000;
const digits = 6;
/** Intervals before and after the present one whose codes are valid, for clocks that differ and people who type. */
const tolerance = 1;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Encodes bytes in Base32 (RFC 4648), without padding. */
export function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((part) => alphabet[Number.parseInt(part.padEnd(5, '0'), 2)]).join('');
}

/** 160 bits, as RFC 4226 recommends. */
export const newTotpSecret = (): Buffer => randomBytes(20);

export const stepAt = (now: Date): number => Math.floor(now.getTime() / stepMs);

/** Returns the code of an interval. */
export function totpCode(secret: Buffer, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const number = mac.readUInt32BE(mac[19]! & 0xf) & 0x7fff_ffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

/** Returns the interval whose code this is. Undefined for a wrong code. Takes the same time for all codes. */
export function stepOf(secret: Buffer, code: string, now: Date): number | undefined {
  const given = Buffer.from(code.padEnd(digits).slice(0, digits));
  const present = stepAt(now);
  let found: number | undefined;
  for (let step = present - tolerance; step <= present + tolerance; step += 1)
    if (given.length === digits && timingSafeEqual(Buffer.from(totpCode(secret, step)), given)) found = step;
  return code.length === digits ? found : undefined;
}

/** Returns the URI that apps read as a QR code. */
export const totpUri = (secret: Buffer, account: string): string =>
  `otpauth://totp/Gatehouse:${encodeURIComponent(account)}?secret=${base32(secret)}&issuer=Gatehouse`;

const recoveryCount = 10;
/** Returns codes of 80 random bits, for a person who has lost the app. */
export const newRecoveryCodes = (): string[] =>
  Array.from({ length: recoveryCount }, () => base32(randomBytes(10)).replace(/(.{4})(?=.)/g, '$1-'));

const plain = (code: string): string => code.toUpperCase().replaceAll(/[\s-]/g, '');
export const isRecoveryCode = (code: string): boolean => /^[A-Z2-7]{16}$/.test(plain(code));

/** Hash of a recovery code, which is stored in its place. It is random enough to need no key, and survives a lost one. */
export const recoveryHash = (userId: string, code: string): string => hash('sha256', `${userId}:${plain(code)}`);
