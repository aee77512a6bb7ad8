import { z } from 'zod';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import type { Tx } from '../../../db/transaction.ts';
import type { Issue } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { type Condition, refOf } from '../../../graphql/connection/connection-type.ts';
import { anyCondition, nothing } from '../../../graphql/connection/reach.ts';
import type { Context } from '../../../graphql/context.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { checkLater } from '../../../graphql/mutation/item-input.ts';
import type { PayloadBuilder } from '../../../graphql/mutation/spec.ts';
import { byId, type InTenant, inTenant } from '../../../graphql/mutation/target.ts';
import { globalId } from '../../../graphql/node.ts';
import { namespaceName } from '../namespace/service.ts';
import { readSource } from './reading.ts';
import {
  checkedRead,
  deleteFlow,
  type FlowName,
  type RestoredSource,
  restoreFlow,
  type SavedFlow,
  type SaveGrants,
  saveFlow,
  setFlowDisabled,
} from './service.ts';
import { flowId, type ReadFlow } from './source.ts';

const outcomes = {
  CREATED: { description: 'The flow was created.' },
  UPDATED: { description: 'A new revision was saved.' },
  UNCHANGED: { description: 'The source was unchanged.' },
} as const;
export const OutcomeEnum = builder.enumType('FlowOutcome', {
  description: 'Outcome of saving a flow.',
  values: outcomes,
});

/** The grants that the caller has; the service chooses between them. */
export const saveGrants = ({ session }: Context, { id }: TenantRef): SaveGrants => ({
  create: session.may('FLOW:CREATE', { tenantId: id }),
  update: session.may('FLOW:UPDATE', { tenantId: id }),
});

/** Saving creates or updates a flow: the caller needs one of the permissions before the input is read. */
export const savingPermissions = ['FLOW:CREATE', 'FLOW:UPDATE'] as const;

/** FLOW:UPDATE if the caller can see that all flows exist, else FLOW:CREATE. */
export async function savingPermission(
  names: readonly FlowName[],
  { tenant }: InTenant,
  { session, db }: Context,
): Promise<(typeof savingPermissions)[number]> {
  const tenantId = tenant.id;
  const reach = (['FLOW:READ', 'FLOW:UPDATE'] as const).flatMap((permission) => {
    const grant = session.may(permission, { tenantId });
    return grant ? [grant.where as Condition] : [];
  });
  const known = anyCondition(reach) ?? nothing;
  const named = { tenantId, OR: names.map(({ namespace, flowId: name }) => ({ namespace, flowId: name })) };
  const there = names.length === 0 ? 0 : await db.flow.count({ where: { AND: [named, known] } as never });
  const all = new Set(names.map(({ namespace, flowId: name }) => `${namespace}/${name}`)).size;
  return there === all && all > 0 ? 'FLOW:UPDATE' : 'FLOW:CREATE';
}

/** Uses the grant that the mutation was decided with. Another grant would be recorded as unused. */
const own = ({ permission }: { permission: string }, grants: SaveGrants): SaveGrants =>
  permission === 'FLOW:UPDATE' ? { update: grants.update } : { create: grants.create };

/** The source of a revision, read before the transaction; undefined if the caller is not allowed to restore it. */
async function readRevision(
  context: Context,
  tenant: TenantRef,
  { namespace, flowId: name }: FlowName,
  revision: number,
): Promise<RestoredSource | undefined> {
  const row = { tenantId: tenant.id, namespace, flowId: name };
  const { create, update } = saveGrants(context, tenant);
  if (![create, update].some((grant) => grant?.matches(row) && grant.mayRead(row))) return undefined;
  const key = { ...row, revision };
  const stored = await context.db.flowRevision.findFirst({ where: key, select: { source: true } });
  if (!stored) return undefined;
  return { source: stored.source, read: checkedRead(await readSource(stored.source, context)) };
}

// A source with characters that cannot be stored is refused with its line.
checkLater('SaveFlowInput', 'source');
checkLater('ValidateFlowInput', 'source');

const savedPayload = (t: PayloadBuilder<SavedFlow>) => ({
  flow: t.field({
    type: refOf('Flow') as never,
    nullable: true,
    description: 'The flow.',
    resolve: ({ result }) => result.flow as never,
  }),
  outcome: t.field({
    type: OutcomeEnum,
    description: 'Outcome of saving the flow.',
    resolve: ({ result }) => result.outcome,
  }),
});

mutation('saveFlow', {
  description:
    'Creates a flow from a YAML source, or saves its next revision, with its triggers. An existing flow requires FLOW:UPDATE.',
  permission: 'FLOW:CREATE' as 'FLOW:CREATE' | 'FLOW:UPDATE',
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    source: t.string({ required: true, description: 'YAML source, at most 500,000 bytes. Stored byte for byte.' }),
    expectedRevision: t.int({
      description: 'The current revision, 0 for a new flow. If it differs, the request fails with CONFLICT.',
    }),
  }),
  alternatives: savingPermissions,
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  prepare: async ({ source }, _target, context) => ({ read: checkedRead(await readSource(source, context)) }),
  choose: ({ read }, target, context) => savingPermission([read], target, context),
  run: (tx, grant, input, { tenant: of }, context) => saveFlow(tx, own(grant, saveGrants(context, of)), of, input),
  payload: savedPayload,
});

mutation('restoreFlowRevision', {
  description:
    'Restores an earlier revision as the latest one. This also restores a deleted flow. Requires FLOW:READ, and FLOW:UPDATE for an existing flow.',
  permission: 'FLOW:CREATE' as 'FLOW:CREATE' | 'FLOW:UPDATE',
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    namespaceName: t.string({ required: true, description: 'Full name of the namespace.' }),
    flowId: t.string({ required: true, description: 'ID of the flow in its namespace.' }),
    revision: t.int({ required: true, description: 'Number of the revision.' }),
  }),
  rules: z.looseObject({
    namespaceName,
    flowId,
    revision: z.int().positive('A revision must be 1 or more.'),
  }),
  alternatives: savingPermissions,
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  prepare: async ({ namespaceName: namespace, flowId: name, revision }, { tenant: of }, context) => ({
    named: { namespace, flowId: name },
    restored: await readRevision(context, of, { namespace, flowId: name }, revision),
  }),
  choose: ({ named }, target, context) => savingPermission([named], target, context),
  run: (tx, grant, { named, revision, restored }, { tenant: of }, context) =>
    restoreFlow(tx, own(grant, saveGrants(context, of)), of, named, revision, restored),
  payload: savedPayload,
});

mutation('setFlowDisabled', {
  description: 'Disables or enables a flow. The source is unchanged, and triggers keep their own state.',
  permission: 'FLOW:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'Global ID of the flow.' }),
    disabled: t.boolean({ required: true, description: 'True to disable, false to enable.' }),
  }),
  target: ({ id }, context) => byId('FLOW', 'Flow', id, context),
  locksTarget: true,
  run: (tx, grant, { disabled }, { tenant: of, id }) => setFlowDisabled(tx, grant, of, id, disabled),
  payload: (t) => ({ flow: changed(t, refOf('Flow'), 'The flow.') }),
});

mutation('deleteFlow', {
  description: 'Deletes a flow and the state of its triggers. Its executions and revisions are kept.',
  permission: 'FLOW:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'Global ID of the flow.' }) }),
  target: ({ id }, context) => byId('FLOW', 'Flow', id, context),
  run: (tx, grant, _input, { tenant: of, id }) => deleteFlow(tx, grant, of, id),
  payload: (t) => ({
    deletedId: t.id({ description: 'ID of the deleted object.', resolve: ({ result }) => globalId('Flow', result.id) }),
  }),
});

const IssueRef = builder.objectRef<Issue>('SourceIssue').implement({
  description: 'An error in a source.',
  fields: (t) => ({
    line: t.int({ description: 'Line number, from 1.', resolve: ({ line }) => line ?? 1 }),
    path: t.stringList({ description: 'Path in the document.', resolve: ({ path }) => path.map(String) }),
    message: t.exposeString('message', { description: 'What is wrong.' }),
  }),
});

interface Validated {
  readonly name: FlowName | null;
  readonly issues: readonly Issue[];
}

const validated = (read: ReadFlow): Validated =>
  read.ok ? { name: read.flow, issues: [] } : { name: null, issues: read.issues };

mutation('validateFlow', {
  description: 'Checks a source as saveFlow does, without saving. No audit event is recorded.',
  permission: 'FLOW:READ',
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    source: t.string({ required: true, description: 'YAML source.' }),
  }),
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  prepare: async ({ source }, _target, context) => ({ read: await readSource(source, context) }),
  run: (_tx: Tx, _grant, { read }): Promise<Validated> => Promise.resolve(validated(read)),
  payload: (t) => ({
    valid: t.boolean({
      description: 'True if the source can be saved.',
      resolve: ({ result }) => result.issues.length === 0,
    }),
    issues: t.field({ type: [IssueRef], description: 'All errors.', resolve: ({ result }) => [...result.issues] }),
    namespaceName: t.string({
      nullable: true,
      description: 'Namespace in the source, if valid.',
      resolve: ({ result }) => result.name?.namespace ?? null,
    }),
    flowId: t.string({
      nullable: true,
      description: 'Flow ID in the source, if valid.',
      resolve: ({ result }) => result.name?.flowId ?? null,
    }),
  }),
});
