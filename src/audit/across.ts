import { lockState } from '../access/revision.ts';
import type { AuditEvent, PrismaClient } from '../db/generated/client.ts';
import { inTransaction, type Store, type Tx } from '../db/transaction.ts';

/** A place in the order of commit across all chains. */
export interface Place {
  readonly transaction: bigint;
  readonly ordinal: bigint;
}

/**
 * A place before all events that are committed from now on. While an older transaction is open, on this server and in
 * any of its databases, the last committed events come after this place too.
 */
export async function newestPlace(prisma: PrismaClient): Promise<Place> {
  const [row] = await prisma.$queryRaw<{ horizon: bigint }[]>`
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1 + "transactionOffset" AS horizon FROM "AccessState"`;
  return { transaction: row!.horizon, ordinal: 9_223_372_036_854_775_807n };
}

/**
 * Reads up to `count` events after a place. Transactions commit out of order, so only those below the oldest running
 * transaction are read.
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
 * Aligns transaction numbers after a restore from a dump, whose events have the numbers of another server. If those
 * numbers are higher than this server's, an offset is added to all new ones. Without it, new events would not be
 * delivered or shipped across all chains until the numbers of this server exceed the old ones.
 * @returns true if an offset was added.
 */
export async function alignTransactions(store: Store): Promise<boolean> {
  const isAhead = (db: PrismaClient | Tx) => db.$queryRaw<{ ahead: boolean }[]>`
    SELECT COALESCE((SELECT max(transaction) FROM "AuditHead"), 0)
      >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + "transactionOffset" AS ahead FROM "AccessState"`;
  if (!(await isAhead(store.prisma))[0]!.ahead) return false;
  return inTransaction(store, async (tx) => {
    // Locks are acquired in the same order as in changes of access.
    await lockState(tx);
    // Transactions that are writing events already have a number with the former offset. This lock waits for them.
    await tx.$executeRaw`LOCK TABLE "AuditHead" IN SHARE ROW EXCLUSIVE MODE`;
    if (!(await isAhead(tx))[0]!.ahead) return false;
    await tx.$executeRaw`UPDATE "AccessState" SET "transactionOffset" =
      (SELECT max(transaction) FROM "AuditHead") + 1 - pg_snapshot_xmin(pg_current_snapshot())::text::bigint`;
    return true;
  });
}
