import { createHash } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { Limits } from '../config.ts';
import { deadlineClient } from './deadline.ts';
import type { Connection } from './embedded.ts';
import { PrismaClient } from './generated/client.ts';

export interface Database {
  readonly prisma: PrismaClient;
  readonly pool: pg.Pool;
  readonly connection: Connection;
  close(): Promise<void>;
}

/** At most this many statements get a name: a name keeps a plan in every connection. */
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

export function openDatabase(connection: Connection, limits: Limits): Database {
  // One connection apart, so that cancelling does not wait for the pool it is to free.
  const canceller = new pg.Pool({ ...connection, max: 1, connectionTimeoutMillis: 2_000 });
  canceller.on('error', () => undefined);
  const cancel = (pids: number[]) => {
    canceller.query('SELECT pg_cancel_backend(pid) FROM unnest($1::int[]) pid', [pids]).catch(() => undefined);
  };
  const pool = new pg.Pool({
    ...connection,
    max: limits.poolSize,
    connectionTimeoutMillis: limits.poolWaitMs,
    idleTimeoutMillis: 60_000,
    options: [
      `-c statement_timeout=${limits.bulkMs}`,
      `-c lock_timeout=${limits.requestMs}`,
      `-c idle_in_transaction_session_timeout=${limits.requestMs}`,
      '-c timezone=UTC',
    ].join(' '),
    Client: deadlineClient(cancel),
  } as pg.PoolConfig);
  // A connection that breaks while idle is replaced at the next use; the use itself reports what it meets.
  pool.on('error', () => undefined);
  const adapter = new PrismaPg(pool, {
    statementNameGenerator: statementNames(),
    onPoolError: () => undefined,
    onConnectionError: () => undefined,
  });
  const prisma = new PrismaClient({ adapter, errorFormat: 'minimal' });
  return {
    prisma,
    pool,
    connection,
    async close() {
      await prisma.$disconnect();
      await Promise.all([pool.end(), canceller.end()]);
    },
  };
}
