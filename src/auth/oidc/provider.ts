import { createRemoteJWKSet, customFetch, errors, type JWTPayload, jwtVerify } from 'jose';
import * as client from 'openid-client';
import type { ProviderSettings } from '../../config.ts';
import { SignInFault } from './fault.ts';
import type { Claims } from './groups.ts';
import { limitedFetch } from './limited-fetch.ts';
import { InvalidLogoutToken, type LogoutToken, logoutTokenOf } from './logout-token.ts';
import { providerFault } from './provider-fault.ts';
import type { Transaction } from './transaction.ts';

/** Max difference between the clocks of the provider and the gateway. */
const skewSeconds = 60;
/** Max age of an ID token or a logout token. */
const maxAgeSeconds = 600;
/** Metadata is read again after this time, and after a failure. */
const metadataMs = 10 * 60_000;
const failureMs = 2_000;
/** A withdrawn key counts no longer than this. An unknown key is looked up at most once in `keyCooldownMs`. */
const keysMs = 5 * 60_000;
const keyCooldownMs = 5_000;

/** A person whom the provider has vouched for. */
export interface Proved {
  readonly issuer: string;
  readonly subject: string;
  readonly claims: Claims;
  /** The provider's own session. */
  readonly sid: string | null;
  readonly idToken: string;
  /** Null if the provider gave none. */
  readonly refreshToken: string | null;
}

interface Metadata {
  readonly configuration: client.Configuration;
  readonly keys: ReturnType<typeof createRemoteJWKSet>;
  readonly algorithms: string[];
}

/** True for a text that a provider can use as an ID: 1 to 255 characters. */
const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.isWellFormed() && /^[^\0]{1,255}$/u.test(value);

/** An OpenID provider: the code flow with PKCE, and what it says about its sessions. */
export class Provider {
  readonly settings: ProviderSettings;
  readonly #timeoutMs: number;
  #metadata: { readonly until: number; readonly value: Promise<Metadata> } | undefined;

  constructor(settings: ProviderSettings, timeoutMs: number) {
    this.settings = settings;
    this.#timeoutMs = timeoutMs;
  }

  /** Returns the URL at the provider where the sign-in goes on. @throws {SignInFault} */
  async authorizationUrl(redirectUri: string, { state, nonce, verifier }: Transaction): Promise<URL> {
    const { configuration } = await this.#ready();
    return client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: this.settings.scopes.join(' '),
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
  }

  /**
   * Exchanges the code of a callback, and verifies what the provider says about the person.
   * @param query the query of the callback. @throws {SignInFault}
   */
  async exchange(redirectUri: string, query: string, { state, nonce, verifier }: Transaction): Promise<Proved> {
    const { configuration, keys, algorithms } = await this.#ready();
    const issuer = new URLSearchParams(query).get('iss');
    // RFC 9207: another provider must not redirect its response to the callback of this one.
    if (issuer !== null && issuer !== this.settings.issuer)
      throw new SignInFault('WRONG_ISSUER', this.settings, { expected: this.settings.issuer, received: issuer });
    try {
      const tokens = await client.authorizationCodeGrant(configuration, new URL(`${redirectUri}?${query}`), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const idToken = tokens.id_token!;
      // The library trusts the connection. The signature also holds if the connection does not.
      const { payload } = await jwtVerify(idToken, keys, this.#rules(algorithms));
      const { sub: subject = '', sid } = payload;
      if (!isName(subject)) throw new SignInFault('INVALID_TOKEN', this.settings, { error: 'no valid sub' });
      return {
        issuer: this.settings.issuer,
        subject,
        claims: { ...(await this.#userInfo(configuration, tokens.access_token, subject)), ...payload },
        sid: isName(sid) ? sid : null,
        idToken,
        refreshToken: tokens.refresh_token ?? null,
      };
    } catch (error) {
      throw providerFault(error, this.settings);
    }
  }

  /**
   * Asks again about a person whose session goes on.
   * @returns their claims, and the next refresh token if the present one does not work again. @throws {SignInFault}
   */
  async refresh(refreshToken: string, subject: string): Promise<{ claims: Claims; refreshToken: string | undefined }> {
    const { configuration, keys, algorithms } = await this.#ready();
    try {
      const tokens = await client.refreshTokenGrant(configuration, refreshToken);
      const { id_token: idToken } = tokens;
      const own = idToken === undefined ? {} : (await jwtVerify(idToken, keys, this.#rules(algorithms))).payload;
      if (idToken !== undefined && own.sub !== subject)
        throw new SignInFault('INVALID_TOKEN', this.settings, { error: 'the token of another person' });
      const info = await this.#userInfo(configuration, tokens.access_token, subject);
      return { claims: { ...info, ...own }, refreshToken: tokens.refresh_token };
    } catch (error) {
      throw providerFault(error, this.settings);
    }
  }

  /** Verifies a logout token. @throws {InvalidLogoutToken}, or {SignInFault} if the keys of the provider are unknown. */
  async logoutToken(token: string): Promise<LogoutToken> {
    const { keys, algorithms } = await this.#ready();
    let payload: JWTPayload;
    try {
      const verified = await jwtVerify(token, keys, this.#rules(algorithms));
      const { typ } = verified.protectedHeader;
      if (typ !== undefined && !/^(application\/)?(logout\+jwt|jwt)$/i.test(typ))
        throw new InvalidLogoutToken('The type of the token is not logout+jwt.');
      payload = verified.payload;
    } catch (error) {
      if (error instanceof InvalidLogoutToken) throw error;
      if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError))
        throw new SignInFault('PROVIDER_UNAVAILABLE', this.settings);
      throw new InvalidLogoutToken(`The logout token is invalid: ${error.message}.`);
    }
    return logoutTokenOf(payload);
  }

  /** Returns the URL that ends the session at the provider. Undefined if it has none, or does not respond. */
  async endSessionUrl(returnTo: string, idToken: string | undefined): Promise<URL | undefined> {
    try {
      const { configuration } = await this.#ready();
      if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
      return client.buildEndSessionUrl(configuration, {
        post_logout_redirect_uri: returnTo,
        ...(idToken !== undefined && { id_token_hint: idToken }),
      });
    } catch {
      return undefined;
    }
  }

  /** Also refuses tokens of another time: both clocks are right within a minute, and the sign-in has just happened. */
  #rules(algorithms: string[]) {
    const { issuer, clientId } = this.settings;
    return {
      issuer,
      audience: clientId,
      algorithms,
      clockTolerance: skewSeconds,
      maxTokenAge: maxAgeSeconds,
    };
  }

  /** Many providers put groups and names here only. It is required if the provider has it: half of it is no answer. */
  async #userInfo(configuration: client.Configuration, accessToken: string, subject: string): Promise<Claims> {
    if (configuration.serverMetadata().userinfo_endpoint === undefined) return {};
    return client.fetchUserInfo(configuration, accessToken, subject);
  }

  async #ready(): Promise<Metadata> {
    const now = Date.now();
    if (!this.#metadata || this.#metadata.until <= now) {
      const before = this.#metadata?.value;
      const value = this.#discover().catch(async (fault: SignInFault) => {
        this.#metadata = { until: Date.now() + failureMs, value };
        // A provider that does not respond may still sign in people, but one that changed may not.
        const known = fault.reason === 'PROVIDER_UNAVAILABLE' ? await before?.catch(() => undefined) : undefined;
        if (known) return known;
        throw fault;
      });
      this.#metadata = { until: now + metadataMs, value };
    }
    return this.#metadata.value;
  }

  async #discover(): Promise<Metadata> {
    const { issuer, clientId, clientSecret, algorithms: allowed } = this.settings;
    const fetched: client.CustomFetch = (url, init) => limitedFetch(url, init as RequestInit);
    const isPlain = issuer.startsWith('http:');
    try {
      const found = await client.discovery(new URL(issuer), clientId, undefined, client.None(), {
        timeout: this.#timeoutMs / 1_000,
        [client.customFetch]: fetched,
        ...(isPlain && { execute: [client.allowInsecureRequests] }),
      });
      const { supportsPKCE: _helper, ...server } = found.serverMetadata();
      if (server.issuer !== issuer)
        throw new SignInFault('WRONG_ISSUER', this.settings, { expected: issuer, received: server.issuer });
      const offered = server.id_token_signing_alg_values_supported ?? ['RS256'];
      const algorithms = allowed.filter((one) => offered.includes(one));
      if (server.jwks_uri === undefined || algorithms.length === 0)
        throw new SignInFault('PROVIDER_INVALID', this.settings, { error: 'no keys, or no allowed algorithm' });
      const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
      const secret = methods.includes('client_secret_basic') ? client.ClientSecretBasic : client.ClientSecretPost;
      const configuration = new client.Configuration(
        { ...server, id_token_signing_alg_values_supported: algorithms },
        clientId,
        { [client.clockTolerance]: skewSeconds },
        clientSecret === undefined ? client.None() : secret(clientSecret),
      );
      configuration.timeout = this.#timeoutMs / 1_000;
      configuration[client.customFetch] = fetched;
      if (isPlain) client.allowInsecureRequests(configuration);
      const keys = createRemoteJWKSet(new URL(server.jwks_uri), {
        cacheMaxAge: keysMs,
        cooldownDuration: keyCooldownMs,
        timeoutDuration: this.#timeoutMs,
        [customFetch]: (url, init) => limitedFetch(url, init as RequestInit),
      });
      return { configuration, keys, algorithms };
    } catch (error) {
      throw providerFault(error, this.settings);
    }
  }
}
