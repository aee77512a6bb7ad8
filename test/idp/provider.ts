import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';

export interface Person {
  readonly name: string;
  readonly email: string;
  /** Undefined: the provider sends no claim. */
  groups: readonly string[] | undefined;
}

export interface Client {
  readonly id: string;
  readonly secret: string;
  /** Origins of the gateway. */
  readonly origins: readonly string[];
  /** Name of the provider in the settings of the gateway. */
  readonly name: string;
}

export interface DevelopmentProvider {
  readonly issuer: string;
  /** People by their name at the provider. A test changes their groups. */
  readonly people: Map<string, Person>;
  readonly server: Server;
  /** Back-channel requests that failed. */
  readonly faults: string[];
  close(): Promise<void>;
}

const threePeople = (): [string, Person][] => [
  ['erin', { name: 'Erin Adams', email: 'erin@company.example', groups: ['data'] }],
  ['frank', { name: 'Frank Brown', email: 'frank@company.example', groups: ['data', 'platform'] }],
  ['grace', { name: 'Grace Cole', email: 'grace@company.example', groups: [] }],
];

/** The provider advises against each of its defaults that is for development only. */
let isQuiet = false;
function withoutAdvice(): void {
  if (isQuiet) return;
  isQuiet = true;
  for (const name of ['info', 'warn'] as const) {
    const say = console[name];
    console[name] = (...said: unknown[]) => {
      if (!String(said[0]).startsWith('oidc-provider ')) say(...said);
    };
  }
}

/** Starts a real OpenID provider for development. It accepts every password. */
export async function startProvider(port: number, client: Client): Promise<DevelopmentProvider> {
  withoutAdvice();
  const { default: Provider } = await import('oidc-provider');
  const server = createServer();
  server.listen(port, 'localhost');
  await once(server, 'listening');
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const people = new Map(threePeople());
  const faults: string[] = [];
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const at = (path: string) => client.origins.map((origin) => `${origin}${path}`);
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: at(`/auth/oidc/${client.name}/callback`),
        post_logout_redirect_uris: at('/auth/sign-in'),
        backchannel_logout_uri: at(`/auth/oidc/${client.name}/back-channel-logout`)[0],
        backchannel_logout_session_required: true,
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'first' }] },
    cookies: { keys: ['only for development'], names: { session: 'idp', interaction: 'idp_in', resume: 'idp_re' } },
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    pkce: { required: () => true },
    features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
    findAccount: (_context: unknown, id: string) => {
      const person = people.get(id);
      if (!person) return undefined;
      const { name, email, groups } = person;
      const claims = { name, preferred_username: id, email, email_verified: true, ...(groups && { groups }) };
      return { accountId: id, claims: () => ({ sub: id, ...claims }) };
    },
    // No consent: the gateway belongs to the same organisation.
    loadExistingGrant: async ({ oidc }: any) => {
      const known = oidc.session.grantIdFor(oidc.client.clientId);
      if (known) return oidc.provider.Grant.find(known);
      const grant = new provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope('openid profile email groups');
      await grant.save();
      return grant;
    },
    // Its own way of sending requests refuses the addresses of this machine.
    fetch: (url: string, { dispatcher: _dispatcher, ...init }: RequestInit & { dispatcher?: unknown }) =>
      fetch(url, init as RequestInit),
  });
  provider.on('backchannel.error', (_context, error: Error) => void faults.push(error.message));
  provider.on('server_error', (_context, error: Error) => void faults.push(error.stack ?? error.message));
  server.on('request', provider.callback());
  return {
    issuer,
    people,
    server,
    faults,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
