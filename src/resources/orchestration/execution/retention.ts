import type { TenantRef } from '../../../access/tenant-ref.ts';
import { wakeFollowers } from '../../../db/change-source.ts';
import { inTransaction, type Store, type Tx } from '../../../db/transaction.ts';
import { asSystem } from '../../../policy/session/system.ts';
import { recordPurge, removeExecutions } from './remove.ts';
import type { KnownExecution } from './report-items.ts';

const batch = 200;
const dayMs = 86_400_000;
const timeoutMs = 60_000;

/**
 * Deletes ended executions that started more than the given number of days ago, with all their data. The setting of a
 * tenant can be shorter. It works in small
 * batches, so that writes continue. The event of a run is in the transaction of its first batch, with the number of
 * executions and the cutoff.
 * @returns the number of deleted executions.
 */
export async function purgeExecutions(store: Store, keepDays?: number, now = Date.now()): Promise<number> {
  const tenants = await store.prisma.$queryRaw<(TenantRef & { days: number | null })[]>`
    SELECT id, key, (settings->>'executionDays')::int AS days FROM "Tenant" ORDER BY id`;
  let count = 0;
  for (const { days, ...tenant } of tenants) {
    const kept = Math.min(days ?? Number.POSITIVE_INFINITY, keepDays ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(kept)) count += await purgeTenant(store, tenant, new Date(now - kept * dayMs));
  }
  return count;
}

async function purgeTenant(store: Store, tenant: TenantRef, before: Date): Promise<number> {
  let count = 0;
  for (;;) {
    const isFirst = count === 0;
    const removed = await inTransaction(store, (tx) => purgeSome(tx, tenant, before, isFirst), { timeoutMs });
    count += removed;
    if (removed < batch) return count;
  }
}

async function purgeSome(tx: Tx, tenant: TenantRef, before: Date, isFirst: boolean): Promise<number> {
  const rows = await tx.$queryRaw<KnownExecution[]>`
    SELECT id, "tenantId", namespace, "startedAt", state, "durationMs" FROM "Execution"
    WHERE "tenantId" = ${tenant.id} AND "startedAt" < ${before} AND "endedAt" < ${before}
    ORDER BY "startedAt", id LIMIT ${batch} FOR UPDATE SKIP LOCKED`;
  if (rows.length === 0) return 0;
  if (isFirst) {
    const all = { tenantId: tenant.id, startedAt: { lt: before }, endedAt: { lt: before } };
    const { doer } = asSystem('EXECUTION:DELETE', 'retention');
    const executions = rows.length < batch ? rows.length : await tx.execution.count({ where: all });
    recordPurge(tx, doer, tenant, { executions, before: before.toISOString() });
  }
  await removeExecutions(tx, rows);
  wakeFollowers(tx, 'Execution', tenant.id);
  return rows.length;
}
