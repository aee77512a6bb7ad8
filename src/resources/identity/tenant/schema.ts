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
  description: 'An isolated part of the instance with its own namespaces, groups, roles and bindings.',
  id: { field: 'id' },
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Key for paths and settings. Immutable.' }),
    name: t.exposeString('name', { description: 'Display name.' }),
    description: t.exposeString('description', { nullable: true, description: 'The description.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    requireSecondFactor: t.exposeBoolean('requireSecondFactor', {
      description: 'True if users with access must have a second factor to sign in by password.',
    }),
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
  description: 'Filter. All given fields must match.',
  fields: (t) => ({
    key: t.string({ description: 'Exactly this key.' }),
    text: t.string({ description: 'Text in the key or name, case-insensitive.' }),
  }),
});

builder.queryField('tenant', (t) =>
  t.field({
    type: TenantRef,
    nullable: true,
    description: 'Returns a tenant by key; null if it does not exist or the viewer cannot see it.',
    access: { decides: 'TENANT:READ' },
    args: { key: t.arg.string({ required: true, description: 'Key of the tenant.' }) },
    resolve: (_root, { key }, context) => readTenant(context, key),
  }),
);

builder.queryField('tenants', (t) =>
  connection(t, {
    connection: TenantConnection,
    description: 'Tenants that the viewer can see.',
    permission: 'TENANT:READ',
    scopes: (_root: object, context) => tenantScopes(context),
    model: 'Tenant',
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
    description: 'Tenants that the service account can see.',
    permission: 'TENANT:READ',
    scopes: (_viewer: object, context) => tenantScopes(context),
    model: 'Tenant',
    within: () => ({}),
    nullable: false,
  }),
);
builder.prismaObjectField('User', 'tenants', (t) =>
  connection(t, {
    connection: TenantConnection,
    description: 'Tenants that the user has access to, as far as the viewer can see them.',
    permission: 'TENANT_ACCESS:READ',
    scopes: (_user: User, context) => tenantScopes(context),
    model: 'Tenant',
    within: ({ id }) => ({ accesses: { some: { principalId: id } } }),
    reachOfParent: (where, { id }) => ({ accesses: { some: { AND: [where, { principalId: id }] } } }),
  }),
);

mutation('createTenant', {
  description: 'Creates a tenant with its managed roles.',
  permission: 'TENANT:CREATE',
  input: (t) => ({
    key: t.string({
      required: true,
      description: 'Key: a-z, 0-9, _ and -, at most 100 characters. Some words are reserved.',
    }),
    name: t.string({ description: 'Display name. Defaults to the key.' }),
    description: t.string({ description: 'The description.' }),
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
  description: 'Updates the name, description, worker group and sign-in rule of a tenant.',
  permission: 'TENANT:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the tenant.' }),
    name: t.string({ description: 'New name. Omit to keep the current one.' }),
    description: t.string({ description: 'New description; null clears it.' }),
    requireSecondFactor: t.boolean({
      description:
        'True to require a second factor of users with access who sign in by password. Those without one set it up at their next sign-in.',
    }),
    ...placementInput(t),
  }),
  rules: z.looseObject({ name: displayName.nullish(), description }),
  target: (input, context) => byId('TENANT', 'Tenant', input.id, context),
  locksTarget: true,
  run: (tx, grant, input, { id }) => updateTenant(tx, grant, id, input),
  payload: (t) => ({
    tenant: changed(t, TenantRef, 'The updated tenant.'),
  }),
});

mutation('deleteTenant', {
  description: 'Deletes a tenant and everything in it. Its audit events are kept.',
  permission: 'TENANT:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the tenant.' }) }),
  target: (input, context) => byId('TENANT', 'Tenant', input.id, context),
  run: (tx, grant, _input, { id }) => deleteTenant(tx, grant, id),
  payload: (t) => ({
    deletedId: t.id({
      description: 'ID of the deleted object.',
      resolve: ({ result }) => globalId('Tenant', result.id),
    }),
    key: t.string({
      description: 'Key of the deleted tenant. It is available again.',
      resolve: ({ result }) => result.key,
    }),
  }),
  timeoutMs: ({ limits }) => limits.bulkMs,
});
