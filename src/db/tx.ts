import type pg from 'pg';
import { type DriverStatement, runOnPool } from './driver.ts';
import type { Prisma, PrismaClient } from './generated/client.ts';
import type { OpenTransaction } from './open-transaction.ts';

/** A transaction, as Prisma's client of it. `statementsOf` sends statements on its connection without Prisma. */
export type Tx = Prisma.TransactionClient;

const known = new WeakMap<Tx, OpenTransaction>();

export const noteTransaction = (tx: Tx, transaction: OpenTransaction): void => void known.set(tx, transaction);

/** The connection of a transaction. */
export function statementsOf(tx: Tx): OpenTransaction {
  const transaction = known.get(tx);
  if (!transaction) throw new Error('The transaction was not started by inTransaction.');
  return transaction;
}

const pools = new WeakMap<object, pg.Pool>();

export const notePool = (prisma: PrismaClient, pool: pg.Pool): void => void pools.set(prisma, pool);

/** Reads with a statement of the driver, within a transaction or outside. @returns rows with the types of Prisma. */
export function readSql<R>(db: PrismaClient | Tx, statement: DriverStatement): Promise<R[]> {
  const pool = pools.get(db);
  return pool ? runOnPool<R>(pool, statement) : statementsOf(db).read<R>(statement);
}
