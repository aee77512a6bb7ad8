import type { AuditEvent, PrismaClient } from '../db/generated/client.ts';

/** A place in the order of commit across all chains. */
export interface Place {
  readonly transaction: bigint;
  readonly ordinal: bigint;
}

/** Behind every event that was committed by now, and before all that come. */
export async function newestPlace(prisma: PrismaClient): Promise<Place> {
  const [row] = await prisma.$queryRaw<{ horizon: bigint }[]>`
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1 AS horizon`;
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
      AND transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    ORDER BY transaction, ordinal LIMIT ${count}`;
  if (ids.length === 0) return [];
  return prisma.auditEvent.findMany({
    where: { id: { in: ids.map(({ id }) => id) } },
    orderBy: [{ transaction: 'asc' }, { ordinal: 'asc' }],
  });
}
