import { rmSync } from 'node:fs';
import pg from 'pg';
import { type App, createApp } from '../../../src/app.ts';
import { firstStart } from '../../../src/bootstrap/first-start.ts';
import { readConfig } from '../../../src/config.ts';
import { type Connection, type EmbeddedServer, startEmbedded } from '../../../src/db/embedded.ts';
import type { Tenant } from '../../../src/db/generated/client.ts';
import { migrate } from '../../../src/db/migrate.ts';
import { inTransaction, type Tx } from '../../../src/db/transaction.ts';
import type { Wake } from '../../../src/db/wake.ts';
import { createLog } from '../../../src/lib/log.ts';
import { asSystem } from '../../../src/policy/session/system.ts';
import { createApiToken } from '../../../src/resources/identity/api-token/service.ts';
import { bind } from '../../../src/resources/identity/binding/service.ts';
import { createTenant } from '../../../src/resources/identity/tenant/service.ts';
import { giveAccess } from '../../../src/resources/identity/tenant-access/service.ts';
import { createUser } from '../../../src/resources/identity/user/service.ts';
import { Client } from '../../support/client.ts';
import { temporaryFolder } from '../../support/folder.ts';

/** A gateway on its own PostgreSQL, both with default settings. */
export interface Bench {
  readonly app: App;
  readonly url: string;
  readonly tenant: Tenant;
  /** The bare driver, for comparison. */
  readonly driver: pg.Client;
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Creates a user with this managed role in the tenant. */
  person(name: string, role: string): Promise<{ readonly client: Client; readonly id: string }>;
  close(): Promise<void>;
}

export async function openBench(limits: object = {}, wake?: (connection: Connection) => Wake): Promise<Bench> {
  const folder = temporaryFolder('bench');
  const server: EmbeddedServer = await startEmbedded(folder);
  const { host, user, password } = server.connection;
  const connection = { host: host!, user: user!, password: password!, database: 'bench' };
  const admin = new pg.Client({ ...connection, database: 'postgres' });
  await admin.connect();
  await admin.query('CREATE DATABASE bench');
  await admin.end();
  await migrate(connection);
  const base = readConfig({
    PORT: '0',
    DATABASE_URL: 'postgresql://unused/unused',
    GATEHOUSE_MASTER_KEY: 'the master key of the benchmark, of enough characters',
  });
  const config = { ...base, limits: { ...base.limits, bodyBytes: 8_388_608, ...limits } };
  const app = await createApp(config, connection, createLog('error'), { ...(wake && { wake: wake(connection) }) });
  await firstStart(app.store, { username: 'root', password: 'a long enough passphrase' }, 15);
  await app.freshness.confirm();
  const url = await app.listen();
  const driver = new pg.Client(connection);
  await driver.connect();
  const write = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
    const result = await inTransaction(app.store, work, { timeoutMs: 600_000 });
    await app.freshness.confirm();
    return result;
  };
  const tenant = await write((tx) =>
    createTenant(tx, asSystem('TENANT:CREATE', 'bench'), { key: 'main', name: 'main' }),
  );
  return {
    app,
    url,
    tenant,
    driver,
    write,
    async person(name, role) {
      const { id, token } = await write(async (tx) => {
        const content = { username: name, email: `${name}@people.example` };
        const person = await createUser(tx, asSystem('USER:CREATE', 'bench'), content, 15);
        await giveAccess(tx, asSystem('TENANT_ACCESS:CREATE', 'bench'), tenant, person.id);
        const held = await tx.role.findFirstOrThrow({ where: { tenantId: tenant.id, name: role } });
        const content2 = { principalId: person.id, groupId: null, role: held, namespace: '' };
        await bind(tx, asSystem('BINDING:CREATE', 'bench'), tenant, content2);
        const grant = asSystem('API_TOKEN:CREATE', 'bench');
        const owner = { id: person.id, tenantId: null };
        const minted = await createApiToken(tx, grant, app.services.keys, owner, { name: 'bench' });
        return { id: person.id, token: minted.fullToken };
      });
      return { id, client: new Client(url, { authorization: `Bearer ${token}` }) };
    },
    async close() {
      await driver.end();
      await app.close();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Returns the duration of the work in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

export const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!;
