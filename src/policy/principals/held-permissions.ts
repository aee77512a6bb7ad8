import { entry, levelOf, type Permission, split } from '../../access/catalog.ts';
import { covers } from '../../access/where.ts';
import type { PrismaClient } from '../../db/generated/client.ts';
import type { Tx } from '../../db/transaction.ts';
import { remember } from '../../lib/remember.ts';
import { coverOf } from './holdings.ts';
import type { Holding } from './principal.ts';

/**
 * A permission in a tenant (null: the instance), in a namespace and its descendants ('': the whole tenant or instance).
 */
export interface HeldPermission {
  readonly permission: Permission;
  readonly tenantId: string | null;
  readonly namespace: string;
  /** Set if the permission covers only the members of this group, through its ownership. */
  readonly groupId: string | null;
}

/**
 * Everything that a principal holds through bindings, access and ownership of groups. A disabled principal holds
 * nothing.
 */
export interface Held {
  readonly id: string;
  readonly kind: 'USER' | 'SERVICE_ACCOUNT';
  readonly name: string;
  readonly superAdmin: boolean;
  readonly permissions: readonly HeldPermission[];
}

interface Stored {
  principals: { id: string; kind: Held['kind']; name: string; superAdmin: boolean; disabled: boolean }[];
  accesses: { principalId: string; tenantId: string }[];
  members: { principalId: string; tenantId: string; groupId: string; membership: string }[];
  bindings: {
    id: string;
    tenantId: string | null;
    principalId: string | null;
    groupId: string | null;
    namespace: string;
    roleId: string;
  }[];
  roles: { id: string; permissions: Permission[] }[];
}

/** Returns what these principals hold, by id. Uses one statement for any number of principals. */
export async function heldBy(db: PrismaClient | Tx, ids: readonly string[]): Promise<Map<string, Held>> {
  const rows = await db.$queryRaw<Stored[]>`
    WITH who AS (
      SELECT p.id, p.kind, COALESCE(u.username, s.name) AS name,
        COALESCE(u."superAdmin", s."superAdmin") AS "superAdmin", COALESCE(u.disabled, false) AS disabled
      FROM "Principal" p LEFT JOIN "User" u ON u.id = p.id LEFT JOIN "ServiceAccount" s ON s.id = p.id
      WHERE p.id = ANY(${[...ids]}::text[])
    ), access AS (
      SELECT a."principalId", a."tenantId" FROM "TenantAccess" a JOIN who ON who.id = a."principalId"
    ), member AS (
      SELECT m."principalId", m."tenantId", m."groupId", m.membership FROM "GroupMember" m JOIN who ON who.id = m."principalId"
    ), binding AS (
      SELECT b.id, b."tenantId", b."principalId", b."groupId", b.namespace, b."roleId" FROM "Binding" b
      WHERE b."principalId" IN (SELECT id FROM who) OR b."groupId" IN (SELECT "groupId" FROM member)
    ), role AS (
      SELECT r.id, r.permissions FROM "Role" r WHERE r.id IN (SELECT "roleId" FROM binding)
    )
    SELECT COALESCE((SELECT json_agg(who) FROM who), '[]') AS principals,
      COALESCE((SELECT json_agg(access) FROM access), '[]') AS accesses,
      COALESCE((SELECT json_agg(member) FROM member), '[]') AS members,
      COALESCE((SELECT json_agg(binding ORDER BY binding.id) FROM binding), '[]') AS bindings,
      COALESCE((SELECT json_agg(role) FROM role), '[]') AS roles`;
  return assemble(rows[0]!);
}

function assemble({ principals, accesses, members, bindings, roles }: Stored): Map<string, Held> {
  const permissionsOf = new Map(roles.map(({ id, permissions }) => [id, permissions]));
  const holdings = new Map<string, Holding[]>();
  for (const { id, principalId, roleId, ...place } of bindings) {
    const holding = { ...place, permissions: permissionsOf.get(roleId) ?? [], bindingId: id, roleId };
    remember(holdings, (place.groupId ?? principalId)!, () => []).push(holding);
  }
  const accessOf = Map.groupBy(accesses, ({ principalId }) => principalId);
  const membershipOf = Map.groupBy(members, ({ principalId }) => principalId);
  // Members of one group share the permissions that they hold through it.
  const shared = new Map<string, readonly HeldPermission[]>();
  const held = principals.map(({ disabled, superAdmin, ...who }): Held => {
    if (disabled) return { ...who, superAdmin: false, permissions: [] };
    const memberships = membershipOf.get(who.id) ?? [];
    const own = [who.id, ...memberships.map(({ groupId }) => groupId).sort()].flatMap((id) => holdings.get(id) ?? []);
    const byRoles = remember(shared, own.map(({ bindingId }) => bindingId).join(), () => throughRoles(own));
    return {
      ...who,
      superAdmin,
      permissions: [
        ...byRoles,
        ...(accessOf.get(who.id) ?? []).map(({ tenantId }) => withoutRole('TENANT:READ', tenantId, null)),
        ...memberships
          .filter(({ membership }) => membership === 'OWNER')
          .map(({ tenantId, groupId }) => withoutRole('GROUP:UPDATE', tenantId, groupId)),
      ],
    };
  });
  return new Map(held.map((one) => [one.id, one]));
}

const withoutRole = (permission: Permission, tenantId: string, groupId: string | null): HeldPermission => ({
  permission,
  tenantId,
  namespace: '',
  groupId,
});

const throughRoles = (holdings: readonly Holding[]): HeldPermission[] =>
  [...new Set(holdings.map(({ tenantId }) => tenantId))].flatMap((tenantId) =>
    [...coverOf(holdings, tenantId)].flatMap(([permission, roots]) =>
      roots.map((namespace) => ({ permission, tenantId, namespace, groupId: null })),
    ),
  );

/** Returns the permissions in `here` that `there` does not contain for the whole subtree, without duplicates. */
export function beyond(here: readonly HeldPermission[], there: readonly HeldPermission[]): HeldPermission[] {
  const roots = new Map<string, string[]>();
  for (const held of there) remember(roots, keyOf(held), () => []).push(held.namespace);
  const seen = new Set<string>();
  return here.filter((held) => {
    const key = keyOf(held);
    if (seen.has(`${key} ${held.namespace}`)) return false;
    seen.add(`${key} ${held.namespace}`);
    return !(roots.get(key) ?? []).some((root) => covers(root, held.namespace));
  });
}

const keyOf = ({ permission, tenantId, groupId }: HeldPermission): string =>
  `${permission} ${tenantId ?? ''} ${groupId ?? ''}`;

/**
 * Returns true if gaining the permission is an escalation: instance level, impersonation, or changes of identity and
 * access.
 */
export function isEscalation({ permission }: HeldPermission): boolean {
  const [resource, action] = split(permission);
  if (levelOf(resource, action) === 'instance' || resource === 'IMPERSONATE') return true;
  return entry(resource).iam === true && action !== 'READ';
}
