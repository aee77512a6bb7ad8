import { z } from 'zod';
import type { Tenant, User } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { atInstance, byId } from '../../../graphql/mutation/target.ts';
import { globalId, registerNode } from '../../../graphql/node.ts';
import { readTenant, tenantScopes } from '../../../graphql/scopes.ts';
import { ViewerRef } from '../../../graphql/viewer-ref.ts';
import { escapeLike } from '../../../lib/text.ts';
import { placementInput } from '../../orchestration/worker-group/fallback.ts';
import { description, displayName, tenantKey } from '../../rules.ts';
import { createTenant, deleteTenant, updateTenant } from './service.ts';

const TenantRef = builder.prismaNode('Tenant', {
  description: 'An isolated part of the instance: its own namespaces, groups, roles and bindings.',
  id: { field: 'id' },
  fields: (t) => ({
    key: t.exposeString('key', { description: 'What it is called in paths and settings. Never changes.' }),
    name: t.exposeString('name', { description: 'What people call it.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it is for.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    viewerPermissions: viewerPermissions<Tenant>(t, 'TENANT', ({ id }) => ({ tenantId: id })),
  }),
});
registerNode({ typename: 'Tenant', resource: 'TENANT' });

export const TenantConnection = connectionType('Tenant', TenantRef);
const order = orderBy('Tenant', {
  KEY: { column: 'key', description: 'By key.' },
  CREATED_AT: { column: 'createdAt', description: 'By time of creation.' },
});
const Where = builder.inputType('TenantWhere', {
  description: 'Which tenants.',
  fields: (t) => ({
    key: t.string({ description: 'Exactly this key.' }),
    text: t.string({ description: 'Key or name contains this, in any case.' }),
  }),
});

builder.queryField('tenant', (t) =>
  t.field({
    type: TenantRef,
    nullable: true,
    description: 'One tenant by its key; null where there is none that the viewer may see.',
    access: { decides: 'TENANT:READ' },
    args: { key: t.arg.string({ required: true, description: 'Its key.' }) },
    resolve: (_root, { key }, context) => readTenant(context, key),
  }),
);

builder.queryField('tenants', (t) =>
  connection(t, {
    connection: TenantConnection,
    description: 'The tenants that the viewer may see.',
    permission: 'TENANT:READ',
    scopes: (_root: object, context) => tenantScopes(context),
    model: 'tenant',
    within: () => ({}),
    where: {
      input: Where,
      toCondition: ({ key, text }) => ({
        ...(key != null && { key }),
        ...(text != null && {
          OR: [{ key: { contains: escapeLike(text) } }, { name: { contains: escapeLike(text), mode: 'insensitive' } }],
        }),
      }),
    },
    order,
    nullable: false,
  }),
);

builder.objectField(ViewerRef, 'tenants', (t) =>
  connection(t, {
    connection: TenantConnection,
    description: 'The tenants that they may see.',
    permission: 'TENANT:READ',
    scopes: (_viewer: object, context) => tenantScopes(context),
    model: 'tenant',
    within: () => ({}),
    nullable: false,
  }),
);
builder.prismaObjectField('User', 'tenants', (t) =>
  connection(t, {
    connection: TenantConnection,
    description: 'The tenants that they have access to, as far as the viewer may know.',
    permission: 'TENANT_ACCESS:READ',
    scopes: (_user: User, context) => tenantScopes(context),
    model: 'tenant',
    within: ({ id }) => ({ accesses: { some: { principalId: id } } }),
    reach: (where, { id }) => ({ accesses: { some: { AND: [where, { principalId: id }] } } }),
  }),
);

mutation('createTenant', {
  description: 'Creates a tenant with its managed roles.',
  permission: 'TENANT:CREATE',
  input: (t) => ({
    key: t.string({ required: true, description: 'a-z, 0-9, _ and -, at most 100. Some words are reserved.' }),
    name: t.string({ description: 'What people call it. Default: the key.' }),
    description: t.string({ description: 'What it is for.' }),
    ...placementInput(t),
  }),
  rules: z.looseObject({ key: tenantKey, name: displayName.nullish(), description }),
  target: atInstance,
  run: (tx, grant, input) => createTenant(tx, grant, { ...input, name: input.name ?? input.key }),
  payload: (t) => ({
    tenant: changed(t, TenantRef, 'The new tenant.'),
  }),
});

mutation('updateTenant', {
  description: 'Changes what a tenant is called, what it is for, and which worker group takes its work.',
  permission: 'TENANT:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'Which tenant.' }),
    name: t.string({ description: 'The new name; left out: as it is.' }),
    description: t.string({ description: 'The new description; null: none.' }),
    ...placementInput(t),
  }),
  rules: z.looseObject({ name: displayName.nullish(), description }),
  target: (input, context) => byId('TENANT', 'Tenant', input.id, context),
  run: (tx, grant, input, { id }) => updateTenant(tx, grant, id, input),
  payload: (t) => ({
    tenant: changed(t, TenantRef, 'The changed tenant.'),
  }),
});

mutation('deleteTenant', {
  description: 'Deletes a tenant and all it holds. Its audit events stay.',
  permission: 'TENANT:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'Which tenant.' }) }),
  target: (input, context) => byId('TENANT', 'Tenant', input.id, context),
  run: (tx, grant, _input, { id }) => deleteTenant(tx, grant, id),
  payload: (t) => ({
    deletedId: t.id({ description: 'The id that is gone.', resolve: ({ result }) => globalId('Tenant', result.id) }),
    key: t.string({ description: 'The key that is free again.', resolve: ({ result }) => result.key }),
  }),
  timeoutMs: ({ limits }) => limits.bulkMs,
});
