import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { Group, GroupMember } from '../../../db/generated/client.ts';
import { changeRow } from '../../../db/rows/change.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict, notFound } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import type { Json } from '../../../lib/json.ts';
import { find } from '../../../policy/session/find.ts';
import { assertMayHandOn, giftOfBinding } from '../handing-on.ts';
import { principalNames, subjectName } from '../subject.ts';

export type Membership = 'OWNER' | 'MEMBER';

/** A member as events and policies see it: a part of its group. */
async function part(
  tx: Tx,
  group: Group,
  { principalId, membership }: Pick<GroupMember, 'principalId' | 'membership'>,
) {
  return partOf(group, principalId, await subjectName(tx, { principalId, groupId: null }), membership);
}
export const partOf = (group: Group, principalId: string, member: string, membership: string) => ({
  ...group,
  principalId,
  member,
  membership,
});
const audited = ['member', 'membership'];

/** A new member gets the bindings of the group: the doer must hold each of these permissions. */
export async function assertMayLetIn(tx: Tx, grant: Grant, group: Group): Promise<void> {
  const bindings = await tx.binding.findMany({ where: { groupId: group.id }, include: { role: true } });
  const gifts = bindings.map(({ id, role, ...binding }) =>
    giftOfBinding(grant, { ...binding, bindingId: id, permissions: role.permissions }),
  );
  assertMayHandOn(grant, gifts);
}

/** A provider whose groups decide about a membership, and how its events describe the change. */
export interface Manager {
  readonly provider: string;
  readonly details: Json;
}

/** Adds a principal who has access to the tenant. */
export async function addGroupMember(
  tx: Tx,
  grant: Grant<'GROUP:UPDATE'>,
  tenant: TenantRef,
  groupId: string,
  principalId: string,
  membership: Membership,
): Promise<GroupMember> {
  return (await addGroupMembers(tx, grant, tenant, groupId, [{ principalId, membership }]))[0]!;
}

export interface NewMember {
  readonly principalId: string;
  readonly membership: Membership;
}

/** Adds all or none of them. */
export async function addGroupMembers(
  tx: Tx,
  grant: Grant<'GROUP:UPDATE'>,
  tenant: TenantRef,
  groupId: string,
  members: readonly NewMember[],
): Promise<GroupMember[]> {
  const group = await find<Group>(tx, grant, 'GROUP', groupId);
  const among = { in: members.map(({ principalId }) => principalId) };
  const accesses = await tx.tenantAccess.count({ where: { tenantId: tenant.id, principalId: among } });
  if (accesses < new Set(among.in).size) throw notFound('The subject');
  if (await tx.groupMember.findFirst({ where: { groupId, principalId: among } }))
    throw conflict('The subject is already a member.');
  await assertMayLetIn(tx, grant, group);
  const names = await principalNames(tx, among.in);
  for (const { principalId, membership } of members)
    await grant.review(tx, { before: null, after: partOf(group, principalId, names.get(principalId)!, membership) });
  return insertMembers(tx, grant, tenant, group, members, names);
}

/** Writes only the row, after the decision. */
export async function insertMember(
  tx: Tx,
  grant: Grant,
  tenant: TenantRef,
  group: Group,
  principalId: string,
  membership: Membership,
  by?: Manager,
): Promise<GroupMember> {
  const names = await principalNames(tx, [principalId]);
  return (await insertMembers(tx, grant, tenant, group, [{ principalId, membership }], names, by))[0]!;
}

async function insertMembers(
  tx: Tx,
  grant: Grant,
  tenant: TenantRef,
  group: Group,
  members: readonly NewMember[],
  names: ReadonlyMap<string, string>,
  by?: Manager,
): Promise<GroupMember[]> {
  const place = { tenantId: tenant.id, groupId: group.id, managedBy: by?.provider ?? null };
  const data = members.map((member) => ({ id: newId(), ...place, ...member }));
  const rows = await tx.groupMember.createManyAndReturn({ data });
  for (const { principalId, membership } of rows) {
    const after = partOf(group, principalId, names.get(principalId)!, membership);
    const key = `${group.name}/${after.member}`;
    const details = by && { details: by.details };
    record(tx, grant, { resource: 'GROUP', before: null, after, tenant, audited, verb: 'add-member', key, ...details });
  }
  return rows;
}

async function memberOf(tx: Tx, groupId: string, principalId: string): Promise<GroupMember> {
  const member = await tx.groupMember.findFirst({ where: { groupId, principalId } });
  if (!member) throw notFound('The member');
  return member;
}

export async function setGroupMembership(
  tx: Tx,
  grant: Grant<'GROUP:UPDATE'>,
  tenant: TenantRef,
  groupId: string,
  principalId: string,
  membership: Membership,
): Promise<GroupMember> {
  const group = await find<Group>(tx, grant, 'GROUP', groupId);
  const member = await memberOf(tx, groupId, principalId);
  // An owner can add members: the doer must hold the permissions of the group.
  if (membership === 'OWNER' && member.membership !== 'OWNER') await assertMayLetIn(tx, grant, group);
  const before = await part(tx, group, member);
  const after = { ...before, membership };
  await grant.review(tx, { before, after });
  const updated = await changeRow(tx, 'GroupMember', member, { membership });
  record(tx, grant, { before, after, tenant, audited, verb: 'set-membership', key: `${group.name}/${before.member}` });
  return updated;
}

export async function removeGroupMember(
  tx: Tx,
  grant: Grant<'GROUP:UPDATE'>,
  tenant: TenantRef,
  groupId: string,
  principalId: string,
): Promise<Group> {
  const group = await find<Group>(tx, grant, 'GROUP', groupId);
  const member = await memberOf(tx, groupId, principalId);
  await grant.review(tx, { before: await part(tx, group, member), after: null });
  await removeMember(tx, grant, tenant, group, member);
  return group;
}

/** Removes those of these principals that are members, in a few statements. @returns their number. */
export async function removeGroupMembers(
  tx: Tx,
  grant: Grant<'GROUP:UPDATE'>,
  tenant: TenantRef,
  groupId: string,
  principalIds: readonly string[],
): Promise<number> {
  const group = await find<Group>(tx, grant, 'GROUP', groupId);
  const members = await tx.groupMember.findMany({ where: { groupId, principalId: { in: [...principalIds] } } });
  if (members.length === 0) return 0;
  const names = await principalNames(
    tx,
    members.map(({ principalId }) => principalId),
  );
  const parts = members.map(({ principalId, membership }) =>
    partOf(group, principalId, names.get(principalId)!, membership),
  );
  for (const before of parts) await grant.review(tx, { before, after: null });
  await tx.groupMember.deleteMany({ where: { id: { in: members.map(({ id }) => id) } } });
  for (const before of parts) recordRemoval(tx, grant, tenant, group, before);
  return members.length;
}

/** Deletes only the row, after the decision. */
export async function removeMember(
  tx: Tx,
  grant: Grant,
  tenant: TenantRef,
  group: Group,
  member: GroupMember,
  by?: Manager,
): Promise<void> {
  const before = await part(tx, group, member);
  await tx.groupMember.delete({ where: { id: member.id } });
  recordRemoval(tx, grant, tenant, group, before, by);
}

function recordRemoval(
  tx: Tx,
  grant: Grant,
  tenant: TenantRef,
  group: Group,
  before: ReturnType<typeof partOf>,
  by?: Manager,
): void {
  record(tx, grant, {
    resource: 'GROUP',
    before,
    after: null,
    tenant,
    audited,
    verb: 'remove-member',
    key: `${group.name}/${before.member}`,
    ...(by && { details: by.details }),
  });
}
