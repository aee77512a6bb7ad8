import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { verifyStore } from '../../src/audit/verify-store.ts';
import { deriveKeys } from '../../src/auth/keys.ts';
import { readConfig } from '../../src/config.ts';
import { migrate, migrations } from '../../src/db/migrate.ts';
import { createLog } from '../../src/lib/log.ts';
import { Client } from '../support/client.ts';
import { masterKey } from '../support/world.ts';

/** Stores that earlier programs wrote: a dump of the demo organisation with a second tenant, named after its day. */
const folder = join(import.meta.dirname, 'stores');
const stores = readdirSync(folder).sort();
const adminPassword = 'correct horse battery';

const onServer = async (statement: string): Promise<void> => {
  const client = new pg.Client({ ...inject('server'), database: 'postgres' });
  await client.connect();
  await client.query(statement);
  await client.end();
};

describe.each(stores)('the store of %s', (file) => {
  const connection = { ...inject('server'), database: `old_${file.replace(/\W/g, '_')}` };
  let app: Awaited<ReturnType<typeof createApp>> | undefined;
  afterAll(() => app?.close());

  it('is migrated without losing a row, and this program works with it', async () => {
    await onServer(`CREATE DATABASE "${connection.database}"`);
    const client = new pg.Client(connection);
    await client.connect();
    await client.query(gunzipSync(readFileSync(join(folder, file))).toString('utf8'));
    await client.query('RESET ALL');
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
    );
    const counts = async (): Promise<[string, number][]> => {
      const found: [string, number][] = [];
      for (const { name } of tables) {
        if (name === '_prisma_migrations') continue;
        const { rows } = await client.query<{ count: number }>(`SELECT count(*)::int AS count FROM "${name}"`);
        found.push([name, rows[0]!.count]);
      }
      return found;
    };
    const before = await counts();
    expect(before.filter(([, count]) => count > 0).length).toBeGreaterThan(15);
    const applied = await migrate(connection);
    expect(applied.length).toBeGreaterThan(0);
    expect(applied.at(-1)).toBe(migrations().at(-1)!.name);
    expect(await counts()).toEqual(before);
    await client.end();

    const keys = deriveKeys(masterKey);
    for await (const { tenantKey, faultCount } of verifyStore(connection, keys.signing, [], undefined))
      expect([tenantKey, faultCount]).toEqual([tenantKey, 0]);

    const lines: string[] = [];
    const config = readConfig({
      PORT: '0',
      DATABASE_URL: 'postgresql://unused/unused',
      GATEHOUSE_MASTER_KEY: masterKey,
    });
    app = await createApp(
      config,
      connection,
      createLog('error', (line) => void lines.push(line)),
    );
    await app.freshness.confirm();
    const authorization = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`;
    const admin = new Client(await app.listen(), { authorization });
    const { tenants, users } = await admin.ok<any>('{ tenants { nodes { key } } users { totalCount } }');
    expect(tenants.nodes.map(({ key }: any) => key)).toEqual(['main', 'kept']);
    expect(users.totalCount).toBe(Object.fromEntries(before)['User']);
    await admin.ok('mutation { createTenant(input: { key: "new" }) { tenant { roles { totalCount } } } }');
    expect(lines).toEqual([]);
  });
});
