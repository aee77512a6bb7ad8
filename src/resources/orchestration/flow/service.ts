import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import { wakeFollowers } from '../../../db/change-source.ts';
import type { Flow } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict, GatehouseError, type Issue, notFound } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { find } from '../../../policy/session/find.ts';
import { deletedWithTenant } from '../../with-tenant.ts';
import { ensureNamespaces, lockTree, pruneNamespaces } from '../namespace/service.ts';
import { removeTriggers, resumeTriggers, syncTriggers } from '../trigger/sync.ts';
import { dependenciesOf } from './dependencies.ts';
import { type FlowSource, type ReadFlow, readFlow } from './source.ts';

/** What saving a flow came to. */
export interface SavedFlow {
  readonly flow: Flow;
  readonly outcome: 'CREATED' | 'UPDATED' | 'UNCHANGED';
}

/** @throws BAD_INPUT with every fault and its line. */
export const checkedSource = (source: string): FlowSource => checkedRead(readFlow(source));

/** The same of what was read already. @param path where the source stands in the input. */
export function checkedRead(read: ReadFlow, path: Issue['path'] = ['input', 'source']): FlowSource {
  if (read.ok) return read.flow;
  const issues = read.issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
  const [first, ...more] = issues;
  const rest = more.length > 0 ? ` And ${more.length} more.` : '';
  throw new GatehouseError('BAD_INPUT', `Line ${first?.line ?? 1}: ${first?.message ?? ''}${rest}`, { issues });
}

export interface Saving {
  readonly source: string;
  /** What was read out of it. */
  readonly read: FlowSource;
  /** The revision that the caller began from; 0: none. Another one is a conflict. */
  readonly expectedRevision?: number | null | undefined;
}

export type FlowName = Pick<FlowSource, 'namespace' | 'flowId'>;
/** What is allowed: to make flows, to change them. One of the two may be missing. */
export interface SaveGrants {
  readonly create?: Grant<'FLOW:CREATE'> | undefined;
  readonly update?: Grant<'FLOW:UPDATE'> | undefined;
}

/** The flow of this name, locked; undefined where there is none. */
async function stored(tx: Tx, tenantId: string, { namespace, flowId }: FlowName): Promise<Flow | undefined> {
  const [row] = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM "Flow" WHERE "tenantId" = ${tenantId} AND namespace = ${namespace} AND "flowId" = ${flowId} FOR UPDATE`;
  return row && (await tx.flow.findUniqueOrThrow({ where: { id: row.id } }));
}

/**
 * Holds these flows and all their triggers, in one order whatever that of the list: for who is about to save many.
 * Others that act on many triggers at once lock them in the same order.
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

/** What is stored of a source beside it. */
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
 * Makes a flow, or its next revision, with its triggers. A source that did not change makes none.
 * A flow is disabled as its source says when it comes up, and whenever a revision says otherwise than the one before;
 * between them, as somebody set it.
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
    // Flows come up one after the other: the same one may just be coming.
    await lockTree(tx, tenant.id);
    before = await stored(tx, tenant.id, read);
  }
  const grant = allowed(grants, before);
  if (!before && expectedRevision != null && expectedRevision > 0) {
    const { namespace, flowId } = read;
    // Where they could make none, they do not learn that there is none.
    const place = { tenantId: tenant.id, namespace, flowId };
    throw grant.matches(place) ? notFound('The flow') : grant.refusalOf(place);
  }
  if (before && expectedRevision != null && before.revision !== expectedRevision)
    throw conflict(`The flow is at revision ${before.revision} by now, not at ${expectedRevision}.`);
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
  // What comes up switched on is this saver's act as well: policies that look at who enables triggers are told.
  const enables = await comingUpEnabled(tx, before, read);
  await grant.review(tx, { before: before ?? null, after: { ...next, enables } });
  if (!before) await ensureNamespaces(tx, tenant.id, [namespace]);
  const flow = before
    ? await tx.flow.update({ where: { id: before.id }, data: { ...content, disabled } })
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

/** The triggers that are seen for the first time, and are on. */
async function comingUpEnabled(tx: Tx, before: Flow | undefined, { triggers }: FlowSource): Promise<string[]> {
  const known = before ? await tx.trigger.findMany({ where: { flowKey: before.id }, select: { triggerId: true } }) : [];
  const names = new Set(known.map(({ triggerId }) => triggerId));
  return triggers.filter(({ id, disabled }) => !disabled && !names.has(id)).map(({ id }) => id);
}

/**
 * The grant that saving takes: to change the stored flow, or to make one.
 * @throws of a flow that the doer may not know of, what they would be told without it; where they could make one there,
 * CONFLICT.
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
  if (create) throw conflict(`There is a flow ${before.flowId} in ${before.namespace} already.`);
  throw notFound('The flow');
}

/** Stops a flow, or lets it go on: its triggers are not claimed while it is disabled, and keep their own state. */
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
  const after = await tx.flow.update({ where: { id }, data });
  await lockTriggers(tx, [id]);
  await tx.trigger.updateMany({ where: { flowKey: id }, data: { flowDisabled: disabled } });
  if (!disabled) await resumeTriggers(tx, id);
  wakeFollowers(tx, 'Trigger', tenant.id);
  record(tx, grant, { before, after, tenant, verb: disabled ? 'disable' : 'enable' });
  return after;
}

/** Deletes a flow and the state of its triggers. Its executions stay, and its revisions: one of its name goes on counting. */
export async function deleteFlow(tx: Tx, grant: Grant<'FLOW:DELETE'>, tenant: TenantRef, id: string): Promise<Flow> {
  await lockTree(tx, tenant.id);
  const before = await find<Flow>(tx, grant, 'FLOW', id);
  await grant.review(tx, { before, after: null });
  await removeFlow(tx, grant, tenant, before);
  await pruneNamespaces(tx, tenant.id, before.namespace);
  return before;
}

/** The same without a decision of its own: where a tenant falls. */
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

/** A revision's source with what was read out of it. */
export type RestoredSource = Pick<Saving, 'source' | 'read'>;

/** Makes an earlier revision the newest one again, also of a flow that is gone. @throws NOT_FOUND. */
export async function restoreFlow(
  tx: Tx,
  grants: SaveGrants,
  tenant: TenantRef,
  { namespace, flowId }: FlowName,
  revision: number,
  restored: RestoredSource | undefined,
): Promise<SavedFlow> {
  const before = await stored(tx, tenant.id, { namespace, flowId });
  // Before anything is told of its revisions.
  const grant = allowed(grants, before);
  const row = before ?? { tenantId: tenant.id, namespace, flowId };
  // The answer holds the source of then: it takes reading the flow as well.
  if (!grant.matches(row) || !grant.mayRead(row)) throw grant.refusalOf(row);
  const place = { tenantId: tenant.id, namespace, flowId, revision };
  const former = await tx.flowRevision.findUnique({ where: { tenantId_namespace_flowId_revision: place } });
  if (!former) throw notFound('The revision');
  // It was made since the source was read, or the grants are others by now.
  if (restored?.source !== former.source) throw conflict('The flow changed meanwhile; try again.');
  return saveFlow(tx, grants, tenant, restored);
}

deletedWithTenant('FLOW', async (tx, grant, tenant) => {
  for (const flow of await tx.flow.findMany({ where: { tenantId: tenant.id } }))
    await removeFlow(tx, grant as Grant<'TENANT:DELETE'>, tenant, flow);
  await tx.flowRevision.deleteMany({ where: { tenantId: tenant.id } });
});
