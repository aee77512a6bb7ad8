import type { PrismaClient } from '../db/generated/client.ts';
import { GatehouseError } from '../errors.ts';
import { type AcrossPosition, type ChainPosition, encodePosition, markOf, type Position } from './cursor.ts';

/** @throws CURSOR_EXPIRED if events after the position were removed, or if it is ahead of the newest event. */
export async function assertHeld(prisma: PrismaClient, key: Buffer, position: Position): Promise<void> {
  const found =
    position.feed === 'tenant' ? await inChain(prisma, key, position) : await acrossChains(prisma, key, position);
  if (!found) return;
  const { oldest, ahead } = found;
  throw new GatehouseError(
    'CURSOR_EXPIRED',
    ahead
      ? 'The store was restored, and the event of this cursor is not in it. List again, or continue after oldestCursor.'
      : 'Events after this cursor are no longer kept. List again, or continue after oldestCursor.',
    { oldestCursor: encodePosition(key, oldest), ...(ahead && { ahead }) },
  );
}

interface Lost {
  /** All retained events are after this position. */
  readonly oldest: Position;
  readonly ahead: boolean;
}

async function inChain(prisma: PrismaClient, key: Buffer, at: ChainPosition): Promise<Lost | undefined> {
  const { tenantId, mark } = at;
  const head = (await prisma.auditHead.findFirst({ where: { tenantId } }))?.seq ?? 0n;
  const first = await prisma.auditEvent.findFirst({
    where: { tenantId },
    orderBy: { seq: 'asc' },
    select: { seq: true },
  });
  const firstSeq = first?.seq ?? head + 1n;
  const ahead = at.seq > head || (mark !== undefined && !(await isHeld(prisma, key, { tenantId, seq: at.seq, mark })));
  const oldest = { feed: 'tenant', tenantId, seq: firstSeq - 1n } as const;
  return ahead || firstSeq > at.seq + 1n ? { oldest, ahead } : undefined;
}

/**
 * True if the event with this number has this mark. For a pruned event, the next event has its hash. True if neither
 * exists.
 */
async function isHeld(
  prisma: PrismaClient,
  key: Buffer,
  { tenantId, seq, mark }: { tenantId: string; seq: bigint; mark: string },
): Promise<boolean> {
  const rows = await prisma.auditEvent.findMany({
    where: { tenantId, seq: { in: [seq, seq + 1n] } },
    select: { seq: true, hash: true, prevHash: true },
    orderBy: { seq: 'asc' },
  });
  const [first] = rows;
  return first === undefined || markOf(key, first.seq === seq ? first.hash : first.prevHash) === mark;
}

/**
 * The retained part of each pruned chain starts at a place in the order across all chains. The pruned events are before
 * the latest of these places. A follower cannot continue from a position before it without a gap.
 */
async function acrossChains(prisma: PrismaClient, key: Buffer, at: AcrossPosition): Promise<Lost | undefined> {
  const rows = await prisma.$queryRaw<{ transaction: bigint; ordinal: bigint; next: bigint }[]>`
    SELECT COALESCE(max(begins.transaction), 0) AS transaction,
      COALESCE((max(ARRAY[begins.transaction, begins.ordinal]))[2], 0)::bigint AS ordinal,
      pg_snapshot_xmax(pg_current_snapshot())::text::bigint + (SELECT "transactionOffset" FROM "AccessState") AS next
    FROM "AuditHead" h CROSS JOIN LATERAL (
      SELECT COALESCE(e.transaction, h.transaction) AS transaction, COALESCE(e.ordinal - 1, 9223372036854775807) AS ordinal
      FROM (SELECT) nothing LEFT JOIN LATERAL (
        SELECT transaction, ordinal, seq FROM "AuditEvent" WHERE "tenantId" = h."tenantId" ORDER BY seq LIMIT 1
      ) e ON true
      WHERE h.seq > 0 AND (e.seq IS NULL OR e.seq > 1)
    ) begins`;
  const { transaction, ordinal, next } = rows[0]!;
  const oldest: Position = { feed: 'all', transaction, ordinal };
  if (at.transaction >= next) return { oldest, ahead: true };
  const isBefore = at.transaction < transaction || (at.transaction === transaction && at.ordinal < ordinal);
  if (isBefore) return { oldest, ahead: false };
  if (at.mark === undefined || (at.transaction === transaction && at.ordinal === ordinal)) return undefined;
  // All pruned events are before this position. The event is missing only if the store has another history.
  const held = await prisma.auditEvent.findFirst({ where: { ordinal: at.ordinal }, select: { hash: true } });
  return held && markOf(key, held.hash) === at.mark ? undefined : { oldest, ahead: true };
}
