import { lockState } from '../access/revision.ts';
import type { AuditEvent, PrismaClient } from '../db/generated/client.ts';
import { inTransaction, type Store, type Tx } from '../db/transaction.ts';

/** A place in the order of commit across all chains. */
export interface Place {
  readonly transaction: bigint;
  readonly ordinal: bigint;
}

/** Behind every event that was committed by now, and before all that come. */
export async function newestPlace(prisma: PrismaClient): Promise<Place> {
  const [row] = await prisma.$queryRaw<{ horizon: bigint }[]>`
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1 + "transactionOffset" AS horizon FROM "AccessState"`;
  return { transaction: row!.horizon, ordinal: 9_223_372_036_854_775_807n };
}

/**
 * The events behind a place, at most so many. Transactions commit out of their order: only those below the oldest that
 * still runs are all decided.
 */
export async function readAcross(
  prisma: PrismaClient,
  { transaction, ordinal }: Place,
  count: number,
): Promise<AuditEvent[]> {
  const ids = await prisma.$queryRaw<{ id: string }[]>`
    SELECT id FROM "AuditEvent" WHERE (transaction, ordinal) > (${transaction}, ${ordinal})
      AND transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint + (SELECT "transactionOffset" FROM "AccessState")
    ORDER BY transaction, ordinal LIMIT ${count}`;
  if (ids.length === 0) return [];
  return prisma.auditEvent.findMany({
    where: { id: { in: ids.map(({ id }) => id) } },
    orderBy: [{ transaction: 'asc' }, { ordinal: 'asc' }],
  });
}

/**
 * Events of a dump have the transaction numbers of the server that it came from. Where those are ahead of this server's,
 * what it writes from now on is numbered behind them: else nothing would be told or shipped across all chains until its
 * own numbers had grown past them.
 * @returns whether it was so.
 */
export async function alignTransactions(store: Store): Promise<boolean> {
  const isAhead = (db: PrismaClient | Tx) => db.$queryRaw<{ ahead: boolean }[]>`
    SELECT COALESCE((SELECT max(transaction) FROM "AuditHead"), 0)
      >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + "transactionOffset" AS ahead FROM "AccessState"`;
  if (!(await isAhead(store.prisma))[0]!.ahead) return false;
  return inTransaction(store, async (tx) => {
    // In the order in which changes of access take their locks.
    await lockState(tx);
    // Whoever is writing events has taken a number by the former offset: they are waited for.
    await tx.$executeRaw`LOCK TABLE "AuditHead" IN SHARE ROW EXCLUSIVE MODE`;
    if (!(await isAhead(tx))[0]!.ahead) return false;
    await tx.$executeRaw`UPDATE "AccessState" SET "transactionOffset" =
      (SELECT max(transaction) FROM "AuditHead") + 1 - pg_snapshot_xmin(pg_current_snapshot())::text::bigint`;
    return true;
  });
}
