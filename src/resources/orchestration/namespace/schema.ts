import { z } from 'zod';
import { ancestorsOf, within } from '../../../access/where.ts';
import type { Namespace, Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { loadByNames } from '../../../graphql/connection/loaders.ts';
import type { Context } from '../../../graphql/context.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { byId, inTenant } from '../../../graphql/mutation/target.ts';
import { globalId, registerNode } from '../../../graphql/node.ts';
import { tenantFields } from '../../../graphql/tenant-fields.ts';
import { escapeLike } from '../../../lib/text.ts';
import { placementInput } from '../worker-group/fallback.ts';
import { createNamespace, deleteNamespace, namespaceName, updateNamespace } from './service.ts';
import { settingsInput, settingsRules } from './settings-schema.ts';

export const NamespaceRef = builder.prismaNode('Namespace', {
  description: "A node of the tenant's namespace tree. It is implied by its contents until it is created (declared).",
  id: { field: 'id' },
  fields: (t) => ({
    name: t.exposeString('namespace', { description: 'Full name: parts joined by dots.' }),
    ...tenantFields<Namespace>(t),
    declared: t.exposeBoolean('declared', {
      description: 'True if the namespace was created, so that it can be configured.',
    }),
    description: t.exposeString('description', { nullable: true, description: 'The description.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was first used.' }),
    viewerPermissions: viewerPermissions<Namespace>(t, 'NAMESPACE', ({ tenantId }) => ({ tenantId })),
  }),
});
registerNode({ typename: 'Namespace', resource: 'NAMESPACE' });

export const NamespaceConnection = connectionType('Namespace', NamespaceRef);
const order = orderBy('Namespace', {
  NAME: { column: 'namespace', description: 'By name.' },
  CREATED_AT: { column: 'createdAt', description: 'By time of creation.' },
});
const Where = builder.inputType('NamespaceWhere', {
  description: 'Filter for namespaces.',
  fields: (t) => ({
    declared: t.boolean({ description: 'True for created namespaces, false for implied ones.' }),
    under: t.string({ description: 'This namespace and all below it.' }),
    text: t.string({ description: 'Search in the name.' }),
  }),
});
const where = {
  input: Where,
  toCondition: ({ declared, under, text }: typeof Where.$inferInput) => ({
    AND: [
      declared != null ? { declared } : {},
      under != null ? within(under) : {},
      text != null ? { namespace: { contains: escapeLike(text) } } : {},
    ],
  }),
};
const list = {
  connection: NamespaceConnection,
  permission: 'NAMESPACE:READ',
  model: 'Namespace',
  where,
  order,
  defaultOrder: { column: 'namespace', descending: false },
} as const;

export const readByName = (tenantId: string, namespace: string, context: Context): Promise<Namespace | null> => {
  const { where } = context.session.grant('NAMESPACE:READ', { tenantId });
  return loadByNames(context, 'Namespace', where, { tenantId, namespace }) as Promise<Namespace | null>;
};

builder.prismaObjectFields('Tenant', (t) => ({
  namespaces: connection(t, {
    ...list,
    description: 'Namespaces of the tenant that the viewer can read.',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    within: ({ id }) => ({ tenantId: id }),
  }),
  namespace: t.field({
    type: NamespaceRef,
    nullable: true,
    description: 'A namespace by its full name.',
    access: { decides: 'NAMESPACE:READ' },
    args: { name: t.arg.string({ required: true, description: 'Full name.' }) },
    resolve: ({ id }, { name }, context) => readByName(id, name, context),
  }),
}));

builder.prismaObjectFields('Namespace', (t) => ({
  parent: t.field({
    type: NamespaceRef,
    nullable: true,
    description: 'The parent namespace; null at the top or if the viewer cannot read it.',
    access: { decides: 'NAMESPACE:READ' },
    resolve: ({ tenantId, namespace }, _args, context) => {
      const parent = ancestorsOf(namespace).at(-1);
      return parent === undefined ? null : readByName(tenantId, parent, context);
    },
  }),
  children: connection(t, {
    ...list,
    description: 'The namespaces directly below.',
    scopes: ({ tenantId }: Namespace) => ({ tenantId }),
    within: ({ tenantId, namespace }) => ({ tenantId, parent: namespace }),
  }),
}));

mutation('createNamespace', {
  description: 'Creates (declares) a namespace. Missing ancestors are created implicitly.',
  permission: 'NAMESPACE:CREATE',
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    name: t.string({ required: true, description: 'Full name, at most 150 characters.' }),
    description: t.string({ description: 'The description.' }),
    ...settingsInput(t),
    ...placementInput(t),
  }),
  rules: z.looseObject({ name: namespaceName, ...settingsRules }),
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  run: (tx, grant, input, { tenant }) => createNamespace(tx, grant, tenant, input),
  payload: (t) => ({
    namespace: changed(t, NamespaceRef, 'The new namespace.'),
  }),
});

mutation('updateNamespace', {
  description: 'Updates a created namespace.',
  permission: 'NAMESPACE:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the namespace.' }),
    description: t.string({ description: 'New description; null clears it.' }),
    ...settingsInput(t),
    ...placementInput(t),
  }),
  rules: z.looseObject(settingsRules),
  target: ({ id }, context) => byId('NAMESPACE', 'Namespace', id, context),
  locksTarget: ({ workerGroupKey, workerGroupFallback }) =>
    workerGroupKey === undefined && workerGroupFallback === undefined,
  run: (tx, grant, input, { tenant, id }) => updateNamespace(tx, grant, tenant, id, input),
  payload: (t) => ({
    namespace: changed(t, NamespaceRef, 'The updated namespace.'),
  }),
});

mutation('deleteNamespace', {
  description: 'Deletes the declaration of a namespace. Its contents are kept and continue to imply it.',
  permission: 'NAMESPACE:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the namespace.' }) }),
  target: ({ id }, context) => byId('NAMESPACE', 'Namespace', id, context),
  run: (tx, grant, _input, { tenant, id }) => deleteNamespace(tx, grant, tenant, id),
  payload: (t) => ({
    deletedId: t.id({
      description: 'ID of the deleted object.',
      resolve: ({ result }) => globalId('Namespace', result.id),
    }),
  }),
});
