import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { TenantAccess } from '../../../db/generated/client.ts';
import { changeRow } from '../../../db/rows/change.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, conflict, notFound } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { fold } from '../../../lib/text.ts';
import { find } from '../../../policy/session/find.ts';
import { deletedWithTenant } from '../../with-tenant.ts';
import { bind, removeBindings } from '../binding/service.ts';
import { type Manager, removeMember } from '../group/members.ts';
import { assertMayHandOn, giftOf } from '../handing-on.ts';
import { principalNames, subjectName } from '../subject.ts';
import { leaveHome, releaseHome } from '../user/home.ts';

const named = async (tx: Tx, access: TenantAccess) => ({
  ...known(access),
  subject: await subjectName(tx, { principalId: access.principalId, groupId: null }),
});

const known = ({ externalId, ...access }: TenantAccess) => (externalId === null ? access : { ...access, externalId });

/** Writes the access row, after the decision. */
export async function giveAccess(
  tx: Tx,
  grant: Grant,
  tenant: TenantRef,
  principalId: string,
  by?: Manager,
): Promise<TenantAccess> {
  return (await giveAccesses(tx, grant, tenant, [{ id: newId(), principalId }], by))[0]!;
}

interface Given {
  readonly id: string;
  readonly principalId: string;
  readonly externalId?: string | null;
}

async function giveAccesses(
  tx: Tx,
  grant: Grant,
  tenant: TenantRef,
  given: readonly Given[],
  by?: Manager,
): Promise<TenantAccess[]> {
  await leaveHome(
    tx,
    grant,
    given.map(({ principalId }) => principalId),
    tenant,
  );
  const place = { tenantId: tenant.id, managedBy: by?.provider ?? null };
  const data = given.map((access) => ({ ...access, ...place }));
  const accesses = await tx.tenantAccess.createManyAndReturn({ data });
  const names = await principalNames(
    tx,
    given.map(({ principalId }) => principalId),
  );
  for (const access of accesses) {
    const after = { ...known(access), subject: names.get(access.principalId)! };
    const details = by && { details: by.details };
    record(tx, grant, { resource: 'TENANT_ACCESS', before: null, after, tenant, ...details });
  }
  return accesses;
}

export interface NewAccess {
  /** Exact name of a user or of an instance-wide service account. */
  readonly username?: string | null | undefined;
  readonly serviceAccount?: string | null | undefined;
  /** Bind the tenant's default role, if it has one. Defaults to true for a user, false for a service account. */
  readonly withDefaultRole?: boolean | null | undefined;
}

/**
 * Grants a user or an instance-wide service account access to the tenant. Both are found by exact name, so that the
 * caller does not need to list them.
 * @returns the ID of the principal.
 * @throws BAD_INPUT unless exactly one is named, NOT_FOUND, CONFLICT if the access exists, FORBIDDEN.
 */
export async function grantTenantAccess(
  tx: Tx,
  grant: Grant<'TENANT_ACCESS:CREATE'>,
  tenant: TenantRef,
  { username, serviceAccount, withDefaultRole }: NewAccess,
): Promise<string> {
  if ((username == null) === (serviceAccount == null))
    throw badInput(['input'], 'Set either username or serviceAccount.');
  if (username != null) {
    const one = { usernames: [username], withDefaultRole: withDefaultRole ?? true };
    return (await grantTenantAccesses(tx, grant, tenant, one))[0]!;
  }
  const account = await tx.serviceAccount.findFirst({
    where: { tenantId: null, name: serviceAccount! },
    select: { id: true, name: true },
  });
  if (!account) throw notFound(`The instance-wide service account ${serviceAccount}`);
  await giveReviewed(tx, grant, tenant, new Map([[account.id, account.name]]), withDefaultRole ?? false);
  return account.id;
}

interface AccessOfUsers {
  readonly usernames: readonly string[];
  readonly withDefaultRole: boolean;
  /** The ID of the user in the directory of a provisioning client. */
  readonly externalId?: string | null;
}

/** Grants access to all or none of them. @returns their IDs, in the order of the names. */
export async function grantTenantAccesses(
  tx: Tx,
  grant: Grant<'TENANT_ACCESS:CREATE'>,
  tenant: TenantRef,
  { usernames, withDefaultRole, externalId }: AccessOfUsers,
): Promise<string[]> {
  const users = await tx.user.findMany({
    where: { usernameKey: { in: usernames.map(fold) } },
    select: { id: true, usernameKey: true },
  });
  const ids = new Map(users.map(({ id, usernameKey }) => [usernameKey, id]));
  const unknown = usernames.find((username) => !ids.has(fold(username)));
  if (unknown !== undefined) throw notFound(`The user ${unknown}`);
  const named = new Map(usernames.map((username) => [ids.get(fold(username))!, username]));
  await giveReviewed(tx, grant, tenant, named, withDefaultRole, externalId);
  return [...named.keys()];
}

/** @param named the principals with the names from the caller: stored names can be masked for the caller. */
async function giveReviewed(
  tx: Tx,
  grant: Grant<'TENANT_ACCESS:CREATE'>,
  tenant: TenantRef,
  named: ReadonlyMap<string, string>,
  withDefaultRole: boolean,
  externalId: string | null = null,
): Promise<void> {
  const principalIds = [...named.keys()];
  const present = await tx.tenantAccess.findFirst({
    where: { tenantId: tenant.id, principalId: { in: principalIds } },
  });
  if (present) throw conflict(`${named.get(present.principalId)} already has access.`);
  const given = principalIds.map((principalId) => ({ id: newId(), principalId, externalId }));
  for (const access of given)
    await grant.review(tx, { before: null, after: { ...access, tenantId: tenant.id, createdAt: new Date() } });
  await giveAccesses(tx, grant, tenant, given);
  const role = withDefaultRole ? await tx.role.findFirst({ where: { tenantId: tenant.id, isDefault: true } }) : null;
  if (!role) return;
  assertMayHandOn(grant, [giftOf(grant, role, tenant.id, '')]);
  for (const principalId of principalIds)
    await bind(tx, grant, tenant, { principalId, groupId: null, role, namespace: '' });
}

/** Sets the ID of a user in the directory of a provisioning client. */
export async function setExternalId(
  tx: Tx,
  grant: Grant<'TENANT_ACCESS:CREATE'>,
  tenant: TenantRef,
  id: string,
  externalId: string | null,
): Promise<void> {
  const row = await find<TenantAccess>(tx, grant, 'TENANT_ACCESS', id);
  const before = { ...(await named(tx, row)), externalId: row.externalId };
  const after = { ...before, externalId };
  await grant.review(tx, { before, after });
  await changeRow(tx, 'TenantAccess', row, { externalId });
  record(tx, grant, { before, after, tenant, audited: ['externalId'], verb: 'set-external-id' });
}

/** Revokes access and deletes the bindings and memberships in the tenant, each with its event. */
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
  if (home)
    throw conflict('The access of a service account to its own tenant cannot be revoked. Delete the account instead.');
  await grant.review(tx, { before, after: null });
  await removeAccess(tx, grant, tenant, before);
}

/** Deletes the row and its dependents, after the decision. */
export async function removeAccess(
  tx: Tx,
  grant: Grant,
  tenant: TenantRef,
  access: TenantAccess,
  by?: Manager,
): Promise<void> {
  const { tenantId, principalId } = access;
  await removeBindings(tx, grant, tenant, { tenantId, principalId });
  for (const member of await tx.groupMember.findMany({ where: { tenantId, principalId }, include: { group: true } })) {
    await removeMember(tx, grant, tenant, member.group, member);
  }
  const before = await named(tx, access);
  await tx.tenantAccess.delete({ where: { id: access.id } });
  const details = by && { details: by.details };
  record(tx, grant, { resource: 'TENANT_ACCESS', before, after: null, tenant, ...details });
}

deletedWithTenant('TENANT_ACCESS', async (tx, grant, tenant) => {
  for (const access of await tx.tenantAccess.findMany({ where: { tenantId: tenant.id } }))
    await removeAccess(tx, grant, tenant, access);
  await releaseHome(tx, grant, tenant);
});
