import { z } from 'zod';
import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { ServiceAccount } from '../../../db/generated/client.ts';
import { changeRow } from '../../../db/rows/change.ts';
import { rowsOf } from '../../../db/rows/rows.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, conflict, GatehouseError, notFound } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { started } from '../../../lib/started.ts';
import { find } from '../../../policy/session/find.ts';
import type { AccessSession } from '../../../policy/session/session.ts';
import { isReserved } from '../../rules.ts';
import { deletedWithTenant } from '../../with-tenant.ts';
import { revokeOfOthers } from '../api-token/service.ts';
import { addGroupMember } from '../group/members.ts';
import { assertLasting } from '../handing-on.ts';
import { removePrincipal } from '../principal.ts';
import { giveAccess } from '../tenant-access/service.ts';
import type { SuperAdminChange } from '../user/service.ts';
import { removeTrusts } from '../workload/service.ts';

/** A DNS label (RFC 1123), so that the name can be forwarded to systems that require one. */
export const serviceAccountName = z
  .string()
  .max(63, 'A name can have at most 63 characters.')
  .regex(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(?![\s\S])/,
    'A name can contain a-z, 0-9 and hyphens, and must begin and end with a letter or digit.',
  );

/** Max groups that an account can be added to at its creation. */
export const maxGroups = 20;

async function assertNameFree(tx: Tx, tenant: TenantRef | null, name: string, except?: string): Promise<void> {
  if (isReserved(name)) throw badInput(['input', 'name'], 'This name is reserved. Choose another one.');
  const taken = await rowsOf(tx).first('ServiceAccount', { tenantId: tenant?.id ?? null, name }, ['id']);
  if (taken && taken['id'] !== except) throw conflict(`The service account ${name} already exists.`);
}

export interface NewServiceAccount {
  readonly name: string;
  readonly description?: string | null | undefined;
}

/** Creates an account of a tenant with access to it, or an instance-wide account (tenant null). */
export async function createServiceAccount(
  tx: Tx,
  grant: Grant<'SERVICE_ACCOUNT:CREATE'>,
  tenant: TenantRef | null,
  { name, description = null }: NewServiceAccount,
): Promise<ServiceAccount> {
  await assertNameFree(tx, tenant, name);
  const after = {
    id: newId(),
    tenantId: tenant?.id ?? null,
    name,
    description,
    superAdmin: false,
    createdAt: new Date(),
  };
  await grant.review(tx, { before: null, after });
  await tx.principal.create({ data: { id: after.id, kind: 'SERVICE_ACCOUNT' } });
  const account = await tx.serviceAccount.create({ data: after });
  record(tx, grant, { before: null, after: account, tenant });
  if (tenant) await giveAccess(tx, grant, tenant, account.id);
  return account;
}

/**
 * Creates an account of a tenant that is a member of these groups.
 * @param session that of the grant, to decide about each group as `addGroupMember` does.
 * @throws BAD_INPUT for groups without a tenant.
 */
export async function createServiceAccountWithGroups(
  tx: Tx,
  grant: Grant<'SERVICE_ACCOUNT:CREATE'>,
  session: AccessSession,
  tenant: TenantRef | null,
  { groupIds, ...fields }: NewServiceAccount & { readonly groupIds: readonly string[] },
): Promise<ServiceAccount> {
  if (!tenant && groupIds.length > 0)
    throw badInput(['input', 'groups'], 'Groups belong to a tenant. Set tenantKey, or omit groups.');
  const account = await createServiceAccount(tx, grant, tenant, fields);
  if (!tenant) return account;
  for (const groupId of new Set(groupIds)) {
    const overMembers = session.grant('GROUP:UPDATE', { tenantId: tenant.id, part: 'members' });
    await addGroupMember(tx, overMembers, tenant, groupId, account.id, 'MEMBER');
  }
  return account;
}

function assertMayChange(grant: Grant, account: ServiceAccount): void {
  if (account.superAdmin && !grant.isSuperAdmin) {
    throw new GatehouseError('FORBIDDEN', 'Only a super admin can change a super admin.', {
      decisionId: grant.decisionId,
      policy: 'handing-on',
    });
  }
}

export async function updateServiceAccount(
  tx: Tx,
  grant: Grant<'SERVICE_ACCOUNT:UPDATE'>,
  tenant: TenantRef | null,
  id: string,
  { name, description }: { name?: string | null | undefined; description?: string | null | undefined },
): Promise<ServiceAccount> {
  const found = started(find<ServiceAccount>(tx, grant, 'SERVICE_ACCOUNT', id));
  const free = name != null ? started(assertNameFree(tx, tenant, name, id)) : undefined;
  const before = await found;
  assertMayChange(grant, before);
  await free;
  const data = { ...(name != null && { name }), ...(description !== undefined && { description }) };
  await grant.review(tx, { before, after: { ...before, ...data } });
  const after = await changeRow(tx, 'ServiceAccount', before, data);
  record(tx, grant, { before, after, tenant });
  return after;
}

/** Requires the permission to update users: super admins are a matter of the instance. */
export async function setServiceAccountSuperAdmin(
  tx: Tx,
  grant: Grant<'USER:UPDATE'>,
  id: string,
  superAdmin: boolean,
  keptTokens: readonly string[] = [],
): Promise<SuperAdminChange<ServiceAccount>> {
  if (!grant.isSuperAdmin)
    throw new GatehouseError('FORBIDDEN', 'Only a super admin can add or remove super admins.', {
      decisionId: grant.decisionId,
    });
  await tx.$executeRaw`SELECT 1 FROM "ServiceAccount" WHERE id = ${id} FOR UPDATE`;
  const before = await tx.serviceAccount.findUnique({ where: { id }, include: { tenant: true } });
  if (!before) throw notFound('The object');
  if (superAdmin) assertLasting(grant, 'make a super admin');
  await grant.review(tx, { before, after: { ...before, superAdmin } });
  const row = await rowsOf(tx).update('ServiceAccount', id, { superAdmin });
  record(tx, grant, {
    resource: 'SERVICE_ACCOUNT',
    before,
    after: row,
    tenant: before.tenant,
    verb: 'set-super-admin',
  });
  const rises = superAdmin && !before.superAdmin;
  // Others, who added the trusts, would gain its permissions.
  if (rises) await removeTrusts(tx, grant, before.tenant, before);
  return { row, tokens: rises ? await revokeOfOthers(tx, grant, id, keptTokens) : [] };
}

export async function deleteServiceAccount(
  tx: Tx,
  grant: Grant<'SERVICE_ACCOUNT:DELETE'>,
  tenant: TenantRef | null,
  id: string,
): Promise<ServiceAccount> {
  const before = await find<ServiceAccount>(tx, grant, 'SERVICE_ACCOUNT', id);
  await grant.review(tx, { before, after: null });
  await removeServiceAccount(tx, grant, tenant, before);
  return before;
}

async function removeServiceAccount(
  tx: Tx,
  grant: Grant,
  tenant: TenantRef | null,
  account: ServiceAccount,
): Promise<void> {
  assertMayChange(grant, account);
  await removeTrusts(tx, grant, tenant, account);
  await removePrincipal(tx, grant, account.id);
  await tx.serviceAccount.delete({ where: { id: account.id } });
  await tx.principal.delete({ where: { id: account.id } });
  record(tx, grant, { resource: 'SERVICE_ACCOUNT', before: account, after: null, tenant });
}

deletedWithTenant('SERVICE_ACCOUNT', async (tx, grant, tenant) => {
  for (const account of await tx.serviceAccount.findMany({ where: { tenantId: tenant.id } }))
    await removeServiceAccount(tx, grant, tenant, account);
});
