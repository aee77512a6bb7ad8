import type { Prisma } from './generated/client.ts';
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
