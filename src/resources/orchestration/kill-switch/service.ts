import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { KillSwitch } from '../../../db/generated/client.ts';
import { changeRow } from '../../../db/rows/change.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { find } from '../../../policy/session/find.ts';
import { assertPeriod, changedPeriod, type PeriodInput } from '../../period.ts';
import type { Behavior } from './active.ts';

export interface KillSwitchContent extends PeriodInput {
  readonly title?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly behavior?: Behavior | null | undefined;
}
export interface NewKillSwitch extends KillSwitchContent {
  readonly title: string;
  readonly behavior: Behavior;
  /** The executions of this namespace and all below it. Omitted: all. */
  readonly namespace?: string | null | undefined;
  /** The executions of this flow in exactly the namespace. */
  readonly flowId?: string | null | undefined;
}

/** Creates a kill switch of a tenant, or of all tenants (null). */
export async function createKillSwitch(
  tx: Tx,
  grant: Grant<'KILL_SWITCH:CREATE'>,
  tenant: TenantRef | null,
  { title, description = null, behavior, namespace, flowId, startsAt, endsAt }: NewKillSwitch,
): Promise<KillSwitch> {
  if (flowId != null && namespace == null)
    throw badInput(['input', 'namespaceName'], 'A flow is named with its namespace.');
  if (namespace != null && !tenant) throw badInput(['input', 'tenantKey'], 'A namespace is named with its tenant.');
  const now = new Date();
  const after = {
    id: newId(),
    tenantId: tenant?.id ?? null,
    title,
    description,
    behavior,
    namespace: namespace ?? '',
    flowId: flowId ?? null,
    startsAt: startsAt ?? now,
    endsAt: endsAt ?? null,
    createdAt: now,
    updatedAt: now,
  };
  assertPeriod(after);
  await grant.review(tx, { before: null, after });
  const row = await tx.killSwitch.create({ data: after });
  record(tx, grant, { before: null, after: row, tenant });
  return row;
}

export async function updateKillSwitch(
  tx: Tx,
  grant: Grant<'KILL_SWITCH:UPDATE'>,
  tenant: TenantRef | null,
  id: string,
  { title, description, behavior, ...period }: KillSwitchContent,
): Promise<KillSwitch> {
  const before = await find<KillSwitch>(tx, grant, 'KILL_SWITCH', id);
  const data = {
    ...(title != null && { title }),
    ...(description !== undefined && { description }),
    ...(behavior != null && { behavior }),
    ...changedPeriod(period),
    updatedAt: new Date(),
  };
  assertPeriod({ ...before, ...data });
  await grant.review(tx, { before, after: { ...before, ...data } });
  const after = await changeRow(tx, 'KillSwitch', before, data);
  record(tx, grant, { before, after, tenant });
  return after;
}

export async function deleteKillSwitch(
  tx: Tx,
  grant: Grant<'KILL_SWITCH:DELETE'>,
  tenant: TenantRef | null,
  id: string,
): Promise<KillSwitch> {
  const before = await find<KillSwitch>(tx, grant, 'KILL_SWITCH', id);
  await grant.review(tx, { before, after: null });
  await tx.killSwitch.delete({ where: { id } });
  record(tx, grant, { before, after: null, tenant });
  return before;
}
