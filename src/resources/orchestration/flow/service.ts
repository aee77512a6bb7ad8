import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import { wakeFollowers } from '../../../db/change-source.ts';
import type { Flow } from '../../../db/generated/client.ts';
import { rowsOf } from '../../../db/rows/rows.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict, GatehouseError, type Issue, notFound } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { find } from '../../../policy/session/find.ts';
import { deletedWithTenant } from '../../with-tenant.ts';
import { assertNamespace, ensureNamespaces, lockTree, pruneNamespaces } from '../namespace/service.ts';
import type { DeclaredTrigger } from '../trigger/declared.ts';
import { removeTriggers, resumeTriggers, syncTriggers } from '../trigger/sync.ts';
import { dependenciesOf } from './dependencies.ts';
import { type FlowSource, type ReadFlow, readFlow } from './source.ts';

/** Outcome of saving a flow. */
export interface SavedFlow {
  readonly flow: Flow;
  readonly outcome: 'CREATED' | 'UPDATED' | 'UNCHANGED';
}

/** @throws BAD_INPUT with all errors and their lines. */
export const checkedSource = (source: string): FlowSource => checkedRead(readFlow(source));

/** The same for a parsed source. @param path path of the source in the input. */
export function checkedRead(read: ReadFlow, path: Issue['path'] = ['input', 'source']): FlowSource {
  if (read.ok) return read.flow;
  const issues = read.issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
  const [first, ...more] = issues;
  const rest = more.length > 0 ? ` And ${more.length} more.` : '';
  throw new GatehouseError('BAD_INPUT', `Line ${first?.line ?? 1}: ${first?.message ?? ''}${rest}`, { issues });
}

export interface Saving {
  readonly source: string;
  /** The parsed source. */
  readonly read: FlowSource;
  /** The revision that the caller has read; 0 for none. Another current revision is a conflict. */
  readonly expectedRevision?: number | null | undefined;
}

export type FlowName = Pick<FlowSource, 'namespace' | 'flowId'>;
/** Grants to create and to update flows. One can be missing. */
export interface SaveGrants {
  readonly create?: Grant<'FLOW:CREATE'> | undefined;
  readonly update?: Grant<'FLOW:UPDATE'> | undefined;
}

/** The flow with this name, locked; undefined if it does not exist. */
async function stored(tx: Tx, tenantId: string, { namespace, flowId }: FlowName): Promise<Flow | undefined> {
  const [row] = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM "Flow" WHERE "tenantId" = ${tenantId} AND namespace = ${namespace} AND "flowId" = ${flowId} FOR UPDATE`;
  return row && (await tx.flow.findUniqueOrThrow({ where: { id: row.id } }));
}

/**
 * Locks these flows and all their triggers in a fixed order, to save many. Other bulk operations on triggers use the
 * same order.
 */
export async function lockFlows(tx: Tx, tenantId: string, names: readonly FlowName[]): Promise<void> {
  await lockTree(tx, tenantId);
  const [namespaces, flowIds] = [names.map(({ namespace }) => namespace), names.map(({ flowId }) => flowId)];
  const flows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM "Flow" WHERE id IN (
      SELECT f.id FROM unnest(${namespaces}::text[], ${flowIds}::text[]) AS s (namespace, "flowId")
        JOIN "Flow" f USING (namespace, "flowId") WHERE f."tenantId" = ${tenantId})
    ORDER BY id FOR UPDATE`;
  await lockTriggers(
    tx,
    flows.map(({ id }) => id),
  );
}

const lockTriggers = (tx: Tx, flowKeys: readonly string[]): Promise<unknown> =>
  tx.$executeRaw`SELECT 1 FROM "Trigger" WHERE "flowKey" = ANY(${[...flowKeys]}) ORDER BY id FOR UPDATE`;

const labelTexts = (labels: FlowSource['labels']): string[] =>
  Object.entries(labels).map(([key, value]) => `${key}:${value}`);

/** Columns derived from a source. */
const contentOf = (source: string, { description, labels, tasks, inputs, disabled }: FlowSource) => ({
  source,
  description,
  declaredDisabled: disabled,
  labels: labels as object,
  labelTexts: labelTexts(labels),
  tasks: tasks as unknown as object,
  inputs: inputs as unknown as object,
  taskCount: tasks.filter(({ parentId }) => parentId === null).length,
});

/**
 * Creates a flow, or its next revision, with its triggers. An unchanged source creates no revision. A new flow takes
 * `disabled` from its source, and so does a revision that changes it; otherwise the state set by users is kept.
 */
export async function saveFlow(
  tx: Tx,
  grants: SaveGrants,
  tenant: TenantRef,
  { source, read, expectedRevision }: Saving,
): Promise<SavedFlow> {
  const now = new Date();
  let before = await stored(tx, tenant.id, read);
  if (!before) {
    // Locks the name: the same flow may be in creation.
    await lockTree(tx, tenant.id);
    before = await stored(tx, tenant.id, read);
  }
  const grant = allowed(grants, before);
  if (!before && expectedRevision != null && expectedRevision > 0) {
    const { namespace, flowId } = read;
    // Callers who could not create a flow do not learn that it does not exist.
    const place = { tenantId: tenant.id, namespace, flowId };
    throw grant.matches(place) ? notFound('The flow') : grant.refusalOf(place);
  }
  if (before && expectedRevision != null && before.revision !== expectedRevision)
    throw conflict(`The flow is at revision ${before.revision}, not at ${expectedRevision}. Read it again.`);
  if (before?.source === source) return { flow: before, outcome: 'UNCHANGED' };

  const { namespace, flowId } = read;
  const newest = await tx.flowRevision.aggregate({
    where: { tenantId: tenant.id, namespace, flowId },
    _max: { revision: true },
  });
  const content = { ...contentOf(source, read), revision: (newest._max.revision ?? 0) + 1, updatedAt: now };
  const disabled = before && before.declaredDisabled === read.disabled ? before.disabled : read.disabled;
  const place = { tenantId: tenant.id, namespace, flowId };
  const next = before
    ? { ...before, ...content, disabled }
    : { id: newId(), ...place, ...content, disabled, createdAt: now };
  // A new enabled trigger is also an act of this caller: policies on enabling triggers see it.
  const enables = await comingUpEnabled(tx, before, read);
  const triggers = read.triggers.map(schedulesOf);
  await grant.review(tx, { before: before ?? null, after: { ...next, enables, triggers } });
  if (!before) {
    await assertNamespace(tx, tenant.id, namespace);
    await ensureNamespaces(tx, tenant.id, [namespace]);
  }
  const flow = before
    ? await rowsOf(tx).update('Flow', before.id, { ...content, disabled })
    : await tx.flow.create({ data: next });
  const { doer } = grant;
  await tx.flowRevision.create({
    data: {
      id: newId(),
      ...place,
      revision: flow.revision,
      source,
      authorKind: doer.kind,
      authorId: doer.id,
      authorName: doer.name,
      reason: doer.reason ?? null,
      createdAt: now,
    },
  });
  if (before) await tx.flowDependency.deleteMany({ where: { flowKey: flow.id } });
  const dependencies = dependenciesOf(read).map((one) => ({
    id: newId(),
    tenantId: tenant.id,
    flowKey: flow.id,
    ...one,
  }));
  if (dependencies.length > 0) await tx.flowDependency.createMany({ data: dependencies });
  record(tx, grant, { resource: 'FLOW', before: before ?? null, after: flow, tenant });
  await syncTriggers(tx, grant, tenant, flow, read.triggers, now);
  return { flow, outcome: before ? 'UPDATED' : 'CREATED' };
}

/** What policies see of a trigger. */
export const schedulesOf = ({ id, type, definition }: DeclaredTrigger) => ({
  id,
  type,
  cron: definition['cron'] ?? null,
  withSeconds: definition['withSeconds'] ?? false,
});

/** New triggers that are enabled. */
async function comingUpEnabled(tx: Tx, before: Flow | undefined, { triggers }: FlowSource): Promise<string[]> {
  const known = before ? await tx.trigger.findMany({ where: { flowKey: before.id }, select: { triggerId: true } }) : [];
  const names = new Set(known.map(({ triggerId }) => triggerId));
  return triggers.filter(({ id, disabled }) => !disabled && !names.has(id)).map(({ id }) => id);
}

/**
 * The grant for saving: to update the stored flow, or to create one.
 * @throws for a flow that the doer cannot read, the same error as if it did not exist; CONFLICT if they could create
 * one there.
 */
function allowed(
  { create, update }: SaveGrants,
  before: Flow | undefined,
): Grant<'FLOW:CREATE'> | Grant<'FLOW:UPDATE'> {
  if (!before) {
    if (create) return create;
    throw notFound('The flow');
  }
  if (update?.matches(before)) return update;
  if (update?.mayRead(before)) throw update.refusalOf(before);
  if (create && !create.mayRead(before) && !create.matches(before)) throw create.refusalOf(before);
  if (create) throw conflict(`The flow ${before.flowId} already exists in ${before.namespace}.`);
  throw notFound('The flow');
}

/** Disables or enables a flow. The triggers of a disabled flow are not claimed. They keep their own state. */
export async function setFlowDisabled(
  tx: Tx,
  grant: Grant<'FLOW:UPDATE'>,
  tenant: TenantRef,
  id: string,
  disabled: boolean,
): Promise<Flow> {
  const before = await find<Flow>(tx, grant, 'FLOW', id);
  if (before.disabled === disabled) return before;
  const data = { disabled, updatedAt: new Date() };
  await grant.review(tx, { before, after: { ...before, ...data } });
  const after = await rowsOf(tx).update('Flow', id, data);
  await lockTriggers(tx, [id]);
  await tx.trigger.updateMany({ where: { flowKey: id }, data: { flowDisabled: disabled } });
  if (!disabled) await resumeTriggers(tx, id);
  wakeFollowers(tx, 'Trigger', tenant.id);
  record(tx, grant, { before, after, tenant, verb: disabled ? 'disable' : 'enable' });
  return after;
}

/**
 * Deletes a flow and the state of its triggers. Executions and revisions are kept: a new flow of that name continues
 * the numbering.
 */
export async function deleteFlow(tx: Tx, grant: Grant<'FLOW:DELETE'>, tenant: TenantRef, id: string): Promise<Flow> {
  await lockTree(tx, tenant.id);
  const before = await find<Flow>(tx, grant, 'FLOW', id);
  await grant.review(tx, { before, after: null });
  await removeFlow(tx, grant, tenant, before);
  await pruneNamespaces(tx, tenant.id, before.namespace);
  return before;
}

/** The same without a decision, when the tenant is deleted. */
export async function removeFlow(
  tx: Tx,
  grant: Grant<'FLOW:DELETE'> | Grant<'TENANT:DELETE'>,
  tenant: TenantRef,
  flow: Flow,
): Promise<void> {
  await lockTriggers(tx, [flow.id]);
  await removeTriggers(tx, grant, tenant, await tx.trigger.findMany({ where: { flowKey: flow.id } }));
  await tx.flowDependency.deleteMany({ where: { flowKey: flow.id } });
  await tx.flow.delete({ where: { id: flow.id } });
  record(tx, grant, { resource: 'FLOW', before: flow, after: null, tenant });
}

/** Source of a revision, parsed. */
export type RestoredSource = Pick<Saving, 'source' | 'read'>;

/** Restores an earlier revision as the latest one, also of a deleted flow. @throws NOT_FOUND. */
export async function restoreFlow(
  tx: Tx,
  grants: SaveGrants,
  tenant: TenantRef,
  { namespace, flowId }: FlowName,
  revision: number,
  restored: RestoredSource | undefined,
): Promise<SavedFlow> {
  const before = await stored(tx, tenant.id, { namespace, flowId });
  // Before the response reveals its revisions.
  const grant = allowed(grants, before);
  const row = before ?? { tenantId: tenant.id, namespace, flowId };
  // The response includes the restored source, so it also requires FLOW:READ.
  if (!grant.matches(row) || !grant.mayRead(row)) throw grant.refusalOf(row);
  const place = { tenantId: tenant.id, namespace, flowId, revision };
  const former = await tx.flowRevision.findUnique({ where: { tenantId_namespace_flowId_revision: place } });
  if (!former) throw notFound('The revision');
  // The flow was created, or the grants changed, since the source was read.
  if (restored?.source !== former.source) throw conflict('The flow has changed since it was read. Retry.');
  return saveFlow(tx, grants, tenant, restored);
}

deletedWithTenant('FLOW', async (tx, grant, tenant) => {
  for (const flow of await tx.flow.findMany({ where: { tenantId: tenant.id } }))
    await removeFlow(tx, grant as Grant<'TENANT:DELETE'>, tenant, flow);
  await tx.flowRevision.deleteMany({ where: { tenantId: tenant.id } });
  await tx.triggerLog.deleteMany({ where: { tenantId: tenant.id } });
});
