import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

interface Key {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: object;
}
export const newKey = async (kid: string): Promise<Key> => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), alg: 'RS256', use: 'sig', kid } };
};

/** What one issuer does. Each part can be replaced by a test. */
export interface Oddity {
  metadata: Record<string, unknown>;
  /** Answers any request in place of the provider. */
  answer?: (response: ServerResponse, path: string) => void;
  /** Claims of the ID tokens, by code. The access token is the code. */
  readonly codes: Map<string, JWTPayload>;
  /** Further claims of the user info. */
  userInfo: Record<string, unknown>;
  /** Makes the ID token in another way. */
  token?: (claims: JWTPayload) => Promise<string> | string;
  tokenStatus: [number, object] | undefined;
  /** Claims by refresh token. A token of these works once, and its answer has the next one. Undefined: none is given. */
  refresh?: Map<string, JWTPayload>;
  /** The keys that the provider publishes, and the one that signs. */
  keys: Key[];
  signing: Key;
  /** Number of requests for the keys. */
  lookUps: number;
}

/** A provider that misbehaves as a test says: the real one cannot. Each path below it is an issuer. */
export class OddProviders {
  readonly #issuers = new Map<string, Oddity>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  #first!: Key;
  port!: number;

  static async start(): Promise<OddProviders> {
    const all = new OddProviders();
    all.#server.listen(0, 'localhost');
    await once(all.#server, 'listening');
    all.port = (all.#server.address() as AddressInfo).port;
    all.#first = await newKey('first');
    return all;
  }

  issuer = (name: string): string => `http://localhost:${this.port}/${name}`;

  of(name: string): Oddity {
    const known = this.#issuers.get(name);
    if (known) return known;
    const issuer = this.issuer(name);
    const made: Oddity = {
      metadata: {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        userinfo_endpoint: `${issuer}/me`,
        jwks_uri: `${issuer}/keys`,
        id_token_signing_alg_values_supported: ['RS256'],
        authorization_response_iss_parameter_supported: true,
      },
      codes: new Map(),
      userInfo: {},
      tokenStatus: undefined,
      keys: [this.#first],
      signing: this.#first,
      lookUps: 0,
    };
    this.#issuers.set(name, made);
    return made;
  }

  /** Signs claims like this issuer. */
  sign = (name: string, claims: JWTPayload, typ = 'JWT'): Promise<string> => {
    const { signing } = this.of(name);
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: signing.kid, typ }).sign(signing.privateKey);
  };

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, name = '', ...rest] = request.url!.split('/');
    const odd = this.of(name);
    const path = rest.join('/');
    if (odd.answer) return odd.answer(response, path);
    const json = (value: unknown, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (path === '.well-known/openid-configuration') return void json(odd.metadata);
    if (path === 'keys') {
      odd.lookUps += 1;
      return void json({ keys: odd.keys.map(({ jwk }) => jwk) });
    }
    const bearer = request.headers.authorization?.replace('Bearer ', '') ?? '';
    if (path === 'me') return void json({ sub: odd.codes.get(bearer)?.sub, ...odd.userInfo });
    if (path !== 'token') return void response.writeHead(404).end();
    if (odd.tokenStatus) return void json(odd.tokenStatus[1], odd.tokenStatus[0]);
    const form = new URLSearchParams((await request.toArray()).join(''));
    const given = form.get('refresh_token');
    if (given !== null) return void json(...(await this.#refreshed(name, given)));
    const code = form.get('code')!;
    const idToken = await (odd.token ?? ((claims) => this.sign(name, claims)))(odd.codes.get(code)!);
    const more = odd.refresh && { refresh_token: `refresh ${code}` };
    if (odd.refresh) odd.refresh.set(`refresh ${code}`, odd.codes.get(code)!);
    json({ access_token: code, token_type: 'Bearer', id_token: idToken, ...more });
  }

  async #refreshed(name: string, given: string): Promise<[object, number]> {
    const odd = this.of(name);
    const claims = odd.refresh?.get(given);
    if (!claims) return [{ error: 'invalid_grant' }, 400];
    odd.refresh!.delete(given);
    odd.refresh!.set(`${given}+`, claims);
    odd.codes.set(given, claims);
    const now = Math.floor(Date.now() / 1_000);
    const idToken = await this.sign(name, { ...claims, iat: now, exp: now + 60 });
    return [{ access_token: given, token_type: 'Bearer', id_token: idToken, refresh_token: `${given}+` }, 200];
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
