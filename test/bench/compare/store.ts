import { rmSync } from 'node:fs';
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
  const token = await fill(connection);

  return {
    databaseUrl,
    token,
    async close() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Rows of the comparison: 200 namespaces, 2,000 flows, 10,000 triggers. @returns the token of a reader of ten of them. */
async function fill(connection: Connection): Promise<string> {
  const config = readConfig({ PORT: '0', DATABASE_URL: 'postgresql://unused/unused', GATEHOUSE_MASTER_KEY: masterKey });
  const app = await createApp(config, connection, createLog('error'));
  await firstStart(app.store, { username: 'root', password: 'a long enough passphrase' }, 15);
  await app.freshness.confirm();
  const made = await inTransaction(
    app.store,
    async (tx: Tx) => {
      const tenant = await createTenant(tx, asSystem('TENANT:CREATE', 'bench'), { key: 'main', name: 'main' });
      const content = { username: 'reader', email: 'reader@people.example' };
      const person = await createUser(tx, asSystem('USER:CREATE', 'bench'), content, 15);
      await giveAccess(tx, asSystem('TENANT_ACCESS:CREATE', 'bench'), tenant, person.id);
      const role = await tx.role.findFirstOrThrow({ where: { tenantId: tenant.id, name: 'Viewer' } });
      const grant = asSystem('BINDING:CREATE', 'bench', tenant.id);
      await tx.$executeRaw`
        INSERT INTO "Namespace" (id, "tenantId", namespace, parent) SELECT 'n' || lpad(n::text, 6, '0'), ${tenant.id}, 'team' || n, '' FROM generate_series(0, 199) n`;
      for (const namespace of reached)
        await bind(tx, grant, tenant, { principalId: person.id, groupId: null, role, namespace });
      const owner = { id: person.id, tenantId: null };
      const minted = await createApiToken(tx, asSystem('API_TOKEN:CREATE', 'bench'), app.services.keys, owner, {
        name: 'bench',
      });
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
      return minted;
    },
    { timeoutMs: 120_000 },
  );
  await app.database.pool.query('VACUUM ANALYZE');
  await app.close();
  return made.fullToken;
}
