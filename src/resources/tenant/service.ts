import './resource.ts';
import type { Grant } from '../../access/grant.ts';
import { record } from '../../audit/record.ts';
import type { Tenant } from '../../db/generated/client.ts';
import type { Tx } from '../../db/transaction.ts';
import { badInput, conflict } from '../../errors.ts';
import { newId } from '../../lib/ids.ts';
import { find } from '../../policy/find.ts';
import { bind, removeBindings } from '../binding/service.ts';
import { removeTenantExecutions } from '../execution/remove.ts';
import { removeGroup } from '../group/service.ts';
import { removeRole, seedManagedRoles } from '../role/service.ts';
import { removeSecrets } from '../secret/service.ts';
import { removeServiceAccount } from '../service-account/service.ts';
import { giveAccess, removeAccess } from '../tenant-access/service.ts';
import { reservedKeys } from './resource.ts';

export interface NewTenant {
  readonly key: string;
  readonly name: string;
  readonly description?: string | null | undefined;
}

/** Creates a tenant with its managed roles. Its creator becomes its Admin, unless it is a super admin. */
export async function createTenant(
  tx: Tx,
  grant: Grant<'TENANT:CREATE'>,
  { key, name, description = null }: NewTenant,
): Promise<Tenant> {
  if (reservedKeys.has(key)) throw badInput(['input', 'key'], `The key ${key} is reserved.`);
  if (await tx.tenant.findUnique({ where: { key }, select: { id: true } }))
    throw conflict(`There is a tenant ${key} already.`);
  const after = { id: newId(), key, name, description, createdAt: new Date() };
  await grant.review(tx, { before: null, after });
  const tenant = await tx.tenant.create({ data: after });
  record(tx, grant, { before: null, after: tenant, tenant });
  const roles = await seedManagedRoles(tx, grant, tenant);
  const { doer } = grant;
  if (!grant.isSuperAdmin) {
    await giveAccess(tx, grant, tenant, doer.id);
    await bind(tx, grant, tenant, { principalId: doer.id, groupId: null, role: roles.get('Admin')!, namespace: '' });
  }
  return tenant;
}

export async function updateTenant(
  tx: Tx,
  grant: Grant<'TENANT:UPDATE'>,
  id: string,
  { name, description }: { name?: string | null | undefined; description?: string | null | undefined },
): Promise<Tenant> {
  const before = await find<Tenant>(tx, grant, 'TENANT', id);
  const data = { ...(name != null && { name }), ...(description !== undefined && { description }) };
  await grant.review(tx, { before, after: { ...before, ...data } });
  const after = await tx.tenant.update({ where: { id }, data });
  record(tx, grant, { before, after, tenant: after });
  return after;
}

/** Deletes a tenant and all it holds, one event for each object. Its audit events stay, under its id. */
export async function deleteTenant(tx: Tx, grant: Grant<'TENANT:DELETE'>, id: string): Promise<Tenant> {
  const before = await find<Tenant>(tx, grant, 'TENANT', id);
  await grant.review(tx, { before, after: null });
  await removeBindings(tx, grant, before, { tenantId: id });
  for (const group of await tx.group.findMany({ where: { tenantId: id } })) await removeGroup(tx, grant, before, group);
  for (const account of await tx.serviceAccount.findMany({ where: { tenantId: id } }))
    await removeServiceAccount(tx, grant, before, account);
  for (const access of await tx.tenantAccess.findMany({ where: { tenantId: id } }))
    await removeAccess(tx, grant, before, access);
  for (const role of await tx.role.findMany({ where: { tenantId: id } })) await removeRole(tx, grant, before, role);
  await removeSecrets(tx, grant, before);
  await removeTenantExecutions(tx, grant.doer, before);
  for (const namespace of await tx.namespace.findMany({ where: { tenantId: id } })) {
    if (namespace.declared)
      record(tx, grant, { resource: 'NAMESPACE', before: namespace, after: null, tenant: before });
  }
  await tx.namespace.deleteMany({ where: { tenantId: id } });
  await tx.tenant.delete({ where: { id } });
  record(tx, grant, { before, after: null, tenant: before });
  return before;
}
