import { createHash } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { Limits } from '../config.ts';
import { atMost } from '../lib/at-most.ts';
import type { Telemetry } from '../lib/telemetry.ts';
import { deadlineClient } from './deadline.ts';
import type { Connection } from './embedded.ts';
import { PrismaClient } from './generated/client.ts';
import { observeStatements } from './observe-statements.ts';
import { readThrough } from './rows/rows.ts';
import { SharedPool } from './shared-pool.ts';
import { RunningStatements } from './statement-watch.ts';

export interface Database {
  readonly prisma: PrismaClient;
  readonly pool: pg.Pool;
  /** Two separate connections for work that must not wait for the pool: cancellation, and the revision. */
  readonly apart: pg.Pool;
  readonly connection: Connection;
  /** Replaces every connection, those in use when they are released: they may lead to a former server. */
  renew(): void;
  /** Cancels statements that have waited longer than this for a response, while the database is silent. */
  giveUp(milliseconds: number): void;
  close(): Promise<void>;
}

/** Time to wait for running statements at shutdown, before and after their cancellation. */
const closeMs = 500;

/** Max named statements: each name keeps a plan in every connection. */
const namedStatements = 500;

function statementNames(): (query: { sql: string }) => string {
  const names = new Map<string, string>();
  return ({ sql }) => {
    let name = names.get(sql);
    if (name === undefined) {
      name = names.size < namedStatements ? `g${createHash('sha256').update(sql).digest('hex').slice(0, 24)}` : '';
      names.set(sql, name);
      if (names.size > namedStatements * 4) names.clear();
    }
    return name;
  };
}

export function openDatabase(connection: Connection, limits: Limits, telemetry?: Telemetry): Database {
  const apart = new pg.Pool({
    ...connection,
    max: 2,
    connectionTimeoutMillis: 2_000,
    // The first timeout is the database's. The second applies if the database is unreachable.
    options: '-c statement_timeout=2000',
    query_timeout: 2_500,
  });
  apart.on('error', () => undefined);
  const cancel = async (pids: number[]) => {
    await apart.query('SELECT pg_cancel_backend(pid) FROM unnest($1::int[]) pid', [pids]).catch(() => undefined);
  };
  const statements = new RunningStatements(apart);
  const pool = new SharedPool({
    ...connection,
    max: limits.poolSize,
    pipeline: true,
    connectionTimeoutMillis: limits.poolWaitMs,
    idleTimeoutMillis: 60_000,
    options: [
      `-c statement_timeout=${limits.bulkMs}`,
      `-c lock_timeout=${limits.requestMs}`,
      `-c idle_in_transaction_session_timeout=${limits.requestMs}`,
      '-c timezone=UTC',
    ].join(' '),
    Client: deadlineClient(cancel, statements, telemetry && observeStatements(telemetry)),
  });
  // A connection that breaks while idle is replaced at its next use, which reports the error.
  pool.on('error', () => undefined);
  statements.watch(pool);
  const clients = new Set<pg.PoolClient>();
  pool.on('connect', (client) => void clients.add(client));
  pool.on('remove', (client) => void clients.delete(client));
  const adapter = new PrismaPg(pool, {
    statementNameGenerator: statementNames(),
    onPoolError: () => undefined,
    onConnectionError: () => undefined,
  });
  const prisma = new PrismaClient({ adapter, errorFormat: 'minimal' });
  readThrough(prisma, pool);
  return {
    prisma,
    pool,
    apart,
    connection,
    renew() {
      // The pool closes a connection with too many uses when it is released.
      for (const client of clients) Object.assign(client, { _poolUseCount: Number.POSITIVE_INFINITY });
      for (let idle = pool.idleCount; idle > 0; idle -= 1)
        void pool.connect().then(
          (client) => client.release(true),
          () => undefined,
        );
    },
    giveUp: (milliseconds) => statements.giveUp(milliseconds),
    async close() {
      const ended = prisma.$disconnect().then(() => pool.end());
      // Statements that still run belong to abandoned requests and must not delay the shutdown.
      await atMost(closeMs, ended);
      const running = [...clients].map((client) => (client as unknown as { processID: number }).processID);
      if (running.length > 0) await atMost(closeMs, cancel(running));
      await atMost(closeMs, ended);
      statements.close();
      await atMost(closeMs, apart.end());
    },
  };
}
