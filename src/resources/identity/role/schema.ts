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
import { optionalTenantFields } from '../../../graphql/tenant-fields.ts';
import { escapeLike, fold } from '../../../lib/text.ts';
import { description, displayName } from '../../rules.ts';
import { createRole, deleteRole, updateRole } from './service.ts';

const RoleRef = builder.prismaNode('Role', {
  description: 'A named set of permissions. It takes effect through bindings.',
  id: { field: 'id' },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name, unique in its tenant, case-insensitive.' }),
    description: t.exposeString('description', { nullable: true, description: 'The description.' }),
    ...optionalTenantFields<Role>(t),
    isDefault: t.exposeBoolean('isDefault', {
      description: 'True if every user with new access to the tenant gets a binding of this role.',
    }),
    isManaged: t.exposeBoolean('isManaged', {
      description: 'True if Gatehouse maintains the role. Managed roles are read-only.',
    }),
    permissions: t.field({
      type: [PermissionRef],
      description: 'Permissions of the role.',
      resolve: (role) => grouped(role.permissions as Permission[]),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    viewerPermissions: viewerPermissions<Role>(t, 'ROLE', ({ tenantId }) => ({ tenantId: tenantId ?? undefined })),
  }),
});
registerNode({ typename: 'Role', resource: 'ROLE' });

export const RoleConnection = connectionType('Role', RoleRef);
const order = orderBy('Role', {
  NAME: { column: 'nameKey', description: 'By name, case-insensitive.' },
  CREATED_AT: { column: 'createdAt', description: 'By time of creation.' },
});
const Where = builder.inputType('RoleWhere', {
  description: 'Filter. All given fields must match.',
  fields: (t) => ({
    name: t.string({ description: 'Exactly this name, case-insensitive.' }),
    text: t.string({ description: 'Text in the name, case-insensitive.' }),
    managed: t.boolean({ description: 'True for managed roles only, false for custom roles only.' }),
  }),
});
const list = {
  connection: RoleConnection,
  permission: 'ROLE:READ',
  model: 'Role',
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
    description: 'Roles of the tenant.',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    within: ({ id }) => ({ tenantId: id }),
  }),
);
builder.queryField('instanceRoles', (t) =>
  connection(t, {
    ...list,
    description: 'Roles for instance bindings.',
    scopes: () => ({}),
    within: () => ({ tenantId: null }),
    nullable: true,
  }),
);

const ofRole = ({ id }: { id: string | number }, context: Context) => byId('ROLE', 'Role', id, context);

mutation('createRole', {
  description: 'Creates a role. The creator must hold its permissions in the whole tenant.',
  permission: 'ROLE:CREATE',
  input: (t) => ({
    tenantKey: t.string({
      description: 'Key of the tenant. Omit for a role for instance bindings, which only a super admin can create.',
    }),
    name: t.string({ required: true, description: 'Name, unique in the tenant, case-insensitive.' }),
    description: t.string({ description: 'The description.' }),
    permissions: t.field({ type: [PermissionInput], required: true, description: 'Permissions of the role.' }),
    isDefault: t.boolean({
      description:
        'True to bind the role to every user with new access to the tenant. Replaces the previous default role.',
    }),
  }),
  rules: z.looseObject({ name: displayName, description }),
  target: ({ tenantKey }, context) => inTenantOrInstance(tenantKey, context),
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
  description: 'Updates a role. To add permissions, the caller must hold them in the whole tenant.',
  permission: 'ROLE:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the role.' }),
    name: t.string({ description: 'New name. Omit to keep the current one.' }),
    description: t.string({ description: 'New description; null clears it.' }),
    permissions: t.field({
      type: [PermissionInput],
      description: 'All permissions of the role. Omit to keep the current ones.',
    }),
    isDefault: t.boolean({ description: 'True to bind the role to every user with new access to the tenant.' }),
  }),
  rules: z.looseObject({ name: displayName.nullish(), description }),
  target: (input, context) => ofRole(input, context),
  locksTarget: true,
  run: (tx, grant, { permissions, ...input }, { tenant, id }) =>
    updateRole(tx, grant, tenant, id, {
      ...input,
      ...(permissions != null && { permissions: toPermissions(permissions, ['input', 'permissions']) }),
    }),
  payload: (t) => ({ role: changed(t, RoleRef, 'The updated role.') }),
});

mutation('deleteRole', {
  description: 'Deletes a role without bindings.',
  permission: 'ROLE:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the role.' }) }),
  target: (input, context) => ofRole(input, context),
  run: (tx, grant, _input, { tenant, id }) => deleteRole(tx, grant, tenant, id),
  payload: (t) => ({
    deletedId: t.id({ description: 'ID of the deleted object.', resolve: ({ result }) => globalId('Role', result.id) }),
  }),
});
