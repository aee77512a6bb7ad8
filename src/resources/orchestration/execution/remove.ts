import type { Doer } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { append, envelope } from '../../../audit/record.ts';
import type { Tx } from '../../../db/transaction.ts';
import { deletedWithTenant } from '../../with-tenant.ts';
import { type Counted, recount } from './days.ts';

/** Deletes executions with all their data. The caller has decided already. No data can be added meanwhile. */
export async function removeExecutions(
  tx: Tx,
  executions: readonly (Counted & { readonly id: string })[],
): Promise<void> {
  if (executions.length === 0) return;
  const ids = executions.map(({ id }) => id);
  // Reports lock their executions FOR KEY SHARE.
  await tx.$executeRaw`SELECT 1 FROM "Execution" WHERE id = ANY(${ids}) ORDER BY id FOR UPDATE`;
  await tx.$executeRaw`DELETE FROM "TaskRun" WHERE "executionKey" = ANY(${ids})`;
  await tx.$executeRaw`DELETE FROM "LogEntry" WHERE "executionKey" = ANY(${ids})`;
  await tx.$executeRaw`DELETE FROM "Metric" WHERE "executionKey" = ANY(${ids})`;
  await tx.$executeRaw`DELETE FROM "Execution" WHERE id = ANY(${ids})`;
  for (const execution of executions) recount(tx, execution, null);
}

/** Records one event for a batch of deleted executions, with their number. */
export function recordPurge(
  tx: Tx,
  doer: Doer,
  tenant: TenantRef,
  details: { readonly executions: number; readonly before?: string },
): void {
  append(tx, {
    ...envelope(doer),
    tenantId: tenant.id,
    tenantKey: tenant.key,
    type: 'DELETE',
    action: 'execution.purge',
    outcome: 'SUCCESS',
    resource: 'EXECUTION',
    resourceId: '',
    resourceKey: '',
    namespace: '',
    patchText: '',
    details: { ...details },
  });
}

/** Deletes all executions of a tenant. One event has their number. */
deletedWithTenant('EXECUTION', async (tx, { doer }, tenant) => {
  const { id } = tenant;
  // Reports lock their executions, so no data arrives after the parts are deleted.
  await tx.$executeRaw`SELECT 1 FROM "Execution" WHERE "tenantId" = ${id} ORDER BY "executionId" FOR UPDATE`;
  for (const table of ['TaskRun', 'LogEntry', 'Metric', 'Command', 'ExecutionDay', 'ExecutionHour'])
    await tx.$executeRawUnsafe(`DELETE FROM "${table}" WHERE "tenantId" = $1`, id);
  const executions = await tx.$executeRaw`DELETE FROM "Execution" WHERE "tenantId" = ${id}`;
  await tx.$executeRaw`DELETE FROM "Removal" WHERE subject = 'Execution' AND "tenantId" = ${id}`;
  if (executions > 0) recordPurge(tx, doer, tenant, { executions });
});
