import { z } from 'zod';
import type { Permission } from '../../../access/catalog.ts';
import type { Role, Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { byId, inTenantOrInstance } from '../../../graphql/mutation/target.ts';
import { globalId, registerNode } from '../../../graphql/node.ts';
import { grouped, PermissionInput, PermissionRef, toPermissions } from '../../../graphql/permission-input.ts';
import { escapeLike, fold } from '../../../lib/text.ts';
import { description, displayName } from '../../rules.ts';
import { createRole, deleteRole, updateRole } from './service.ts';

const RoleRef = builder.prismaNode('Role', {
  description: 'Permissions under a name. It gives nothing until it is bound.',
  id: { field: 'id' },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Unique in its tenant, without case.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it is for.' }),
    isDefault: t.exposeBoolean('isDefault', { description: 'Is it bound to whoever is given access to the tenant?' }),
    isManaged: t.exposeBoolean('isManaged', { description: 'Does Gatehouse keep it, so that nobody edits it?' }),
    permissions: t.field({
      type: [PermissionRef],
      description: 'What it allows.',
      resolve: (role) => grouped(role.permissions as Permission[]),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    viewerPermissions: viewerPermissions<Role>(t, 'ROLE', ({ tenantId }) => ({ tenantId: tenantId ?? undefined })),
  }),
});
registerNode({ typename: 'Role', resource: 'ROLE' });

export const RoleConnection = connectionType('Role', RoleRef);
const order = orderBy('Role', {
  NAME: { column: 'nameKey', description: 'By name, without case.' },
  CREATED_AT: { column: 'createdAt', description: 'By time of creation.' },
});
const Where = builder.inputType('RoleWhere', {
  description: 'Which roles.',
  fields: (t) => ({
    name: t.string({ description: 'Exactly this name, in any case.' }),
    text: t.string({ description: 'The name contains this, in any case.' }),
    managed: t.boolean({ description: 'Only managed ones, or only own ones.' }),
  }),
});
const list = {
  connection: RoleConnection,
  permission: 'ROLE:READ',
  model: 'role',
  where: {
    input: Where,
    toCondition: ({ name, text, managed }: typeof Where.$inferInput) => ({
      AND: [
        name != null ? { nameKey: fold(name) } : {},
        text != null ? { nameKey: { contains: escapeLike(fold(text)) } } : {},
        managed != null ? { isManaged: managed } : {},
      ],
    }),
  },
  order,
} as const;

builder.prismaObjectField('Tenant', 'roles', (t) =>
  connection(t, {
    ...list,
    description: "The tenant's roles.",
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    within: ({ id }) => ({ tenantId: id }),
  }),
);
builder.queryField('instanceRoles', (t) =>
  connection(t, {
    ...list,
    description: 'The roles for instance bindings.',
    scopes: () => ({}),
    within: () => ({ tenantId: null }),
    nullable: true,
  }),
);

const ofRole = ({ id }: { id: string | number }, context: Context) => byId('ROLE', 'Role', id, context);

mutation('createRole', {
  description: 'Creates a role of permissions that the creator holds in the whole tenant.',
  permission: 'ROLE:CREATE',
  input: (t) => ({
    tenant: t.string({
      description: 'Key of the tenant. Left out: a role for instance bindings, which only a super admin may create.',
    }),
    name: t.string({ required: true, description: 'Unique in the tenant, without case.' }),
    description: t.string({ description: 'What it is for.' }),
    permissions: t.field({ type: [PermissionInput], required: true, description: 'What it allows.' }),
    isDefault: t.boolean({
      description: 'Bind it to whoever is given access from now on. The former default role is none any more.',
    }),
  }),
  rules: z.looseObject({ name: displayName, description }),
  target: ({ tenant }, context) => inTenantOrInstance(tenant, context),
  run: (tx, grant, input, { tenant, scope }, { session }) =>
    createRole(
      tx,
      grant,
      tenant,
      { ...input, permissions: toPermissions(input.permissions, ['input', 'permissions']) },
      () => session.grant('ROLE:UPDATE', scope),
    ),
  payload: (t) => ({ role: changed(t, RoleRef, 'The new role.') }),
});

mutation('updateRole', {
  description: 'Changes a role. Widening it takes its permissions in the whole tenant.',
  permission: 'ROLE:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'Which role.' }),
    name: t.string({ description: 'New name; left out: as it is.' }),
    description: t.string({ description: 'New description; null: none.' }),
    permissions: t.field({
      type: [PermissionInput],
      description: 'All that it allows from now on; left out: as it is.',
    }),
    isDefault: t.boolean({ description: 'Bind it to whoever is given access from now on.' }),
  }),
  rules: z.looseObject({ name: displayName.nullish(), description }),
  target: (input, context) => ofRole(input, context),
  run: (tx, grant, { permissions, ...input }, { tenant, id }) =>
    updateRole(tx, grant, tenant, id, {
      ...input,
      ...(permissions != null && { permissions: toPermissions(permissions, ['input', 'permissions']) }),
    }),
  payload: (t) => ({ role: changed(t, RoleRef, 'The changed role.') }),
});

mutation('deleteRole', {
  description: 'Deletes a role that nobody is bound to.',
  permission: 'ROLE:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'Which role.' }) }),
  target: (input, context) => ofRole(input, context),
  run: (tx, grant, _input, { tenant, id }) => deleteRole(tx, grant, tenant, id),
  payload: (t) => ({
    deletedId: t.id({ description: 'The id that is gone.', resolve: ({ result }) => globalId('Role', result.id) }),
  }),
});
