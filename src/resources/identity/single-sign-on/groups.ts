import type { Origin } from '../../../access/grant.ts';
import type { GroupReading } from '../../../auth/oidc/groups.ts';
import type { GroupRule } from '../../../config.ts';
import type { Group, GroupMember } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { fold } from '../../../lib/text.ts';
import { asSystem } from '../../../policy/session/system.ts';
import { insertMember, type Manager, removeMember } from '../group/members.ts';
import { giveAccess, removeAccess } from '../tenant-access/service.ts';

type Db = Pick<Tx, '$queryRaw' | 'groupMember'>;
type NamedGroup = Group & { readonly tenantKey: string };
export type OwnMember = GroupMember & { readonly group: Group; readonly tenantKey: string };

/** What a sign-in changes about the groups of a user. */
export interface GroupPlan {
  readonly add: readonly NamedGroup[];
  readonly remove: readonly OwnMember[];
  /** Rules that apply and name a group or a tenant that does not exist. */
  readonly unknown: readonly GroupRule[];
}

/** Groups of rules, by the key of their tenant and their name. */
const groupsOf = async (db: Db, rules: readonly GroupRule[]): Promise<NamedGroup[]> => {
  if (rules.length === 0) return [];
  const keys = rules.map(({ tenant }) => tenant);
  const names = rules.map(({ group }) => fold(group));
  return db.$queryRaw<NamedGroup[]>`
    SELECT DISTINCT g.*, t.key AS "tenantKey"
    FROM unnest(${keys}::text[], ${names}::text[]) AS wanted(key, name)
    JOIN "Tenant" t ON t.key = wanted.key
    JOIN "Group" g ON g."tenantId" = t.id AND g."nameKey" = wanted.name ORDER BY g.id`;
};

/**
 * Compares the groups of a person with the memberships that the provider manages. Memberships of others stay as they
 * are, and so do groups whose claim is missing.
 * @param userId undefined for a person who is not a user yet.
 */
export async function planGroups(
  db: Db,
  provider: string,
  userId: string | undefined,
  { given, open }: GroupReading,
): Promise<GroupPlan> {
  const [wanted, kept] = [await groupsOf(db, given), await groupsOf(db, open)];
  const found = new Set(wanted.map(({ tenantKey, nameKey }) => `${tenantKey} ${nameKey}`));
  const unknown = given.filter(({ tenant, group }) => !found.has(`${tenant} ${fold(group)}`));
  const present =
    userId === undefined
      ? []
      : await db.groupMember.findMany({
          where: { principalId: userId },
          include: { group: { include: { tenant: { select: { key: true } } } } },
        });
  const members = new Set(present.map(({ groupId }) => groupId));
  const stay = new Set([...wanted, ...kept].map(({ id }) => id));
  return {
    add: wanted.filter(({ id }) => !members.has(id)),
    remove: present
      .filter(({ managedBy, groupId }) => managedBy === provider && !stay.has(groupId))
      .map(({ group: { tenant, ...group }, ...member }) => ({ ...member, group, tenantKey: tenant.key })),
    unknown,
  };
}

/** Performs the plan as the gateway itself, within the rules that the operator wrote. Requires the lock of all access. */
export async function applyGroups(
  tx: Tx,
  provider: string,
  userId: string,
  { add, remove }: GroupPlan,
  from: Origin,
): Promise<void> {
  const by: Manager = { provider, details: { method: 'OIDC', provider } };
  const reason = `groups of the provider ${provider}`;
  for (const { tenantKey: key, ...group } of add) {
    const tenant = { id: group.tenantId, key };
    const place = { tenantId: tenant.id, principalId: userId };
    // A membership requires access to the tenant.
    if (!(await tx.tenantAccess.findFirst({ where: place })))
      await giveAccess(tx, asSystem('TENANT_ACCESS:CREATE', reason, tenant.id, from), tenant, userId, by);
    await insertMember(tx, asSystem('GROUP:UPDATE', reason, tenant.id, from), tenant, group, userId, 'MEMBER', by);
  }
  for (const { group, tenantKey: key, ...member } of remove) {
    const tenant = { id: member.tenantId, key };
    await removeMember(tx, asSystem('GROUP:UPDATE', reason, tenant.id, from), tenant, group, member, by);
    // The access that came with the memberships of the provider goes with the last one.
    const place = { tenantId: tenant.id, principalId: userId };
    const access = await tx.tenantAccess.findFirst({
      where: { ...place, managedBy: provider, memberships: { none: {} }, bindings: { none: {} } },
    });
    if (access) await removeAccess(tx, asSystem('TENANT_ACCESS:DELETE', reason, tenant.id, from), tenant, access, by);
  }
}
