import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { createApp } from '../../../src/app.ts';
import { firstStart } from '../../../src/bootstrap/first-start.ts';
import { readConfig } from '../../../src/config.ts';
import { type Connection, startEmbedded } from '../../../src/db/embedded.ts';
import { migrate } from '../../../src/db/migrate.ts';
import { inTransaction, type Tx } from '../../../src/db/transaction.ts';
import { createLog } from '../../../src/lib/log.ts';
import { asSystem } from '../../../src/policy/session/system.ts';
import { createApiToken } from '../../../src/resources/identity/api-token/service.ts';
import { bind } from '../../../src/resources/identity/binding/service.ts';
import { beginSession, byPassword } from '../../../src/resources/identity/session/sign-in.ts';
import { createTenant } from '../../../src/resources/identity/tenant/service.ts';
import { giveAccess } from '../../../src/resources/identity/tenant-access/service.ts';
import { createUser } from '../../../src/resources/identity/user/service.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { reached } from './documents.ts';

export const masterKey = 'the master key of the benchmark, of enough characters';

export interface CompareStore {
  readonly databaseUrl: string;
  /** The token of a reader of ten namespaces. */
  readonly token: string;
  /** The cookie of a session of the same reader. */
  readonly cookie: string;
  /** The token of an administrator of the tenant. */
  readonly adminToken: string;
  /** Process ID of the server. */
  readonly postmaster: number;
  close(): Promise<void>;
}

/** A PostgreSQL of its own with the rows that every contestant reads. */
export async function openStore(): Promise<CompareStore> {
  const folder = temporaryFolder('compare');
  const server = await startEmbedded(folder);
  const { host, user, password } = server.connection;
  const admin = new pg.Client({ ...server.connection, database: 'postgres' });
  await admin.connect();
  await admin.query('CREATE DATABASE compare');
  await admin.end();
  const connection = { host: host!, user: user!, password: password!, database: 'compare' };
  const databaseUrl = `postgresql://${user}:${encodeURIComponent(String(password))}@localhost/compare?host=${encodeURIComponent(host!)}`;
  await migrate(connection);
  const tokens = await fill(connection);
  return {
    databaseUrl,
    ...tokens,
    postmaster: Number(readFileSync(join(folder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]),
    async close() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Rows of the comparison: 200 namespaces, 200 groups, 2,000 flows, 10,000 triggers. */
async function fill(connection: Connection): Promise<Pick<CompareStore, 'token' | 'cookie' | 'adminToken'>> {
  const config = readConfig({ PORT: '0', DATABASE_URL: 'postgresql://unused/unused', GATEHOUSE_MASTER_KEY: masterKey });
  const app = await createApp(config, connection, createLog('error'));
  await firstStart(app.store, { username: 'root', password: 'a long enough passphrase' }, 15);
  await app.freshness.confirm();
  const made = await inTransaction(
    app.store,
    async (tx: Tx) => {
      const tenant = await createTenant(tx, asSystem('TENANT:CREATE', 'bench'), { key: 'main', name: 'main' });
      const grant = asSystem('BINDING:CREATE', 'bench', tenant.id);
      /** A person with a token and a managed role in these namespaces. */
      const person = async (username: string, roleName: string, namespaces: readonly string[]): Promise<string> => {
        const content = { username, email: `${username}@people.example` };
        const { id } = await createUser(tx, asSystem('USER:CREATE', 'bench'), content, 15);
        await giveAccess(tx, asSystem('TENANT_ACCESS:CREATE', 'bench'), tenant, id);
        const role = await tx.role.findFirstOrThrow({ where: { tenantId: tenant.id, name: roleName } });
        for (const namespace of namespaces)
          await bind(tx, grant, tenant, { principalId: id, groupId: null, role, namespace });
        const minting = asSystem('API_TOKEN:CREATE', 'bench');
        const owner = { id, tenantId: null };
        return (await createApiToken(tx, minting, app.services.keys, owner, { name: 'bench' })).fullToken;
      };
      await tx.$executeRaw`
        INSERT INTO "Namespace" (id, "tenantId", namespace, parent, declared) SELECT 'n' || lpad(n::text, 6, '0'), ${tenant.id}, 'team' || n, '', true FROM generate_series(0, 199) n`;
      await tx.$executeRaw`
        INSERT INTO "Group" (id, "tenantId", name, "nameKey") SELECT 'g' || lpad(n::text, 6, '0'), ${tenant.id}, 'group ' || n, 'group ' || n FROM generate_series(0, 199) n`;
      const token = await person('reader', 'Viewer', reached);
      const adminToken = await person('admin', 'Admin', ['']);
      await tx.$executeRaw`
        INSERT INTO "Flow" (id, "tenantId", namespace, "flowId", revision, source, disabled, "declaredDisabled", "labelTexts", "taskCount")
        SELECT 'f' || lpad(n::text, 6, '0'), ${tenant.id}, 'team' || n % 200, 'flow' || n, 1, 'id: flow' || n || repeat(E'\\n# a comment of a flow', 40), false, false, '{}', 1
        FROM generate_series(1, 2000) n`;
      await tx.$executeRaw`
        INSERT INTO "Trigger" (id, "tenantId", namespace, "flowId", "triggerId", "flowKey", type, kind, definition, disabled,
          "declaredDisabled", "stateAt", "flowDisabled", "nextExecutionAt", "stopAfter")
        SELECT 't' || lpad(n::text, 6, '0'), ${tenant.id}, 'team' || (n % 2000 + 1) % 200, 'flow' || n % 2000 + 1, 't' || n,
          'f' || lpad((n % 2000 + 1)::text, 6, '0'), 'io.kestra.plugin.core.trigger.Schedule', 'SCHEDULE', '{"cron":"0 6 * * *"}',
          n % 10 = 0, false, now(), false, now(), '{}'
        FROM generate_series(1, 10000) n`;
      return { token, adminToken };
    },
    { timeoutMs: 120_000 },
  );
  const reader = await app.store.prisma.user.findFirstOrThrow({ where: { username: 'reader' } });
  const { limits, sessions: times } = config;
  const { cookie } = await beginSession(
    { store: app.store, keys: app.services.keys, freshness: app.freshness, times, perUser: limits.sessionsPerUser },
    { kind: 'USER', id: reader.id, name: reader.username, requestId: 'bench' },
    { ...byPassword(reader), holds: () => Promise.resolve(true) },
    { userAgent: undefined, former: undefined },
  );
  await app.database.pool.query('VACUUM ANALYZE');
  await app.close();
  return { ...made, cookie: `gatehouse=${cookie}` };
}
