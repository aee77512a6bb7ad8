import type { PrismaClient } from '../../db/generated/client.ts';
import type { Tx } from '../../db/transaction.ts';
import { GatehouseError } from '../../errors.ts';
import type { Json } from '../../lib/json.ts';
import { Picture, type Told, type ToldEvent, told, Untold } from './picture.ts';

const batch = 5_000;

/** A chain at an instant. */
export interface Stand {
  readonly picture: Picture;
  readonly seq: bigint;
}

export const expired = () =>
  new GatehouseError(
    'EXPIRED',
    'The audit events of that time are no longer kept, or do not hold enough to rebuild access.',
  );

/**
 * What a chain ('' is the instance's) tells of an instant: all of its events up to the last one whose time is not after
 * it, from the newest snapshot at or before it, or from the first event.
 * @param kinds the resources that matter (default: all).
 * @throws EXPIRED where events in between are missing, or are older than what they must tell.
 */
export async function standOf(
  db: PrismaClient | Tx,
  chain: string,
  instant: Date,
  kinds: readonly Told[] = told,
): Promise<Stand> {
  const snapshot = await db.accessSnapshot.findFirst({
    where: { tenantId: chain, at: { lte: instant } },
    orderBy: [{ at: 'desc' }, { seq: 'desc' }],
  });
  const last = await db.auditEvent.findFirst({
    where: { tenantId: chain, at: { lte: instant } },
    orderBy: [{ at: 'desc' }, { seq: 'desc' }],
    select: { seq: true },
  });
  const from = snapshot?.seq ?? 0n;
  const to = last && last.seq > from ? last.seq : from;
  const picture = new Picture((snapshot?.content ?? undefined) as Json | undefined);
  try {
    for (let at = from; at < to; ) {
      const events = await db.$queryRaw<(ToldEvent & { seq: bigint })[]>`
        SELECT seq, resource, "resourceId", "resourceKey", action, patch, details FROM "AuditEvent"
        WHERE "tenantId" = ${chain} AND seq > ${at} AND seq <= ${to} AND outcome = 'SUCCESS'
          AND resource = ANY(${[...kinds]}::text[]) AND (patch IS NOT NULL OR resource = 'POLICY')
        ORDER BY seq LIMIT ${batch}`;
      for (const event of events) picture.apply(event);
      at = events.length < batch ? to : events.at(-1)!.seq;
    }
  } catch (error) {
    if (error instanceof Untold) throw expired();
    throw error;
  }
  // Afterwards, so that what was pruned while they were read is missed.
  await assertWhole(db, chain, from, to);
  return { picture, seq: to };
}

/** @throws EXPIRED where an event between the two is gone, or the one after them. */
async function assertWhole(db: PrismaClient | Tx, chain: string, from: bigint, to: bigint): Promise<void> {
  const present = await db.auditEvent.count({ where: { tenantId: chain, seq: { gt: from, lte: to } } });
  if (BigInt(present) !== to - from) throw expired();
  // The head before the next event: what is added in between must not look like a gap.
  const head = await db.auditHead.findFirst({ where: { tenantId: chain } });
  const next = await db.auditEvent.findFirst({
    where: { tenantId: chain, seq: { gt: to } },
    orderBy: { seq: 'asc' },
    select: { seq: true },
  });
  if ((next ? next.seq - 1n : (head?.seq ?? 0n)) !== to) throw expired();
}
