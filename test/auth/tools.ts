import pg from 'pg';
import type { World } from '../support/world.ts';

interface Spied {
  query(...args: unknown[]): unknown;
}

/** Counts the statements that this process sends to any database while the work runs. */
export async function statements(work: () => Promise<unknown>): Promise<string[]> {
  const spied = pg.Client.prototype as unknown as Spied;
  const original = spied.query;
  const seen: string[] = [];
  spied.query = function (this: unknown, ...args: unknown[]) {
    const [first] = args as [string | { text?: string }];
    seen.push(typeof first === 'string' ? first : (first?.text ?? ''));
    return original.apply(this, args);
  };
  try {
    await work();
  } finally {
    spied.query = original;
  }
  return seen;
}

/** Dumps the database as text. */
export async function everything(world: World): Promise<string> {
  const tables = await world.db.$queryRaw<{ name: string }[]>`
    SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`;
  const parts = await Promise.all(
    tables.map(({ name }) => world.db.$queryRawUnsafe<{ row: string }[]>(`SELECT t::text AS row FROM "${name}" t`)),
  );
  return parts
    .flat()
    .map(({ row }) => row)
    .join('\n');
}

export const from = (address: string) => ({ 'x-forwarded-for': address });
export const who = '{ viewer { name } }';

/** Returns the answer to a failed sign-in without its time and request ID. */
export async function seen(client: { url: string; headers: Record<string, string> }): Promise<string> {
  const response = await fetch(`${client.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...client.headers },
    body: JSON.stringify({ query: who }),
  });
  const head = [...response.headers].filter(([name]) => name !== 'date' && name !== 'x-request-id').sort();
  return JSON.stringify([response.status, head, await response.text()]);
}

/** Signs in like a browser. @returns a client with the cookie of the new session, for any gateway. */
export async function signedIn(world: World, username: string, password: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${world.urls[0]}/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ username, password }),
  });
  const [cookie = ''] = (response.headers.get('set-cookie') ?? '').split(';');
  const body = (await response.json()) as any;
  const at = (gateway = 0) => world.anonymous(gateway).as({ cookie, origin: world.urls[gateway]! });
  return { status: response.status, headers: response.headers, body, cookie, at, client: at() };
}
