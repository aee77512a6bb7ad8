import { append, envelope } from '../../../audit/record.ts';
import { signStatement } from '../../../audit/statement.ts';
import type { Keys } from '../../../auth/keys.ts';
import { inTransaction, type Store, type Tx } from '../../../db/transaction.ts';
import { storeAccessSnapshot } from '../../../policy/past/snapshot.ts';
import { asSystem } from '../../../policy/session/system.ts';

const dayMs = 86_400_000;
const timeoutMs = 60_000;
/** Events that go in one transaction. */
const batch = 10_000n;

export interface Pruning {
  /** Events that are older than so many days go. */
  readonly keepDays: number;
  /** A chain is pruned when its oldest event is older by so much more: about once in that time. Default: a day. */
  readonly slackMs?: number;
  readonly now?: number;
  /** Names of destinations: what one of them has not got yet stays. */
  readonly destinations?: readonly string[];
}

/**
 * Prunes every chain by age: a range of its oldest events, in parts, while others write. Each part leaves a signed
 * tombstone that says up to where, so that the rest is still a chain that verifies; the first part is an event of the
 * chain. What access was at that time is kept in a snapshot, so that later instants are still told.
 * @returns how many events went.
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

/** Is there an event among those that would go which a destination has not got yet? */
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

/** Keeps what the events tell of access, and says in the chain what is to go. @returns up to which event. */
async function begin(tx: Tx, chain: string, before: Date): Promise<bigint | undefined> {
  const [oldest] = await tx.auditEvent.findMany({ where: { tenantId: chain }, orderBy: { seq: 'asc' }, take: 1 });
  const { seq, id } = await storeAccessSnapshot(tx, chain, before);
  if (!oldest || seq < oldest.seq) return undefined;
  // Earlier ones tell of instants that expire now.
  await tx.accessSnapshot.deleteMany({ where: { tenantId: chain, seq: { lte: seq }, NOT: { id } } });
  const tenant = chain === '' ? null : await tx.tenant.findFirst({ where: { id: chain } });
  append(tx, {
    ...envelope(asSystem('AUDITLOG:READ', 'retention').doer),
    // A tenant that is gone has its own chain still; it is told there.
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
