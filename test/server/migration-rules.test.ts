import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Migration, migrate, migrations, statementsOf } from '../../src/db/migrate.ts';

/** The tables that grow with use. No migration after `lastFree` may read or rewrite one in a transaction. */
const growing = [
  'AuditEvent',
  'Execution',
  'TaskRun',
  'LogEntry',
  'TriggerLog',
  'Metric',
  'Trigger',
  'WorkerEvent',
  'PermissionUse',
];
/** The last migration before the rule: the stores that it may have to change are small. */
const lastFree = '20261129040000_home_tenants';

const connection = { ...inject('server'), database: 'migration_rules' };
let client: pg.Client;

beforeAll(async () => {
  const server = new pg.Client({ ...connection, database: 'postgres' });
  await server.connect();
  await server.query(`CREATE DATABASE "${connection.database}"`);
  await server.end();
  await migrate(connection);
  client = new pg.Client(connection);
  await client.connect();
});
afterAll(() => client.end());

interface Footprint {
  scans: number;
  file: number;
  columns: string[];
}

async function footprints(): Promise<Map<string, Footprint>> {
  const { rows } = await client.query<Footprint & { name: string }>(
    `SELECT t.relname AS name, s.seq_scan::int AS scans, pg_relation_filenode(t.oid)::int AS file,
            array(SELECT attname::text FROM pg_attribute WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped) AS columns
       FROM pg_class t JOIN pg_stat_xact_user_tables s ON s.relid = t.oid
      WHERE t.relname = ANY($1)`,
    [growing],
  );
  return new Map(rows.map((row) => [row.name, row]));
}

/**
 * What a migration does to the growing tables that a gateway under load cannot bear, as PostgreSQL counts it: `reads` all
 * rows while it holds a lock, `rewrites` the table, or takes a `column` from the earlier version, which runs beside it.
 */
async function burdens(migration: Pick<Migration, 'sql' | 'separate'>): Promise<string[]> {
  const found: string[] = [];
  if (migration.separate) {
    for (const statement of statementsOf(migration))
      if (!/^\s*(--.*\n\s*)*(CREATE (UNIQUE )?INDEX CONCURRENTLY|DROP INDEX CONCURRENTLY IF EXISTS)\b/.test(statement))
        found.push(`not for outside of a transaction: ${statement.trim()}`);
    if (found.length === 0) for (const statement of statementsOf(migration)) await client.query(statement);
    return found;
  }
  await client.query('BEGIN');
  try {
    const before = await footprints();
    await client.query(migration.sql);
    const after = await footprints();
    for (const [name, was] of before) {
      const is = after.get(name);
      if (!is) found.push(`${name}: column`);
      else {
        if (is.file !== was.file) found.push(`${name}: rewrites`);
        else if (is.scans > was.scans) found.push(`${name}: reads`);
        if (was.columns.some((column) => !is.columns.includes(column))) found.push(`${name}: column`);
      }
    }
  } finally {
    await client.query('ROLLBACK');
  }
  return found;
}

describe('migrations of growing tables', () => {
  it('names tables that exist', async () => {
    expect([...(await footprints()).keys()].sort()).toEqual([...growing].sort());
  });

  it.each([
    [
      'a column of another type',
      'ALTER TABLE "Metric" ALTER COLUMN "name" TYPE varchar(200) COLLATE "POSIX"',
      'Metric: rewrites',
    ],
    [
      'a column with a computed value',
      'ALTER TABLE "Execution" ADD COLUMN "x" uuid DEFAULT gen_random_uuid()',
      'Execution: rewrites',
    ],
    [
      'a column that must have a value',
      'ALTER TABLE "LogEntry" ALTER COLUMN "taskRunId" SET NOT NULL',
      'LogEntry: reads',
    ],
    ['an index that locks', 'CREATE INDEX "x" ON "AuditEvent" ("resource")', 'AuditEvent: reads'],
    [
      'a rule that is checked at once',
      'ALTER TABLE "TaskRun" ADD CONSTRAINT "x" CHECK ("tenantId" IS NOT NULL)',
      'TaskRun: reads',
    ],
    ['a change of all rows', 'UPDATE "TriggerLog" SET "tenantId" = "tenantId"', 'TriggerLog: reads'],
    ['a column that goes', 'ALTER TABLE "Trigger" DROP COLUMN "changed"', 'Trigger: column'],
    ['a column with another name', 'ALTER TABLE "Trigger" RENAME COLUMN "changed" TO "x"', 'Trigger: column'],
  ])('refuses %s', async (_, sql, burden) => {
    expect(await burdens({ sql, separate: false })).toContain(burden);
  });

  it('refuses any other statement outside of a transaction', async () => {
    expect(await burdens({ sql: '-- outside of a transaction\nDELETE FROM "Metric";\n', separate: true })).toHaveLength(
      1,
    );
  });

  it.each([
    ['a nullable column', 'ALTER TABLE "Execution" ADD COLUMN "x" text COLLATE "C"', false],
    ['a column with a constant', `ALTER TABLE "Execution" ADD COLUMN "x" integer NOT NULL DEFAULT 0`, false],
    ['a rule for new rows', 'ALTER TABLE "TaskRun" ADD CONSTRAINT "x" CHECK ("tenantId" IS NOT NULL) NOT VALID', false],
    [
      'an index that locks nothing',
      `-- outside of a transaction
DROP INDEX CONCURRENTLY IF EXISTS "x";
CREATE INDEX CONCURRENTLY "x" ON "AuditEvent" ("resource");
DROP INDEX CONCURRENTLY IF EXISTS "x";
`,
      true,
    ],
  ])('permits %s', async (_, sql, separate) => {
    expect(await burdens({ sql, separate })).toEqual([]);
  });

  it('finds nothing in the migrations after the rule', async () => {
    const all = migrations();
    expect(all.map(({ name }) => name)).toContain(lastFree);
    // Each is judged on the tables as its predecessors leave them.
    await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    const found: Record<string, string[]> = {};
    for (const migration of all) {
      if (migration.name > lastFree) {
        const burden = await burdens(migration);
        if (burden.length > 0) found[migration.name] = burden;
        if (migration.separate) continue;
      }
      for (const statement of statementsOf(migration)) await client.query(statement);
    }
    expect(found).toEqual({});
  });
});

it('two gateways that start at the same time apply each migration once, also outside of a transaction', async () => {
  const server = new pg.Client({ ...connection, database: 'postgres' });
  await server.connect();
  await server.query('CREATE DATABASE "migration_turns"');
  await server.end();
  const both = { ...connection, database: 'migration_turns' };
  const index: Migration = {
    name: '99990101000000_index',
    sql: '-- outside of a transaction\nDROP INDEX CONCURRENTLY IF EXISTS "x";\nCREATE INDEX CONCURRENTLY "x" ON "AuditEvent" ("resource");\n',
    checksum: 'x',
    separate: true,
  };
  const all = [...migrations(), index];
  const applied = await Promise.all([migrate(both, all), migrate(both, all)]);
  expect(applied.map(({ length }) => length).sort((a, b) => a - b)).toEqual([0, all.length]);
});
