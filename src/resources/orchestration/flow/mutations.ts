import { z } from 'zod';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import type { Tx } from '../../../db/transaction.ts';
import type { Issue } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { anyCondition, nothing } from '../../../graphql/connection/connection.ts';
import { type Condition, refOf } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { changed, mutation, type PayloadBuilder } from '../../../graphql/mutation/define.ts';
import { checkLater } from '../../../graphql/mutation/item-input.ts';
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
  CREATED: { description: 'It is new.' },
  UPDATED: { description: 'It has a new revision.' },
  UNCHANGED: { description: 'It was so already.' },
} as const;
export const OutcomeEnum = builder.enumType('FlowOutcome', {
  description: 'What saving a flow came to.',
  values: outcomes,
});

/** What of the two the caller may do; the service says which of them it takes. */
export const saveGrants = ({ session }: Context, { id }: TenantRef): SaveGrants => ({
  create: session.may('FLOW:CREATE', { tenantId: id }),
  update: session.may('FLOW:UPDATE', { tenantId: id }),
});

/** Saving makes flows or changes them: the caller needs one of the two before anything is read of the input. */
export const savingPermissions = ['FLOW:CREATE', 'FLOW:UPDATE'] as const;

/** To change, where every one of these flows is there as far as the caller may know; else to make. */
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

/** Of the two grants, the one that this mutation was decided for: another one would be recorded as used in vain. */
const own = ({ permission }: { permission: string }, grants: SaveGrants): SaveGrants =>
  permission === 'FLOW:UPDATE' ? { update: grants.update } : { create: grants.create };

/** The source of a revision, read before the transaction; undefined where the caller may not have it restored. */
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

// A source that cannot be stored is refused with its line.
checkLater('SaveFlowInput', 'source');
checkLater('ValidateFlowInput', 'source');

const savedPayload = (t: PayloadBuilder<SavedFlow>) => ({
  flow: t.field({
    type: refOf('Flow') as never,
    nullable: true,
    description: 'The flow.',
    resolve: ({ result }) => result.flow as never,
  }),
  outcome: t.field({ type: OutcomeEnum, description: 'What it came to.', resolve: ({ result }) => result.outcome }),
});

mutation('saveFlow', {
  description:
    'Makes a flow of a YAML source, or its next revision, with its triggers. Takes FLOW:UPDATE where the flow is there.',
  permission: 'FLOW:CREATE' as 'FLOW:CREATE' | 'FLOW:UPDATE',
  input: (t) => ({
    tenant: t.string({ required: true, description: 'Key of the tenant.' }),
    source: t.string({ required: true, description: 'The YAML, at most 500,000 bytes. Kept byte for byte.' }),
    expectedRevision: t.int({
      description: 'The revision that this one follows (0: none yet). Where it is another one, CONFLICT.',
    }),
  }),
  alternatives: savingPermissions,
  target: ({ tenant }, context) => inTenant(tenant, context),
  prepare: async ({ source }, _target, context) => ({ read: checkedRead(await readSource(source, context)) }),
  choose: ({ read }, target, context) => savingPermission([read], target, context),
  run: (tx, grant, input, { tenant: of }, context) => saveFlow(tx, own(grant, saveGrants(context, of)), of, input),
  payload: savedPayload,
});

mutation('restoreFlowRevision', {
  description:
    'Makes an earlier revision the newest one again, also of a flow that was deleted. Takes FLOW:UPDATE where the flow is there, and FLOW:READ.',
  permission: 'FLOW:CREATE' as 'FLOW:CREATE' | 'FLOW:UPDATE',
  input: (t) => ({
    tenant: t.string({ required: true, description: 'Key of the tenant.' }),
    namespace: t.string({ required: true, description: 'Full name of its namespace.' }),
    flowId: t.string({ required: true, description: 'Its name there.' }),
    revision: t.int({ required: true, description: 'Number of the revision.' }),
  }),
  rules: z.looseObject({ namespace: namespaceName, flowId, revision: z.int().positive('Revisions count from 1.') }),
  alternatives: savingPermissions,
  target: ({ tenant }, context) => inTenant(tenant, context),
  prepare: async ({ revision, ...name }, { tenant: of }, context) => ({
    restored: await readRevision(context, of, name, revision),
  }),
  choose: (input, target, context) => savingPermission([input], target, context),
  run: (tx, grant, input, { tenant: of }, context) =>
    restoreFlow(tx, own(grant, saveGrants(context, of)), of, input, input.revision, input.restored),
  payload: savedPayload,
});

mutation('setFlowDisabled', {
  description: 'Stops a flow, or lets it go on. Its source stays as it is, and its triggers keep their own state.',
  permission: 'FLOW:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'Which flow.' }),
    disabled: t.boolean({ required: true, description: 'Stopped?' }),
  }),
  target: ({ id }, context) => byId('FLOW', 'Flow', id, context),
  run: (tx, grant, { disabled }, { tenant: of, id }) => setFlowDisabled(tx, grant, of, id, disabled),
  payload: (t) => ({ flow: changed(t, refOf('Flow'), 'The flow.') }),
});

mutation('deleteFlow', {
  description: 'Deletes a flow with the state of its triggers. Its executions stay, and so do its revisions.',
  permission: 'FLOW:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'Which flow.' }) }),
  target: ({ id }, context) => byId('FLOW', 'Flow', id, context),
  run: (tx, grant, _input, { tenant: of, id }) => deleteFlow(tx, grant, of, id),
  payload: (t) => ({
    deletedId: t.id({ description: 'The id that is gone.', resolve: ({ result }) => globalId('Flow', result.id) }),
  }),
});

const IssueRef = builder.objectRef<Issue>('SourceIssue').implement({
  description: 'One fault of a source.',
  fields: (t) => ({
    line: t.int({ description: 'In which line, from 1 on.', resolve: ({ line }) => line ?? 1 }),
    path: t.stringList({ description: 'Where in the document.', resolve: ({ path }) => path.map(String) }),
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
  description: 'Checks a source as saveFlow would, and saves nothing. No audit event, as nothing changes.',
  permission: 'FLOW:READ',
  input: (t) => ({
    tenant: t.string({ required: true, description: 'Key of the tenant.' }),
    source: t.string({ required: true, description: 'The YAML.' }),
  }),
  target: (input, context) => inTenant(input.tenant, context),
  prepare: async ({ source }, _target, context) => ({ read: await readSource(source, context) }),
  run: (_tx: Tx, _grant, { read }): Promise<Validated> => Promise.resolve(validated(read)),
  payload: (t) => ({
    valid: t.boolean({ description: 'Could it be saved?', resolve: ({ result }) => result.issues.length === 0 }),
    issues: t.field({ type: [IssueRef], description: 'Every fault.', resolve: ({ result }) => [...result.issues] }),
    namespace: t.string({
      nullable: true,
      description: 'The namespace that it names, where it is valid.',
      resolve: ({ result }) => result.name?.namespace ?? null,
    }),
    flowId: t.string({
      nullable: true,
      description: 'The flow id that it names, where it is valid.',
      resolve: ({ result }) => result.name?.flowId ?? null,
    }),
  }),
});
