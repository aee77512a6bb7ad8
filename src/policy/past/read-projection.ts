import type { PrismaClient } from '../../db/generated/client.ts';
import type { Tx } from '../../db/transaction.ts';
import { GatehouseError } from '../../errors.ts';
import type { Json } from '../../lib/json.ts';
import {
  type AccessEvent,
  AccessProjection,
  type AccessResource,
  accessResources,
  IncompleteEvent,
} from './projection.ts';

const batch = 5_000;

/** The projection of a chain at an instant, with the position of its last event. */
export interface ProjectionAt {
  readonly projection: AccessProjection;
  readonly seq: bigint;
}

export const expired = () =>
  new GatehouseError(
    'EXPIRED',
    'The audit events of that time are no longer kept, or do not hold enough to rebuild access.',
  );

/**
 * Reads the projection of a chain ('' for the instance) at an instant: applies all events up to the last one not after
 * the instant, starting from the newest snapshot at or before it, or from the first event.
 * @param kinds the resources to include. Default: all.
 * @throws EXPIRED if events in between are missing, or too old to contain the required data.
 */
export async function projectionAt(
  db: PrismaClient | Tx,
  chain: string,
  instant: Date,
  kinds: readonly AccessResource[] = accessResources,
): Promise<ProjectionAt> {
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
  const projection = new AccessProjection((snapshot?.content ?? undefined) as Json | undefined);
  try {
    for (let at = from; at < to; ) {
      const events = await db.$queryRaw<(AccessEvent & { seq: bigint })[]>`
        SELECT seq, resource, "resourceId", "resourceKey", action, patch, details FROM "AuditEvent"
        WHERE "tenantId" = ${chain} AND seq > ${at} AND seq <= ${to} AND outcome = 'SUCCESS'
          AND resource = ANY(${[...kinds]}::text[]) AND (patch IS NOT NULL OR resource = 'POLICY')
        ORDER BY seq LIMIT ${batch}`;
      for (const event of events) projection.apply(event);
      at = events.length < batch ? to : events.at(-1)!.seq;
    }
  } catch (error) {
    if (error instanceof IncompleteEvent) throw expired();
    throw error;
  }
  // Checked after the read, to detect events that were pruned during it.
  await assertWhole(db, chain, from, to);
  return { projection, seq: to };
}

/** @throws EXPIRED if an event between the two positions, or the one after them, is missing. */
async function assertWhole(db: PrismaClient | Tx, chain: string, from: bigint, to: bigint): Promise<void> {
  const present = await db.auditEvent.count({ where: { tenantId: chain, seq: { gt: from, lte: to } } });
  if (BigInt(present) !== to - from) throw expired();
  // The head is read before the next event, so that an event added in between does not look like a gap.
  const head = await db.auditHead.findFirst({ where: { tenantId: chain } });
  const next = await db.auditEvent.findFirst({
    where: { tenantId: chain, seq: { gt: to } },
    orderBy: { seq: 'asc' },
    select: { seq: true },
  });
  if ((next ? next.seq - 1n : (head?.seq ?? 0n)) !== to) throw expired();
}
