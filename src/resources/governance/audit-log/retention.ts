import { append, envelope } from '../../../audit/record.ts';
import { signStatement } from '../../../audit/statement.ts';
import type { Keys } from '../../../auth/keys.ts';
import { inTransaction, type Store, type Tx } from '../../../db/transaction.ts';
import { storeAccessSnapshot } from '../../../policy/past/snapshot.ts';
import { asSystem } from '../../../policy/session/system.ts';

const dayMs = 86_400_000;
const timeoutMs = 60_000;
/** Number of events in one transaction. */
const batch = 10_000n;

export interface Pruning {
  /** Max age of events, in days. */
  readonly keepDays: number;
  /**
   * A chain is pruned once its oldest event exceeds the max age by this much, so about once in that time. Defaults to a
   * day.
   */
  readonly slackMs?: number;
  readonly now?: number;
  /** Names of destinations: events that one of them has not received are kept. */
  readonly destinations?: readonly string[];
}

/**
 * Prunes every chain by age: its oldest events, in parts, during other writes. Each part leaves a signed tombstone
 * with its end, so that the rest of the chain still verifies. The first part records an event in the chain. A snapshot
 * keeps the access at that time, so that access at later times can still be rebuilt.
 * @returns the number of pruned events.
 */
export async function pruneAudit(
  store: Store,
  keys: Pick<Keys, 'signing'>,
  { keepDays, slackMs = dayMs, now = Date.now(), destinations = [] }: Pruning,
): Promise<number> {
  const before = new Date(now - keepDays * dayMs);
  const chains = await store.prisma.$queryRaw<{ tenantId: string }[]>`
    SELECT "tenantId" FROM "AuditHead" h
    WHERE (SELECT at FROM "AuditEvent" e WHERE e."tenantId" = h."tenantId" ORDER BY seq LIMIT 1)
      < ${new Date(before.getTime() - slackMs)}
    ORDER BY "tenantId"`;
  let count = 0;
  for (const { tenantId } of chains) {
    if (await isAwaited(store, tenantId, before, destinations)) continue;
    count += await pruneChain(store, keys, tenantId, before);
  }
  return count;
}

/** True if an event in the range was not yet received by a destination. */
async function isAwaited(store: Store, chain: string, before: Date, destinations: readonly string[]): Promise<boolean> {
  if (destinations.length === 0) return false;
  const places = await store.prisma.auditShipping.findMany({ where: { name: { in: [...destinations] } } });
  if (places.length < destinations.length) return true;
  for (const { transaction, ordinal } of places) {
    const [waiting] = await store.prisma.$queryRaw<unknown[]>`
      SELECT 1 FROM "AuditEvent" WHERE "tenantId" = ${chain} AND at <= ${before}
        AND (transaction, ordinal) > (${transaction}, ${ordinal}) LIMIT 1`;
    if (waiting) return true;
  }
  return false;
}

async function pruneChain(store: Store, keys: Pick<Keys, 'signing'>, chain: string, before: Date): Promise<number> {
  const upTo = await inTransaction(store, (tx) => begin(tx, chain, before), { timeoutMs });
  let count = 0;
  while (upTo !== undefined) {
    const removed = await inTransaction(store, (tx) => pruneSome(tx, keys, chain, upTo), { timeoutMs });
    if (removed === 0) break;
    count += removed;
  }
  return count;
}

/** Writes the access snapshot and records the planned prune in the chain. @returns the last event to prune. */
async function begin(tx: Tx, chain: string, before: Date): Promise<bigint | undefined> {
  const [oldest] = await tx.auditEvent.findMany({ where: { tenantId: chain }, orderBy: { seq: 'asc' }, take: 1 });
  const { seq, id } = await storeAccessSnapshot(tx, chain, before);
  if (!oldest || seq < oldest.seq) return undefined;
  // Earlier snapshots are about times that expire now.
  await tx.accessSnapshot.deleteMany({ where: { tenantId: chain, seq: { lte: seq }, NOT: { id } } });
  const tenant = chain === '' ? null : await tx.tenant.findFirst({ where: { id: chain } });
  append(tx, {
    ...envelope(asSystem('AUDITLOG:READ', 'retention').doer),
    // A deleted tenant still has its chain, which records the prune.
    tenantId: chain,
    tenantKey: tenant?.key ?? oldest.tenantKey,
    type: 'DELETE',
    action: 'auditlog.prune',
    outcome: 'SUCCESS',
    resource: 'AUDITLOG',
    resourceId: '',
    resourceKey: tenant?.key ?? oldest.tenantKey,
    namespace: '',
    patchText: '',
    details: {
      events: Number(seq - oldest.seq + 1n),
      from: String(oldest.seq),
      upTo: String(seq),
      before: before.toISOString(),
    },
  });
  return seq;
}

async function pruneSome(tx: Tx, keys: Pick<Keys, 'signing'>, chain: string, upTo: bigint): Promise<number> {
  const [oldest] = await tx.auditEvent.findMany({ where: { tenantId: chain }, orderBy: { seq: 'asc' }, take: 1 });
  if (!oldest || oldest.seq > upTo) return 0;
  const to = oldest.seq + batch - 1n < upTo ? oldest.seq + batch - 1n : upTo;
  const { seq, hash } = await tx.auditEvent.findUniqueOrThrow({
    where: { tenantId_seq: { tenantId: chain, seq: to } },
  });
  const now = new Date();
  const signed = signStatement(keys.signing[0], {
    kind: 'tombstone',
    tenantId: chain,
    seq,
    hash,
    at: now.toISOString(),
  });
  const [gone] = await tx.$queryRaw<{ events: bigint; transaction: bigint; ordinal: bigint }[]>`
    SELECT * FROM audit_prune(${chain}, ${to})`;
  const { events, transaction, ordinal } = gone!;
  const { keyId, signature } = signed;
  const places = { seq, hash, at: now, keyId, signature, transaction, ordinal };
  await tx.auditTombstone.upsert({
    where: { tenantId: chain },
    create: { tenantId: chain, ...places },
    update: places,
  });
  await tx.auditCheckpoint.deleteMany({ where: { tenantId: chain, seq: { lte: seq } } });
  return Number(events);
}
