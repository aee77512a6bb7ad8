import type { Permission } from '../../../access/catalog.ts';
import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { Role } from '../../../db/generated/client.ts';
import { changeRow } from '../../../db/rows/change.ts';
import { rowsOf } from '../../../db/rows/rows.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { started } from '../../../lib/started.ts';
import { fold } from '../../../lib/text.ts';
import { find } from '../../../policy/session/find.ts';
import { assertMayHandOn, type Gift } from '../handing-on.ts';
import { type ManagedRoleContent, managedRoles } from './managed.ts';

/**
 * A role can be granted in all of its tenant. A caller who cannot read it gets NOT_FOUND instead of the error that
 * lists its permissions.
 */
const handedOn = (tenant: TenantRef | null, permissions: readonly Permission[]): Gift => ({
  permissions,
  tenantId: tenant?.id ?? null,
  namespace: '',
  isKnown: true,
});

export interface RoleContent {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly permissions: readonly Permission[];
  readonly isDefault?: boolean | null | undefined;
}

export async function seedManagedRoles(tx: Tx, grant: Grant, tenant: TenantRef): Promise<Map<string, Role>> {
  const roles = new Map<string, Role>();
  for (const content of managedRoles) roles.set(content.name, await createManagedRole(tx, grant, tenant, content));
  return roles;
}

/** Creates the row, after the decision. @param tenant null for the instance. */
export async function createManagedRole(
  tx: Tx,
  grant: Grant,
  tenant: TenantRef | null,
  { name, description, permissions }: ManagedRoleContent,
): Promise<Role> {
  const role = await tx.role.create({
    data: {
      id: newId(),
      tenantId: tenant?.id ?? null,
      name,
      nameKey: fold(name),
      description,
      permissions: [...permissions],
      isManaged: true,
    },
  });
  record(tx, grant, { resource: 'ROLE', before: null, after: role, tenant });
  return role;
}

/** Clears the previous default role in the same transaction. */
async function clearDefault(tx: Tx, grant: Grant<'ROLE:UPDATE'>, tenant: TenantRef | null): Promise<void> {
  const before = await tx.role.findFirst({ where: { tenantId: tenant?.id ?? null, isDefault: true } });
  if (!before) return;
  const after = await rowsOf(tx).update('Role', before.id, { isDefault: false });
  record(tx, grant, { before, after, tenant });
}

async function assertNameFree(tx: Tx, tenant: TenantRef | null, name: string, except?: string): Promise<void> {
  const taken = await rowsOf(tx).first('Role', { tenantId: tenant?.id ?? null, nameKey: fold(name) }, ['id']);
  if (taken && taken['id'] !== except) throw conflict(`The role ${name} already exists.`);
}

/** @param choosing the permission to choose the default role. Required only if the new role is the default. */
export async function createRole(
  tx: Tx,
  grant: Grant<'ROLE:CREATE'>,
  tenant: TenantRef | null,
  content: RoleContent,
  choosing?: () => Grant<'ROLE:UPDATE'>,
): Promise<Role> {
  const permissions = [...new Set(content.permissions)].sort();
  assertMayHandOn(grant, [handedOn(tenant, permissions)]);
  await assertNameFree(tx, tenant, content.name);
  const after = {
    id: newId(),
    tenantId: tenant?.id ?? null,
    name: content.name,
    nameKey: fold(content.name),
    description: content.description ?? null,
    permissions,
    isDefault: content.isDefault ?? false,
    isManaged: false,
    createdAt: new Date(),
  };
  await grant.review(tx, { before: null, after });
  if (after.isDefault) {
    if (!choosing) throw new Error('a default role requires ROLE:UPDATE');
    await clearDefault(tx, choosing(), tenant);
  }
  const role = await tx.role.create({ data: after });
  record(tx, grant, { before: null, after: role, tenant });
  return role;
}

export type RoleChange = { readonly [K in keyof RoleContent]?: RoleContent[K] | null | undefined };

/** A managed role can become the default role. It has no other changes. */
export async function updateRole(
  tx: Tx,
  grant: Grant<'ROLE:UPDATE'>,
  tenant: TenantRef | null,
  id: string,
  change: RoleChange,
): Promise<Role> {
  const { name, description, permissions, isDefault } = change;
  const found = started(find<Role>(tx, grant, 'ROLE', id));
  const free = name != null ? started(assertNameFree(tx, tenant, name, id)) : undefined;
  const before = await found;
  const data = {
    ...(name != null && { name, nameKey: fold(name) }),
    ...(description !== undefined && { description }),
    ...(permissions != null && { permissions: [...new Set(permissions)].sort() }),
    ...(isDefault != null && { isDefault }),
  };
  const content = name != null || description !== undefined || permissions != null;
  if (before.isManaged && content)
    throw conflict(`The role ${before.name} is managed by Gatehouse. Its content cannot be changed.`);
  const held = new Set(before.permissions);
  const after = { ...before, ...data };
  const widened = after.permissions.some((permission) => !held.has(permission));
  // The default role is granted to every new user: the same rule as for adding permissions.
  if (widened || (after.isDefault && !before.isDefault))
    assertMayHandOn(grant, [handedOn(tenant, after.permissions as Permission[])]);
  await free;
  await grant.review(tx, { before, after });
  if (after.isDefault && !before.isDefault) await clearDefault(tx, grant, tenant);
  const role = await changeRow(tx, 'Role', before, data);
  record(tx, grant, { before, after: role, tenant });
  return role;
}

export async function deleteRole(
  tx: Tx,
  grant: Grant<'ROLE:DELETE'>,
  tenant: TenantRef | null,
  id: string,
): Promise<Role> {
  const before = await find<Role>(tx, grant, 'ROLE', id);
  if (before.isManaged) throw conflict(`The role ${before.name} is managed by Gatehouse. It cannot be deleted.`);
  // No count: some of its bindings can be hidden from the caller.
  if (await tx.binding.findFirst({ where: { roleId: id }, select: { id: true } }))
    throw conflict(`The role ${before.name} has bindings. Delete them first.`);
  await grant.review(tx, { before, after: null });
  await tx.role.delete({ where: { id } });
  record(tx, grant, { before, after: null, tenant });
  return before;
}
