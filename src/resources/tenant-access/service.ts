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
import { spoken } from '../../policy/holdings.ts';
import { bind, removeBindings } from '../binding/service.ts';
import { removeMember } from '../group/members.ts';
import { assertMayHandOn } from '../role/service.ts';
import { principalNames, subjectName } from '../subject.ts';

const named = async (tx: Tx, access: TenantAccess) => ({
  ...access,
  subject: await subjectName(tx, { principalId: access.principalId, groupId: null }),
});

/** Writes the access row that was already decided about. */
export async function giveAccess(tx: Tx, grant: Grant, tenant: TenantRef, principalId: string): Promise<TenantAccess> {
  return (await giveAccesses(tx, grant, tenant, [{ id: newId(), principalId }]))[0]!;
}

async function giveAccesses(
  tx: Tx,
  grant: Grant,
  tenant: TenantRef,
  given: readonly { readonly id: string; readonly principalId: string }[],
): Promise<TenantAccess[]> {
  const data = given.map((access) => ({ ...access, tenantId: tenant.id }));
  const accesses = await tx.tenantAccess.createManyAndReturn({ data });
  const names = await principalNames(
    tx,
    given.map(({ principalId }) => principalId),
  );
  for (const access of accesses) {
    const after = { ...access, subject: names.get(access.principalId)! };
    record(tx, grant, { resource: 'TENANT_ACCESS', before: null, after, tenant });
  }
  return accesses;
}

/** Gives an existing user access, found by exact name, and binds the tenant's default role where it has one. */
export async function grantTenantAccess(
  tx: Tx,
  grant: Grant<'TENANT_ACCESS:CREATE'>,
  tenant: TenantRef,
  { username, withDefaultRole }: { username: string; withDefaultRole: boolean },
): Promise<string> {
  return (await grantTenantAccesses(tx, grant, tenant, { usernames: [username], withDefaultRole }))[0]!;
}

/** All or none of them. @returns their ids, in the order of the names. */
export async function grantTenantAccesses(
  tx: Tx,
  grant: Grant<'TENANT_ACCESS:CREATE'>,
  tenant: TenantRef,
  { usernames, withDefaultRole }: { usernames: readonly string[]; withDefaultRole: boolean },
): Promise<string[]> {
  const users = await tx.user.findMany({
    where: { usernameKey: { in: usernames.map(fold) } },
    select: { id: true, usernameKey: true },
  });
  const ids = new Map(users.map(({ id, usernameKey }) => [usernameKey, id]));
  const unknown = usernames.find((username) => !ids.has(fold(username)));
  if (unknown !== undefined) throw notFound(`The user ${unknown}`);
  const present = await tx.tenantAccess.findFirst({
    where: { tenantId: tenant.id, principalId: { in: [...ids.values()] } },
  });
  if (present) {
    // As the caller wrote it: what is stored may be masked for them.
    const given = usernames.find((username) => ids.get(fold(username)) === present.principalId);
    throw conflict(`${given} has access already.`);
  }
  const principalIds = usernames.map((username) => ids.get(fold(username))!);
  const given = principalIds.map((principalId) => ({ id: newId(), principalId }));
  for (const access of given)
    await grant.review(tx, { before: null, after: { ...access, tenantId: tenant.id, createdAt: new Date() } });
  await giveAccesses(tx, grant, tenant, given);
  const role = withDefaultRole ? await tx.role.findFirst({ where: { tenantId: tenant.id, isDefault: true } }) : null;
  if (role) {
    assertMayHandOn(grant, spoken(role, tenant.id, ''), tenant.id, '');
    for (const principalId of principalIds)
      await bind(tx, grant, tenant, { principalId, groupId: null, role, namespace: '' });
  }
  return principalIds;
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
