import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import type { User } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict } from '../../../errors.ts';
import { find } from '../../../policy/session/find.ts';
import type { AccessSession } from '../../../policy/session/session.ts';
import { addGroupMember } from '../group/members.ts';
import { grantTenantAccesses } from '../tenant-access/service.ts';
import { assertAlone, setHome } from './home.ts';
import { createUser, type NewUser } from './service.ts';

interface NewHomeUser {
  readonly user: NewUser;
  readonly groupIds: readonly string[];
  readonly passwordLength: number;
}

/**
 * Creates a user who belongs to a tenant, with access to it, its default role and groups.
 * @param session that of the grant, to decide about the access and each group.
 */
export async function createHomeUser(
  tx: Tx,
  grant: Grant<'USER:CREATE'>,
  session: AccessSession,
  home: TenantRef,
  { user, groupIds, passwordLength }: NewHomeUser,
): Promise<User> {
  const created = await createUser(tx, grant, { ...user, homeTenantId: home.id }, passwordLength);
  const access = session.grant('TENANT_ACCESS:CREATE', { tenantId: home.id });
  await grantTenantAccesses(tx, access, home, { usernames: [user.username], withDefaultRole: true });
  for (const groupId of new Set(groupIds)) {
    const overMembers = session.grant('GROUP:UPDATE', { tenantId: home.id, part: 'members' });
    await addGroupMember(tx, overMembers, home, groupId, created.id, 'MEMBER');
  }
  return created;
}

/** Changes the tenant to which a user belongs. @throws CONFLICT unless the user has access to that tenant alone. */
export async function changeHome(
  tx: Tx,
  grant: Grant<'USER:UPDATE'>,
  id: string,
  home: TenantRef | null,
): Promise<User> {
  const before = await find<User>(tx, grant, 'USER', id);
  if (before.homeTenantId === (home?.id ?? null)) return before;
  await grant.review(tx, { before, after: { ...before, homeTenantId: home?.id ?? null } });
  if (home) {
    const access = await tx.tenantAccess.findFirst({ where: { tenantId: home.id, principalId: id } });
    if (!access) throw conflict(`The user has no access to ${home.key}. Grant it first.`);
    await assertAlone(tx, before, home);
  }
  return setHome(tx, grant, before, home);
}
