import { z } from 'zod';
import type { Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { loadRow } from '../../../graphql/connection/loaders.ts';
import type { Context } from '../../../graphql/context.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { atInstance, byId } from '../../../graphql/mutation/target.ts';
import { globalId, registerNode } from '../../../graphql/node.ts';
import { escapeLike } from '../../../lib/text.ts';
import { description, tenantKey } from '../../rules.ts';
import { futureKeys, isOpen } from './allowed.ts';
import { createWorkerGroup, deleteWorkerGroup, updateWorkerGroup, workerGroupKey } from './service.ts';
import { type Naming, usersOf } from './users.ts';

/** Keys of these tenants that the viewer can read. */
async function visibleKeys(ids: readonly string[], context: Context): Promise<string[]> {
  const tenants = await Promise.all(ids.map((id) => loadRow<Tenant>(context, 'Tenant', id)));
  const seen = tenants.filter(
    (tenant) => tenant && context.session.can('TENANT:READ', { ...tenant }, { tenantId: tenant.id }),
  );
  return seen.map((tenant) => tenant!.key).sort();
}

const WorkerGroupRef = builder.prismaNode('WorkerGroup', {
  description: 'A group of workers that share work.',
  id: { field: 'id' },
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Key by which work refers to the group. Immutable.' }),
    description: t.exposeString('description', { nullable: true, description: 'The description.' }),
    open: t.boolean({ description: 'True if every tenant is allowed to use it.', resolve: isOpen }),
    allowedTenantKeys: t.field({
      type: ['String'],
      description:
        'Keys of the allowed tenants that the viewer can read, and of expected ones. If the list has no tenants at all, an open group allows every tenant and a closed one allows none (its last tenant was deleted).',
      resolve: async (group, _args, context) =>
        [...(await visibleKeys(group.allowedTenants, context)), ...futureKeys(group)].sort(),
    }),
    expectedTenantKeys: t.stringList({
      description:
        'Keys of allowed tenants that do not exist yet. A tenant that is created with such a key is allowed.',
      resolve: (group) => futureKeys(group).sort(),
    }),
    usingTenantKeys: t.field({
      type: ['String'],
      description:
        'Keys of the tenants that use it themselves or in a namespace, if the viewer can read them. They cannot be removed from allowedTenantKeys.',
      resolve: async (group, _args, context) => visibleKeys(await usersOf(context, group), context),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    viewerPermissions: viewerPermissions(t, 'WORKER_GROUP', () => ({})),
  }),
});
registerNode({ typename: 'WorkerGroup', resource: 'WORKER_GROUP' });

const Where = builder.inputType('WorkerGroupWhere', {
  description: 'Filter for worker groups.',
  fields: (t) => ({
    key: t.string({ description: 'Exactly this key.' }),
    text: t.string({ description: 'Case-insensitive search in key and description.' }),
  }),
});

builder.queryField('workerGroups', (t) =>
  connection(t, {
    connection: connectionType('WorkerGroup', WorkerGroupRef),
    description: 'Worker groups of the instance.',
    permission: 'WORKER_GROUP:READ',
    scopes: () => ({}),
    model: 'WorkerGroup',
    within: () => ({}),
    where: {
      input: Where,
      toCondition: ({ key, text }: typeof Where.$inferInput) => {
        const contains = text == null ? undefined : { contains: escapeLike(text), mode: 'insensitive' };
        return {
          AND: [key != null ? { key } : {}, contains ? { OR: [{ key: contains }, { description: contains }] } : {}],
        };
      },
    },
    order: orderBy('WorkerGroup', {
      KEY: { column: 'key', description: 'By key.' },
      CREATED_AT: { column: 'createdAt', description: 'By time of creation.' },
    }),
    defaultOrder: { column: 'key', descending: false },
  }),
);

const allowedTenantKeys = z.array(tenantKey).max(1_000, 'At most 1,000 tenants are allowed.').nullish();
const namingOf =
  ({ session }: Context): Naming =>
  (permission, row, tenantId) =>
    session.can(permission, row, { tenantId });
const ofGroup = ({ id }: { id: string | number }, context: Context) => byId('WORKER_GROUP', 'WorkerGroup', id, context);

mutation('createWorkerGroup', {
  description: 'Creates a worker group.',
  permission: 'WORKER_GROUP:CREATE',
  input: (t) => ({
    key: t.string({
      required: true,
      description: 'Key by which work refers to the group: a-z, A-Z, 0-9, _ and -, at most 100 characters.',
    }),
    description: t.string({ description: 'The description.' }),
    allowedTenantKeys: t.stringList({
      description:
        'Keys of the tenants that are allowed to use it. Empty: every tenant. A caller with TENANT:CREATE can name tenants that do not exist yet.',
    }),
  }),
  rules: z.looseObject({ key: workerGroupKey, description, allowedTenantKeys }),
  target: atInstance,
  run: (tx, grant, input, _target, context) => createWorkerGroup(tx, grant, namingOf(context), input),
  payload: (t) => ({ workerGroup: changed(t, WorkerGroupRef, 'The new worker group.') }),
});

mutation('updateWorkerGroup', {
  description:
    'Updates the description and the allowed tenants of a worker group. Tenants that use it cannot be removed.',
  permission: 'WORKER_GROUP:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the worker group.' }),
    description: t.string({ description: 'New description. Omit to keep it; null clears it.' }),
    allowedTenantKeys: t.stringList({
      description:
        'Keys of all tenants that are allowed to use it, including expected ones. Empty: every tenant. Omit to keep them.',
    }),
    open: t.boolean({ description: 'True opens the group to every tenant, also after its last tenant was deleted.' }),
  }),
  rules: z.looseObject({ description, allowedTenantKeys }),
  target: (input, context) => ofGroup(input, context),
  locksTarget: ({ allowedTenantKeys }) => allowedTenantKeys == null,
  run: (tx, grant, input, { id }, context) => updateWorkerGroup(tx, grant, namingOf(context), id, input),
  payload: (t) => ({ workerGroup: changed(t, WorkerGroupRef, 'The updated worker group.') }),
});

mutation('deleteWorkerGroup', {
  description: 'Deletes a worker group that no living worker, tenant or namespace uses.',
  permission: 'WORKER_GROUP:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the worker group.' }) }),
  target: (input, context) => ofGroup(input, context),
  run: (tx, grant, _input, { id }, context) => deleteWorkerGroup(tx, grant, namingOf(context), id),
  payload: (t) => ({
    deletedId: t.id({
      description: 'ID of the deleted object.',
      resolve: ({ result }) => globalId('WorkerGroup', result.id),
    }),
  }),
});
