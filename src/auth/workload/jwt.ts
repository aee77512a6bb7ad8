import { decodeJwt, decodeProtectedHeader } from 'jose';

/** Signatures with a public key. HMAC and `none` prove nothing. */
export const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
/** Max difference between the clocks of the issuer and the gateway. */
export const skewSeconds = 60;
/** Max time between the creation and the expiry of a token. */
export const maxLifetimeSeconds = 86_400;

const maxLength = 8_192;
const types = /^(?:application\/)?(?:at\+)?jwt$/i;

/** What an unverified token claims. */
export interface Claimed {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly subject: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** True for the form of a JWT. An API token has none of these dots. */
export const isJwt = (text: string): boolean =>
  text.length <= maxLength && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text) && !text.startsWith('gth_');

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= 1_000 && value.isWellFormed();

/** Reads what a token claims, without a look-up. Undefined if it can never be valid. */
export function claimed(token: string, now: Date): Claimed | undefined {
  try {
    const { alg, typ, crit } = decodeProtectedHeader(token);
    if (alg === undefined || !algorithms.includes(alg) || crit !== undefined) return undefined;
    if (typ !== undefined && !types.test(typ)) return undefined;
    const { iss, aud, sub, iat, exp, nbf } = decodeJwt(token);
    const audiences = typeof aud === 'string' ? [aud] : aud;
    if (!isText(iss) || !isText(sub) || !Array.isArray(audiences) || audiences.length > 20) return undefined;
    if (!audiences.every(isText) || !Number.isFinite(iat) || !Number.isFinite(exp)) return undefined;
    const seconds = now.getTime() / 1_000;
    if (exp! <= seconds - skewSeconds || iat! > seconds + skewSeconds || exp! - iat! > maxLifetimeSeconds)
      return undefined;
    if (nbf !== undefined && !(nbf <= seconds + skewSeconds)) return undefined;
    const [issuedAt, expiresAt] = [new Date(iat! * 1_000), new Date(exp! * 1_000)];
    return { issuer: iss, audiences, subject: sub, issuedAt, expiresAt };
  } catch {
    return undefined;
  }
}
