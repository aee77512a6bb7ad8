import type { Group } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { write } from '../../../policy/session/write.ts';
import { addGroupMembers, removeGroupMembers } from '../group/members.ts';
import { deleteGroup as removeGroup, updateGroup as setGroup, createGroup as startGroup } from '../group/service.ts';
import { scimFault } from './fault.ts';
import type { GroupChange } from './group-change.ts';
import { groupById, groupVersion } from './groups.ts';
import { assertVersion, recorded, type Scim } from './scim.ts';

/** Changes of more members than this have the time of a bulk request. */
const fewMembers = 200;

function timeFor({ context: { deadline, limits } }: Scim, { add, remove, isWhole }: GroupChange) {
  if (!isWhole && add.size + remove.size <= fewMembers) return {};
  deadline?.extend(limits.bulkMs);
  return { timeoutMs: limits.bulkMs };
}

export async function createGroup(scim: Scim, change: GroupChange): Promise<Group> {
  const { context, tenant } = scim;
  const { displayName, externalId, add } = change;
  if (displayName === undefined) throw scimFault('invalidValue', 'displayName is required.');
  const scope = { tenantId: tenant.id };
  const work = async (tx: Tx, grant: Parameters<typeof startGroup>[1]) => {
    const group = await startGroup(tx, grant, tenant, { name: displayName, externalId });
    if (add.size > 0) await changeMembers(scim, tx, group.id, change);
    return group;
  };
  const group = await recorded(scim, 'GROUP:CREATE', '', () =>
    write(context.session, context.store, 'GROUP:CREATE', scope, work, timeFor(scim, change)),
  );
  await context.session.refresh();
  return groupById(scim, group.id);
}

/** Changes a group. The number of statements does not depend on how many members the group has. */
export async function updateGroup(
  scim: Scim,
  group: Group,
  change: GroupChange,
  ifMatch: string | undefined,
): Promise<void> {
  const { context, tenant } = scim;
  const { session, store } = context;
  const { displayName = group.name, externalId = group.externalId, add, remove, isWhole } = change;
  const ofGroup = displayName !== group.name || externalId !== group.externalId;
  const ofMembers = isWhole || add.size + remove.size > 0;
  if (!ofGroup && !ofMembers) {
    if (ifMatch !== undefined) assertVersion(ifMatch, await groupVersion(context.db, group));
    return;
  }
  const scope = { tenantId: tenant.id, ...(!ofGroup && { part: 'members' as const }) };
  const work = async (tx: Tx, grant: Parameters<typeof setGroup>[1]) => {
    const now = await groupById(scim, group.id, tx);
    if (ifMatch !== undefined) assertVersion(ifMatch, await groupVersion(tx, now));
    if (ofGroup) await setGroup(tx, grant, tenant, group.id, { name: displayName, externalId });
    if (ofMembers) await changeMembers(scim, tx, group.id, change);
  };
  await recorded(scim, 'GROUP:UPDATE', group.id, () =>
    write(session, store, 'GROUP:UPDATE', scope, work, timeFor(scim, change)),
  );
}

/** Adds and removes members. Only users are members here: service accounts stay. */
async function changeMembers({ context, tenant }: Scim, tx: Tx, groupId: string, change: GroupChange): Promise<void> {
  const { add, remove, isWhole } = change;
  const grant = context.session.grant('GROUP:UPDATE', { tenantId: tenant.id, part: 'members' });
  const rows = isWhole
    ? await tx.$queryRaw<{ id: string }[]>`
        SELECT u.id FROM "GroupMember" m JOIN "User" u ON u.id = m."principalId" WHERE m."groupId" = ${groupId}`
    : await tx.$queryRaw<{ id: string }[]>`
        SELECT u.id FROM "GroupMember" m JOIN "User" u ON u.id = m."principalId"
        WHERE m."groupId" = ${groupId} AND u.id = ANY(${[...add, ...remove]}::text[])`;
  const present = new Set(rows.map(({ id }) => id));
  const gone = isWhole ? [...present].filter((id) => !add.has(id)) : [...remove].filter((id) => present.has(id));
  const fresh = [...add].filter((id) => !present.has(id));
  if (gone.length > 0) await removeGroupMembers(tx, grant, tenant, groupId, gone);
  if (fresh.length === 0) return;
  await assertUsers(tx, tenant.id, fresh);
  const members = fresh.map((principalId) => ({ principalId, membership: 'MEMBER' as const }));
  await addGroupMembers(tx, grant, tenant, groupId, members);
}

async function assertUsers(tx: Tx, tenantId: string, ids: readonly string[]): Promise<void> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT u.id FROM "TenantAccess" a JOIN "User" u ON u.id = a."principalId"
    WHERE a."tenantId" = ${tenantId} AND u.id = ANY(${[...ids]}::text[])`;
  const known = new Set(rows.map(({ id }) => id));
  const unknown = ids.find((id) => !known.has(id));
  if (unknown !== undefined) throw scimFault('invalidValue', `The tenant has no user ${unknown.slice(0, 100)}.`);
}

/** Deletes a group with its bindings and memberships. Its members stay. */
export async function deleteGroup(scim: Scim, group: Group, ifMatch: string | undefined): Promise<void> {
  const { context, tenant } = scim;
  await recorded(scim, 'GROUP:DELETE', group.id, () =>
    write(context.session, context.store, 'GROUP:DELETE', { tenantId: tenant.id }, async (tx, grant) => {
      const now = await groupById(scim, group.id, tx);
      if (ifMatch !== undefined) assertVersion(ifMatch, await groupVersion(tx, now));
      await removeGroup(tx, grant, tenant, group.id);
    }),
  );
}
