import type { Doer } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { append, envelope } from '../../../audit/record.ts';
import type { Tx } from '../../../db/transaction.ts';
import { deletedWithTenant } from '../../with-tenant.ts';
import { type Counted, recount } from './days.ts';

/** Removes executions with all that belongs to them, for who has already decided. Nobody can add to them meanwhile. */
export async function removeExecutions(
  tx: Tx,
  executions: readonly (Counted & { readonly id: string })[],
): Promise<void> {
  if (executions.length === 0) return;
  const ids = executions.map(({ id }) => id);
  // Who reports of them holds them so that they stay.
  await tx.$executeRaw`SELECT 1 FROM "Execution" WHERE id = ANY(${ids}) ORDER BY id FOR UPDATE`;
  await tx.$executeRaw`DELETE FROM "TaskRun" WHERE "executionKey" = ANY(${ids})`;
  await tx.$executeRaw`DELETE FROM "LogEntry" WHERE "executionKey" = ANY(${ids})`;
  await tx.$executeRaw`DELETE FROM "Metric" WHERE "executionKey" = ANY(${ids})`;
  await tx.$executeRaw`DELETE FROM "Execution" WHERE id = ANY(${ids})`;
  for (const execution of executions) recount(tx, execution, null);
}

/** One event for many executions that go together, with their count. */
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

/** All that a tenant holds, with it. One event tells how many there were. */
deletedWithTenant('EXECUTION', async (tx, { doer }, tenant) => {
  const { id } = tenant;
  // Who reports of them holds them so that they stay: nothing comes to them once what they have is gone.
  await tx.$executeRaw`SELECT 1 FROM "Execution" WHERE "tenantId" = ${id} ORDER BY "executionId" FOR UPDATE`;
  for (const table of ['TaskRun', 'LogEntry', 'Metric', 'Command', 'ExecutionDay'])
    await tx.$executeRawUnsafe(`DELETE FROM "${table}" WHERE "tenantId" = $1`, id);
  const executions = await tx.$executeRaw`DELETE FROM "Execution" WHERE "tenantId" = ${id}`;
  await tx.$executeRaw`DELETE FROM "Removal" WHERE subject = 'Execution' AND "tenantId" = ${id}`;
  if (executions > 0) recordPurge(tx, doer, tenant, { executions });
});
