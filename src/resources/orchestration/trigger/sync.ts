import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import { wakeFollowers } from '../../../db/change-source.ts';
import { type Flow, Prisma, type Trigger } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { newId } from '../../../lib/ids.ts';
import { canonicalJson } from '../../../lib/json.ts';
import type { DeclaredTrigger } from './declared.ts';
import { firstDue } from './due.ts';
import { dueOnceEnabled } from './enabling.ts';
import { effectiveGroups } from './groups.ts';

type FlowGrant = Grant<'FLOW:CREATE'> | Grant<'FLOW:UPDATE'> | Grant<'FLOW:DELETE'> | Grant<'TENANT:DELETE'>;

/**
 * Syncs the triggers of a flow with its source. An existing trigger stays enabled or disabled; a new one follows the
 * source. A changed declaration resets the dates and ends a backfill. Records an event for each trigger created,
 * changed or deleted.
 */
export async function syncTriggers(
  tx: Tx,
  grant: FlowGrant,
  tenant: TenantRef,
  flow: Pick<Flow, 'id' | 'tenantId' | 'namespace' | 'flowId' | 'disabled'>,
  declared: readonly DeclaredTrigger[],
  now: Date,
): Promise<void> {
  await tx.$executeRaw`SELECT 1 FROM "Trigger" WHERE "flowKey" = ${flow.id} ORDER BY id FOR UPDATE`;
  const stored = new Map(
    (await tx.trigger.findMany({ where: { flowKey: flow.id } })).map((row) => [row.triggerId, row]),
  );
  if (stored.size === 0 && declared.length === 0) return;
  wakeFollowers(tx, 'Trigger', tenant.id);
  const groups = await effectiveGroups(tx, tenant.id, flow.namespace);
  const seen: Prisma.TriggerCreateManyInput[] = [];
  for (const one of declared) {
    const group = groups(one.workerGroup);
    const before = stored.get(one.id);
    stored.delete(one.id);
    if (!before) {
      seen.push({ ...firstSight(one, flow, grant, now), ...group });
      continue;
    }
    const isSame = canonicalJson(before.definition) === canonicalJson(one.definition);
    const data = {
      ...(!isSame && redefined(one, before, now)),
      ...(before.declaredDisabled !== one.disabled && { declaredDisabled: one.disabled }),
      ...((before.workerGroup !== group.workerGroup || before.workerGroupFallback !== group.workerGroupFallback) &&
        group),
      ...(before.flowDisabled !== flow.disabled && { flowDisabled: flow.disabled }),
      ...(isSame &&
        before.flowDisabled &&
        !flow.disabled &&
        !before.disabled &&
        dueOnceEnabled(before, now, undefined)),
    };
    if (Object.keys(data).length === 0) continue;
    const after = await tx.trigger.update({
      where: { id: before.id },
      data: { ...data, version: { increment: 1 }, updatedAt: now } as never,
    });
    const details = isSame ? undefined : { details: { definition: 'changed' } };
    record(tx, grant, { resource: 'TRIGGER', before, after, tenant, ...details });
  }
  for (const after of await tx.trigger.createManyAndReturn({ data: seen }))
    record(tx, grant, { resource: 'TRIGGER', before: null, after, tenant });
  await removeTriggers(tx, grant, tenant, [...stored.values()]);
}

/** Continues the triggers of an enabled flow: missed dates are skipped unless the source recovers them. */
export async function resumeTriggers(tx: Tx, flowKey: string): Promise<void> {
  const now = new Date();
  const behind = {
    flowKey,
    disabled: false,
    kind: 'SCHEDULE',
    OR: [{ nextExecutionAt: { lt: now } }, { backfill: { not: Prisma.DbNull } }],
  };
  for (const row of await tx.trigger.findMany({ where: behind }))
    await tx.trigger.update({ where: { id: row.id }, data: dueOnceEnabled(row, now, undefined) });
}

/** Deletes the state of triggers that are no longer declared. */
export async function removeTriggers(
  tx: Tx,
  grant: FlowGrant,
  tenant: TenantRef,
  rows: readonly Trigger[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.trigger.deleteMany({ where: { id: { in: rows.map(({ id }) => id) } } });
  for (const before of rows) record(tx, grant, { resource: 'TRIGGER', before, after: null, tenant });
}

/** The initial state of a trigger, from its declaration and its flow. */
export function firstSight(
  { id: triggerId, type, kind, disabled, stopAfter, definition }: DeclaredTrigger,
  {
    id: flowKey,
    tenantId,
    namespace,
    flowId,
    disabled: flowDisabled,
  }: Pick<Flow, 'id' | 'tenantId' | 'namespace' | 'flowId' | 'disabled'>,
  { doer }: Pick<Grant, 'doer'>,
  now: Date,
) {
  return {
    id: newId(),
    tenantId,
    namespace,
    flowId,
    triggerId,
    flowKey,
    type,
    kind,
    definition: definition as Prisma.InputJsonObject,
    disabled,
    declaredDisabled: disabled,
    disabledReason: disabled ? 'SOURCE' : null,
    stateById: doer.id,
    stateByName: doer.name,
    stateAt: now,
    flowDisabled,
    nextExecutionAt: disabled ? null : firstDue({ kind, definition }, now),
    stopAfter: [...stopAfter],
  };
}

/** Fields that change with a declaration. A running execution continues and keeps its lock until it ends. */
const redefined = ({ type, kind, stopAfter, definition }: DeclaredTrigger, { disabled }: Trigger, now: Date) => ({
  type,
  kind,
  definition,
  stopAfter: [...stopAfter],
  evaluatedAt: disabled ? now : null,
  backfill: Prisma.DbNull,
  nextExecutionAt: disabled ? null : firstDue({ kind, definition }, now),
});
