import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose';
import { unavailable } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import { limitedFetch } from '../oidc/limited-fetch.ts';
import { algorithms, skewSeconds } from './jwt.ts';

/** The address of the keys is read again after this time, and after a failure. */
const metadataMs = 10 * 60_000;
const failureMs = 2_000;
/** A withdrawn key counts no longer than this. An unknown key is looked up at most once in `keyCooldownMs`. */
const keysMs = 5 * 60_000;
const keyCooldownMs = 5_000;

type Keys = ReturnType<typeof createRemoteJWKSet>;

/** The public keys of one issuer. Requests for them are shared, and do not delay those of other issuers. */
export class IssuerKeys {
  readonly #issuer: string;
  readonly #timeoutMs: number;
  #keys: { readonly until: number; readonly value: Promise<Keys> } | undefined;

  constructor(issuer: string, timeoutMs: number) {
    this.#issuer = issuer;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Verifies signature, issuer, audience and times.
   * @returns false for an invalid token. @throws UNAVAILABLE if the keys cannot be read.
   */
  async verifies(token: string, audience: string): Promise<boolean> {
    const keys = await this.#ready();
    try {
      await jwtVerify(token, keys, { issuer: this.#issuer, audience, algorithms, clockTolerance: skewSeconds });
      return true;
    } catch (error) {
      const isJose = error instanceof errors.JOSEError;
      if (!isJose || error instanceof errors.JWKSTimeout || error.code === 'ERR_JOSE_GENERIC') throw this.#fault();
      return false;
    }
  }

  #fault() {
    return unavailable(`The keys of the issuer ${this.#issuer} cannot be read. Try again.`);
  }

  async #ready(): Promise<Keys> {
    const now = Date.now();
    if (!this.#keys || this.#keys.until <= now) {
      const before = this.#keys?.value;
      const value: Promise<Keys> = this.#discover().catch(async () => {
        this.#keys = { until: Date.now() + failureMs, value };
        const known = await before?.catch(() => undefined);
        if (known) return known;
        throw this.#fault();
      });
      this.#keys = { until: now + metadataMs, value };
    }
    return this.#keys.value;
  }

  async #discover(): Promise<Keys> {
    const url = `${this.#issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const response = await limitedFetch(url, { signal: AbortSignal.timeout(this.#timeoutMs) });
    const metadata: unknown = await response.json();
    if (!response.ok || !isObject(metadata) || metadata['issuer'] !== this.#issuer) throw this.#fault();
    return createRemoteJWKSet(new URL(String(metadata['jwks_uri'])), {
      cacheMaxAge: keysMs,
      cooldownDuration: keyCooldownMs,
      timeoutDuration: this.#timeoutMs,
      [customFetch]: (target, init) => limitedFetch(target, init as RequestInit),
    });
  }
}
