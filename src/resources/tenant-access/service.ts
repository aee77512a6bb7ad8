import './resource.ts';
import type { Grant } from '../../access/grant.ts';
import type { TenantRef } from '../../access/tenant-ref.ts';
import { record } from '../../audit/record.ts';
import type { TenantAccess } from '../../db/generated/client.ts';
import type { Tx } from '../../db/transaction.ts';
import { conflict, notFound } from '../../errors.ts';
import { newId } from '../../lib/ids.ts';
import { fold } from '../../lib/text.ts';
import { find } from '../../policy/find.ts';
import { bind, removeBindings, spoken } from '../binding/service.ts';
import { removeMember } from '../group/members.ts';
import { assertMayHandOn } from '../role/service.ts';
import { subjectName } from '../subject.ts';

const named = async (tx: Tx, access: TenantAccess) => ({
  ...access,
  subject: await subjectName(tx, { principalId: access.principalId, groupId: null }),
});

/** Writes the access row that was already decided about. */
export async function giveAccess(tx: Tx, grant: Grant, tenant: TenantRef, principalId: string): Promise<TenantAccess> {
  const access = await tx.tenantAccess.create({ data: { id: newId(), tenantId: tenant.id, principalId } });
  record(tx, grant, { resource: 'TENANT_ACCESS', before: null, after: await named(tx, access), tenant });
  return access;
}

/** Gives an existing user access, found by exact name, and binds the tenant's default role where it has one. */
export async function grantTenantAccess(
  tx: Tx,
  grant: Grant<'TENANT_ACCESS:CREATE'>,
  tenant: TenantRef,
  { username, withDefaultRole }: { username: string; withDefaultRole: boolean },
): Promise<string> {
  const user = await tx.user.findUnique({ where: { usernameKey: fold(username) }, select: { id: true } });
  if (!user) throw notFound('The user');
  if (await tx.tenantAccess.findFirst({ where: { tenantId: tenant.id, principalId: user.id } })) {
    throw conflict(`${username} has access already.`);
  }
  const proposed = { id: newId(), tenantId: tenant.id, principalId: user.id, createdAt: new Date() };
  await grant.review(tx, { before: null, after: proposed });
  await giveAccess(tx, grant, tenant, user.id);
  const role = withDefaultRole ? await tx.role.findFirst({ where: { tenantId: tenant.id, isDefault: true } }) : null;
  if (role) {
    assertMayHandOn(grant, spoken(role, tenant.id, ''), tenant.id, '');
    await bind(tx, grant, tenant, { principalId: user.id, groupId: null, role, namespace: '' });
  }
  return user.id;
}

/** Withdraws access: bindings and memberships in the tenant fall with it, each with its event. */
export async function revokeTenantAccess(
  tx: Tx,
  grant: Grant<'TENANT_ACCESS:DELETE'>,
  tenant: TenantRef,
  principalId: string,
): Promise<void> {
  const row = await tx.tenantAccess.findFirst({ where: { tenantId: tenant.id, principalId }, select: { id: true } });
  if (!row) throw notFound('The access');
  const before = await find<TenantAccess>(tx, grant, 'TENANT_ACCESS', row.id);
  const home = await tx.serviceAccount.findFirst({ where: { id: principalId, tenantId: tenant.id } });
  if (home) throw conflict('A service account keeps the access to its own tenant: delete the account instead.');
  await grant.review(tx, { before, after: null });
  await removeAccess(tx, grant, tenant, before);
}

/** The row with what hangs on it, for a service that has already decided. */
export async function removeAccess(tx: Tx, grant: Grant, tenant: TenantRef, access: TenantAccess): Promise<void> {
  const { tenantId, principalId } = access;
  await removeBindings(tx, grant, tenant, { tenantId, principalId });
  for (const member of await tx.groupMember.findMany({ where: { tenantId, principalId }, include: { group: true } })) {
    await removeMember(tx, grant, tenant, member.group, member);
  }
  const before = await named(tx, access);
  await tx.tenantAccess.delete({ where: { id: access.id } });
  record(tx, grant, { resource: 'TENANT_ACCESS', before, after: null, tenant });
}
