import type { Doer } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import type { Group, Invitation, User } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { newId } from '../../../lib/ids.ts';
import { find } from '../../../policy/session/find.ts';
import { withActor } from '../../../policy/session/on-behalf.ts';
import type { AccessSession } from '../../../policy/session/session.ts';
import { assertMayBind, createBinding, roleIn } from '../binding/service.ts';
import { addGroupMember, assertMayLetIn, partOf } from '../group/members.ts';
import { assertMayHandOn, giftOf } from '../handing-on.ts';
import { grantTenantAccesses } from '../tenant-access/service.ts';

export interface OfferedBinding {
  readonly roleId: string;
  /** '' is the whole tenant. */
  readonly namespace: string;
}

/** What the person gets with the access to the tenant. */
export interface Offer {
  readonly groupIds: readonly string[];
  readonly bindings: readonly OfferedBinding[];
  readonly withDefaultRole: boolean;
}

export const offerOf = ({ groupIds, bindings, withDefaultRole }: Invitation): Offer => ({
  groupIds,
  bindings: bindings as unknown as OfferedBinding[],
  withDefaultRole,
});

/**
 * Decides about everything that the person would get, by the rules of the single mutations, without writing it. Policies
 * see a principal that does not exist yet.
 * @returns names for the event. @throws FORBIDDEN, NOT_FOUND, POLICY_ERROR.
 */
export async function assertMayOffer(
  tx: Tx,
  session: AccessSession,
  { id: tenantId }: TenantRef,
  email: string,
  { groupIds, bindings, withDefaultRole }: Offer,
): Promise<{ readonly groups: string[]; readonly roles: string[] }> {
  const person = { tenantId, principalId: newId(), createdAt: new Date() };
  const access = session.grant('TENANT_ACCESS:CREATE', { tenantId });
  await access.review(tx, { before: null, after: { id: newId(), ...person } });
  const defaultRole = withDefaultRole ? await tx.role.findFirst({ where: { tenantId, isDefault: true } }) : null;
  if (defaultRole) assertMayHandOn(access, [giftOf(access, defaultRole, tenantId, '')]);
  const groups: string[] = [];
  for (const id of groupIds) {
    const grant = session.grant('GROUP:UPDATE', { tenantId, part: 'members' });
    const group = await find<Group>(tx, grant, 'GROUP', id);
    await assertMayLetIn(tx, grant, group);
    const after = partOf(group, person.principalId, `invitation:${email}`, 'MEMBER');
    await grant.review(tx, { before: null, after });
    groups.push(group.name);
  }
  const roles = defaultRole ? [defaultRole.name] : [];
  for (const { roleId, namespace } of bindings) {
    const grant = session.grant('BINDING:CREATE', { tenantId });
    const role = await roleIn(tx, tenantId, roleId);
    await assertMayBind(tx, grant, tenantId, role, { principalId: person.principalId, groupId: null, namespace });
    roles.push(namespace === '' ? role.name : `${role.name} in ${namespace}`);
  }
  return { groups, roles };
}

/**
 * Gives the user what the invitation offers and the user does not have. Each change is decided with the present
 * permissions of the inviter, and its event names the person who accepts.
 * @param session the inviter's.
 */
export async function giveOffered(
  tx: Tx,
  session: AccessSession,
  doer: Doer,
  tenant: TenantRef,
  { id: principalId, username }: User,
  { groupIds, bindings, withDefaultRole }: Offer,
): Promise<void> {
  const tenantId = tenant.id;
  if (!(await tx.tenantAccess.findFirst({ where: { tenantId, principalId }, select: { id: true } }))) {
    const grant = withActor(session.grant('TENANT_ACCESS:CREATE', { tenantId }), doer);
    await grantTenantAccesses(tx, grant, tenant, { usernames: [username], withDefaultRole });
  }
  for (const groupId of groupIds) {
    if (await tx.groupMember.findFirst({ where: { groupId, principalId }, select: { id: true } })) continue;
    const grant = withActor(session.grant('GROUP:UPDATE', { tenantId, part: 'members' }), doer);
    await addGroupMember(tx, grant, tenant, groupId, principalId, 'MEMBER');
  }
  for (const { roleId, namespace } of bindings) {
    const place = { tenantId, principalId, roleId, namespace };
    if (await tx.binding.findFirst({ where: place, select: { id: true } })) continue;
    const grant = withActor(session.grant('BINDING:CREATE', { tenantId }), doer);
    await createBinding(tx, grant, tenant, { subject: { typename: 'User', id: principalId }, roleId, namespace });
  }
}
