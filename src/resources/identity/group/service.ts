import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { Group } from '../../../db/generated/client.ts';
import { changeRow } from '../../../db/rows/change.ts';
import { rowsOf } from '../../../db/rows/rows.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { started } from '../../../lib/started.ts';
import { fold } from '../../../lib/text.ts';
import { find } from '../../../policy/session/find.ts';
import { deletedWithTenant } from '../../with-tenant.ts';
import { removeBindings } from '../binding/service.ts';
import { removeMember } from './members.ts';

async function assertNameFree(tx: Tx, tenant: TenantRef, name: string, except?: string): Promise<void> {
  const taken = await rowsOf(tx).first('Group', { tenantId: tenant.id, nameKey: fold(name) }, ['id']);
  if (taken && taken['id'] !== except) throw conflict(`The group ${name} already exists.`);
}

interface NewGroup {
  readonly name: string;
  readonly description?: string | null | undefined;
  /** The ID of the group in the directory of a provisioning client. */
  readonly externalId?: string | null | undefined;
}

export async function createGroup(
  tx: Tx,
  grant: Grant<'GROUP:CREATE'>,
  tenant: TenantRef,
  { name, description = null, externalId = null }: NewGroup,
): Promise<Group> {
  await assertNameFree(tx, tenant, name);
  const place = { id: newId(), tenantId: tenant.id, createdAt: new Date() };
  const after = { ...place, name, nameKey: fold(name), description, externalId };
  await grant.review(tx, { before: null, after });
  const group = await tx.group.create({ data: after });
  record(tx, grant, { before: null, after: group, tenant });
  return group;
}

export async function updateGroup(
  tx: Tx,
  grant: Grant<'GROUP:UPDATE'>,
  tenant: TenantRef,
  id: string,
  { name, description, externalId }: { [Field in keyof NewGroup]?: NewGroup[Field] | null | undefined },
): Promise<Group> {
  const found = started(find<Group>(tx, grant, 'GROUP', id));
  const free = name != null ? started(assertNameFree(tx, tenant, name, id)) : undefined;
  const before = await found;
  await free;
  const data = {
    ...(name != null && { name, nameKey: fold(name) }),
    ...(description !== undefined && { description }),
    ...(externalId !== undefined && { externalId }),
  };
  await grant.review(tx, { before, after: { ...before, ...data } });
  const after = await changeRow(tx, 'Group', before, data);
  record(tx, grant, { before, after, tenant });
  return after;
}

/** Deletes a group with its bindings and memberships, not its members. */
export async function deleteGroup(tx: Tx, grant: Grant<'GROUP:DELETE'>, tenant: TenantRef, id: string): Promise<Group> {
  const before = await find<Group>(tx, grant, 'GROUP', id);
  await grant.review(tx, { before, after: null });
  await removeGroup(tx, grant, tenant, before);
  return before;
}

async function removeGroup(tx: Tx, grant: Grant, tenant: TenantRef, group: Group): Promise<void> {
  await removeBindings(tx, grant, tenant, { groupId: group.id });
  for (const member of await tx.groupMember.findMany({ where: { groupId: group.id } }))
    await removeMember(tx, grant, tenant, group, member);
  await tx.group.delete({ where: { id: group.id } });
  record(tx, grant, { resource: 'GROUP', before: group, after: null, tenant });
}

deletedWithTenant('GROUP', async (tx, grant, tenant) => {
  for (const group of await tx.group.findMany({ where: { tenantId: tenant.id } }))
    await removeGroup(tx, grant, tenant, group);
});
