import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { migrate, migrations } from '../../src/db/migrate.ts';

const text = readFileSync(join(import.meta.dirname, '..', '..', 'prisma', 'schema.prisma'), 'utf8');

interface Model {
  name: string;
  columns: { name: string; type: string; nullable: boolean; list: boolean }[];
  indexes: string[];
  keys: string[];
}

const scalars: Record<string, string> = {
  String: 'text',
  Int: 'integer',
  BigInt: 'bigint',
  Boolean: 'boolean',
  DateTime: 'timestamp with time zone',
  Json: 'jsonb',
  Bytes: 'bytea',
  Float: 'double precision',
};

/** The models of schema.prisma, with Prisma's names of their indexes and foreign keys. */
const models: Model[] = [...text.matchAll(/^model (\w+) \{\n([\s\S]*?)^\}/gm)].map(([, name = '', body = '']) => {
  const model: Model = { name, columns: [], indexes: [], keys: [] };
  for (const line of body
    .split('\n')
    .map((l) => l.trim())
    .filter((l) => l && !l.startsWith('//'))) {
    const block = /^@@(unique|index|id)\(\[(.*?)\]/.exec(line);
    if (block) {
      const fields = block[2]!
        .split(',')
        .map((f) => f.trim())
        .join('_');
      if (block[1] !== 'id') model.indexes.push(`${name}_${fields}_${block[1] === 'unique' ? 'key' : 'idx'}`);
      continue;
    }
    const [, field = '', type = '', mark = ''] = /^(\w+)\s+(\w+)(\[\]|\?)?/.exec(line) ?? [];
    const relation = /@relation\(fields: \[(.*?)\]/.exec(line);
    if (relation) {
      const mapped = /map: "(.*?)"/.exec(line)?.[1];
      model.keys.push(
        mapped ??
          `${name}_${relation[1]!
            .split(',')
            .map((f) => f.trim())
            .join('_')}_fkey`,
      );
    }
    if (!(type in scalars)) continue;
    model.columns.push({
      name: /@map\("(\w+)"\)/.exec(line)?.[1] ?? field,
      type: scalars[type]!,
      nullable: mark === '?',
      list: mark === '[]',
    });
    if (/@unique/.test(line)) model.indexes.push(`${name}_${field}_key`);
  }
  return model;
});

describe('the migrations', () => {
  let client: pg.Client;
  beforeAll(async () => {
    const server = new pg.Client({ ...inject('server'), database: 'postgres' });
    await server.connect();
    await server.query('CREATE DATABASE migrated TEMPLATE template');
    await server.end();
    client = new pg.Client({ ...inject('server'), database: 'migrated' });
    await client.connect();
  });
  afterAll(() => client.end());

  it('and schema.prisma describe the same columns', async () => {
    const { rows } = await client.query(
      `SELECT table_name, column_name, data_type, is_nullable, udt_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'`,
    );
    const inDatabase = rows
      .map(
        (r) =>
          `${r.table_name}.${r.column_name} ${r.data_type === 'ARRAY' ? `${r.udt_name.slice(1)}[]` : r.data_type} ${r.is_nullable}`,
      )
      .sort();
    const arrays: Record<string, string> = { text: 'text[]', 'timestamp with time zone': 'timestamptz[]' };
    const inSchema = models.flatMap(({ name, columns }) =>
      columns.map((c) => `${name}.${c.name} ${c.list ? arrays[c.type] : c.type} ${c.nullable ? 'YES' : 'NO'}`),
    );
    expect(models.length).toBeGreaterThan(12);
    expect(inDatabase).toEqual(inSchema.sort());
  });

  it('and schema.prisma agree about indexes and foreign keys', async () => {
    const { rows: indexes } = await client.query(`SELECT indexname FROM pg_indexes WHERE schemaname = 'public'`);
    const names = new Set(indexes.map((r) => r.indexname));
    expect(models.flatMap((model) => model.indexes).filter((name) => !names.has(name.slice(0, 63)))).toEqual([]);
    const { rows: keys } = await client.query(`SELECT conname, confdeltype FROM pg_constraint WHERE contype = 'f'`);
    const keyNames = new Set(keys.map((r) => r.conname));
    expect(models.flatMap((model) => model.keys).filter((name) => !keyNames.has(name))).toEqual([]);
    // No foreign key cascades: services delete every row, with an event.
    expect(keys.filter((r) => r.confdeltype !== 'a')).toEqual([]);
  });

  it('compare names by bytes: every namespace and id column is COLLATE "C", and no namespace is null', async () => {
    const { rows } = await client.query(
      `SELECT table_name, column_name, collation_name, is_nullable FROM information_schema.columns
       WHERE table_schema = 'public' AND table_name <> '_prisma_migrations' AND column_name IN ('namespace', 'parent', 'id', 'tenantId', 'key') AND data_type = 'text'`,
    );
    expect(rows.filter((r) => r.collation_name !== 'C')).toEqual([]);
    expect(rows.filter((r) => r.column_name === 'namespace' && r.is_nullable === 'YES')).toEqual([]);
  });

  it('are recorded as prisma migrate does, and are applied once', async () => {
    const { rows } = await client.query(
      'SELECT migration_name, checksum, applied_steps_count, finished_at FROM "_prisma_migrations" ORDER BY migration_name',
    );
    expect(rows.map((r) => [r.migration_name, r.checksum, r.applied_steps_count])).toEqual(
      migrations().map((m) => [m.name, m.checksum, 1]),
    );
    expect(await migrate({ ...inject('server'), database: 'migrated' })).toEqual([]);
  });

  it('rename the fields of saved audit filters, and keep all other settings', async () => {
    const before = {
      theme: 'dark',
      auditFilters: {
        all: { tenant: 'main', where: { namespace: 'company', type: ['DELETE'], under: 'x' } },
        none: { where: {} },
      },
    };
    const { sql } = migrations().find(({ name }) => name.endsWith('_saved_filter_names'))!;
    await client.query('BEGIN');
    await client.query("SET LOCAL session_replication_role = 'replica'");
    const insert = 'INSERT INTO "UserSettings" ("userId", settings) VALUES ($1, $2)';
    await client.query(insert, ['a', before]);
    await client.query(insert, ['b', { auditFilters: {} }]);
    await client.query(insert, ['c', { theme: 'light' }]);
    await client.query(sql);
    const { rows } = await client.query('SELECT settings FROM "UserSettings" ORDER BY "userId"');
    await client.query('ROLLBACK');
    expect(rows.map((row) => row.settings)).toEqual([
      {
        theme: 'dark',
        auditFilters: {
          all: { tenantKey: 'main', where: { namespaceName: 'company', kind: ['DELETE'], under: 'x' } },
          none: { where: {} },
        },
      },
      { auditFilters: {} },
      { theme: 'light' },
    ]);
  });

  it('keep audit events immutable', async () => {
    for (const statement of [
      'UPDATE "AuditEvent" SET action = \'x\'',
      'DELETE FROM "AuditEvent"',
      'TRUNCATE "AuditEvent"',
    ]) {
      await expect(client.query(statement)).rejects.toThrow(/immutable/);
    }
  });
});
