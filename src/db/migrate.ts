import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import type { Connection } from './embedded.ts';
import { DatabaseError, explainError, reach } from './reach.ts';

const folder = join(import.meta.dirname, '..', '..', 'prisma', 'migrations');
const lockKey = 7_301_001;
/** If another gateway hangs while it migrates, this one must not wait for ever. */
const turnTimeoutMs = 60_000;

/** The table of `prisma migrate`, so that both tools agree on the applied migrations. */
const ledger = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL,
  "checksum" VARCHAR(64) NOT NULL,
  "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL,
  "logs" TEXT,
  "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
  "applied_steps_count" INTEGER NOT NULL DEFAULT 0
)`;

export interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
  /**
   * Whether each statement is its own transaction, as `CREATE INDEX CONCURRENTLY` requires: the file begins with the line
   * `-- outside of a transaction`. Its statements must be repeatable, because a failure leaves the earlier ones in place.
   */
  readonly separate: boolean;
}

const separateMark = /^-- outside of a transaction\n/;

/** The statements of a migration outside of a transaction; each ends with `;` at the end of a line. */
export function statementsOf({ sql, separate }: Pick<Migration, 'sql' | 'separate'>): string[] {
  return separate
    ? sql.split(/;\s*$/m).filter((statement) => statement.replaceAll(/^--.*$/gm, '').trim() !== '')
    : [sql];
}

export function migrations(): Migration[] {
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return names
    .map(({ name }) => {
      const sql = readFileSync(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex'), separate: separateMark.test(sql) };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Waits for the turn of this gateway to migrate. The question is repeated instead of waiting inside a statement, because
 * `CREATE INDEX CONCURRENTLY` of the other gateway waits for all running statements, so both would wait for each other.
 */
async function takeTurn(client: pg.Client): Promise<void> {
  const end = Date.now() + turnTimeoutMs;
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [lockKey]);
    if (rows[0]!.taken) return;
    if (Date.now() > end)
      throw new DatabaseError(
        `Another gateway has been migrating this database for ${turnTimeoutMs / 1000} s. Wait for its end, or stop it, then start this one again.`,
      );
    await setTimeout(100);
  }
}

/**
 * Applies missing migrations, each in a separate transaction unless it is `separate`, one gateway at a time.
 * @param all in their order; those of `prisma/migrations` unless stated.
 * @returns the names of the applied migrations.
 * @throws if an applied migration was edited, or the server cannot be used.
 */
export async function migrate(connection: Connection, all: readonly Migration[] = migrations()): Promise<string[]> {
  await reach(connection);
  const client = new pg.Client({ ...connection, keepAlive: true });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query("SET lock_timeout = '60s'");
    await takeTurn(client);
    await client.query(ledger);
    const applied = await client.query<{ migration_name: string; checksum: string }>(
      'SELECT migration_name, checksum FROM "_prisma_migrations" WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    );
    const known = new Map(applied.rows.map((row) => [row.migration_name, row.checksum]));
    const done: string[] = [];
    for (const migration of all) {
      const { name, checksum, separate } = migration;
      if (known.has(name)) {
        if (known.get(name) !== checksum)
          throw new DatabaseError(
            `Migration ${name} differs from the one that was applied to this store. Use the same version of Gatehouse as the store, or a later one.`,
          );
        continue;
      }
      if (!separate) await client.query('BEGIN');
      try {
        for (const statement of statementsOf(migration)) await client.query(statement);
        await client.query(
          'INSERT INTO "_prisma_migrations" (id, checksum, migration_name, started_at, finished_at, applied_steps_count) VALUES ($1, $2, $3, now(), now(), 1)',
          [randomUUID(), checksum, name],
        );
        if (!separate) await client.query('COMMIT');
      } catch (error) {
        if (!separate) await client.query('ROLLBACK');
        const explained = explainError(error, connection);
        throw explained instanceof DatabaseError
          ? explained
          : new Error(`Migration ${name} failed: ${(error as Error).message}`, { cause: error });
      }
      done.push(name);
    }
    return done;
  } catch (error) {
    throw explainError(error, connection);
  } finally {
    await client.end().catch(() => undefined);
  }
}
