import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Connection } from './embedded.ts';
import { DatabaseError, explainError, reach } from './reach.ts';

const folder = join(import.meta.dirname, '..', '..', 'prisma', 'migrations');
const lockKey = 7_301_001;

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
}

export function migrations(): Migration[] {
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return names
    .map(({ name }) => {
      const sql = readFileSync(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Applies missing migrations, each in a separate transaction, one gateway at a time.
 * @returns the names of the applied migrations.
 * @throws if an applied migration was edited, or the server cannot be used.
 */
export async function migrate(connection: Connection): Promise<string[]> {
  await reach(connection);
  const client = new pg.Client({ ...connection, keepAlive: true });
  client.on('error', () => undefined);
  try {
    await client.connect();
    // Another gateway may be migrating. If it hangs, this one must not.
    await client.query("SET lock_timeout = '60s'");
    await client.query('SELECT pg_advisory_lock($1)', [lockKey]);
    await client.query(ledger);
    const applied = await client.query<{ migration_name: string; checksum: string }>(
      'SELECT migration_name, checksum FROM "_prisma_migrations" WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    );
    const known = new Map(applied.rows.map((row) => [row.migration_name, row.checksum]));
    const done: string[] = [];
    for (const { name, sql, checksum } of migrations()) {
      if (known.has(name)) {
        if (known.get(name) !== checksum)
          throw new DatabaseError(
            `Migration ${name} differs from the one that was applied to this store. Use the same version of Gatehouse as the store, or a later one.`,
          );
        continue;
      }
      await client.query('BEGIN');
      try {
        await client.query(sql);
        await client.query(
          'INSERT INTO "_prisma_migrations" (id, checksum, migration_name, started_at, finished_at, applied_steps_count) VALUES ($1, $2, $3, now(), now(), 1)',
          [randomUUID(), checksum, name],
        );
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK');
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
