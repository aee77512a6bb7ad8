import type { PrismaClient } from '../db/generated/client.ts';
import { GatehouseError } from '../errors.ts';
import { encodePosition, type Position } from './cursor.ts';

/** @throws CURSOR_EXPIRED where events behind the position are gone, or where it is ahead of all that there is. */
export async function assertHeld(prisma: PrismaClient, key: Buffer, position: Position): Promise<void> {
  const found = position.feed === 'tenant' ? await inChain(prisma, position) : await acrossChains(prisma, position);
  if (!found) return;
  const { oldest, ahead } = found;
  throw new GatehouseError(
    'CURSOR_EXPIRED',
    ahead
      ? 'The cursor is ahead of all events that there are: the store was restored. List anew, or go on behind oldestCursor.'
      : 'Events behind this cursor are not kept any more. List anew, or go on behind oldestCursor.',
    { oldestCursor: encodePosition(key, oldest), ...(ahead && { ahead }) },
  );
}

interface Lost {
  /** Behind it everything is there that will be told. */
  readonly oldest: Position;
  readonly ahead: boolean;
}

async function inChain(prisma: PrismaClient, at: Position & { feed: 'tenant' }): Promise<Lost | undefined> {
  const { tenantId } = at;
  const head = (await prisma.auditHead.findFirst({ where: { tenantId } }))?.seq ?? 0n;
  const first = await prisma.auditEvent.findFirst({
    where: { tenantId },
    orderBy: { seq: 'asc' },
    select: { seq: true },
  });
  const begins = first?.seq ?? head + 1n;
  const ahead = at.seq > head;
  return ahead || begins > at.seq + 1n ? { oldest: { ...at, seq: begins - 1n }, ahead } : undefined;
}

/**
 * Of each chain that lost its beginning, what is left begins at a place in the order across all of them. What was lost is
 * before that place, and so is everything up to it from which nobody can go on without a gap.
 */
async function acrossChains(prisma: PrismaClient, at: Position & { feed: 'all' }): Promise<Lost | undefined> {
  const rows = await prisma.$queryRaw<{ transaction: bigint; ordinal: bigint; next: bigint }[]>`
    SELECT COALESCE(max(begins.transaction), 0) AS transaction,
      COALESCE((max(ARRAY[begins.transaction, begins.ordinal]))[2], 0)::bigint AS ordinal,
      pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next
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
  return isBefore ? { oldest, ahead: false } : undefined;
}
