import pg from 'pg';
import type { World } from './world.ts';

const disconnect = (name: string) =>
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND pid <> pg_backend_pid()`;

/** Runs statements one by one, each on its own, on the server of the world. */
async function onServer(world: World, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ ...world.connection, database: 'postgres' });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

/** Copies the database of a running world, like a backup. @returns the name of the copy. */
export async function backup(world: World): Promise<string> {
  const copy = `${world.name}_${Math.random().toString(36).slice(2, 8)}`;
  await onServer(world, [
    `ALTER DATABASE "${world.name}" ALLOW_CONNECTIONS false`,
    disconnect(world.name),
    `CREATE DATABASE "${copy}" TEMPLATE "${world.name}"`,
    `ALTER DATABASE "${world.name}" ALLOW_CONNECTIONS true`,
  ]);
  return copy;
}

/** Replaces the database of running gateways by a copy. @param meanwhile runs before the gateways reconnect. */
export async function swapIn(world: World, copy: string, meanwhile?: (connection: pg.ClientConfig) => Promise<void>) {
  await meanwhile?.({ ...world.connection, database: copy });
  await onServer(world, [
    `ALTER DATABASE "${world.name}" ALLOW_CONNECTIONS false`,
    disconnect(world.name),
    disconnect(copy),
    `ALTER DATABASE "${world.name}" RENAME TO "${copy}_old"`,
    `ALTER DATABASE "${copy}" RENAME TO "${world.name}"`,
    `DROP DATABASE "${copy}_old" WITH (FORCE)`,
  ]);
}

/** Replaces the rows by those of a copy, like a data-only restore. No connection breaks. */
export async function writeBack(world: World, copy: string): Promise<void> {
  const from = new pg.Client({ ...world.connection, database: copy });
  const to = new pg.Client(world.connection);
  await from.connect();
  await to.connect();
  await to.query('BEGIN');
  await to.query("SET LOCAL session_replication_role = 'replica'");
  const { rows: tables } = await from.query<{ name: string }>(
    `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
  );
  for (const { name } of tables) {
    const { rows } = await from.query(`SELECT COALESCE(json_agg(t), '[]')::text AS all FROM ${name} t`);
    await to.query(`DELETE FROM ${name}`);
    await to.query(`INSERT INTO ${name} SELECT * FROM json_populate_recordset(NULL::${name}, $1::json)`, [rows[0].all]);
  }
  await to.query(`SELECT setval('"AuditEvent_ordinal_seq"', max(ordinal)) FROM "AuditEvent"`);
  await to.query('COMMIT');
  await from.end();
  await to.end();
  await onServer(world, [`DROP DATABASE "${copy}" WITH (FORCE)`]);
}
