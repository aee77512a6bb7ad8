import { levelOf, type Permission, split } from '../../access/catalog.ts';
import type { PrismaClient } from '../../db/generated/client.ts';
import { remember } from '../../lib/remember.ts';
import { type Holding, manyBindings, type Principal } from './principal.ts';

interface Stored {
  revision: bigint;
  principals: {
    id: string;
    kind: Principal['kind'];
    name: string;
    superAdmin: boolean;
    disabled: boolean;
    homeTenantId: string | null;
    hasAccess: boolean;
  }[];
  memberships: { principalId: string; groupId: string; membership: 'OWNER' | 'MEMBER' }[];
  bindings: {
    id: string;
    tenantId: string | null;
    principalId: string | null;
    groupId: string | null;
    namespace: string;
    roleId: string;
  }[];
  namespaces: string[];
}

export interface CandidatesQuestion {
  readonly tenantId: string;
  readonly permission: Permission;
  /** If true, returns all principals, because a policy can grant the permission without a role. */
  readonly all: boolean;
}

/**
 * Returns all principals that could have the permission in the tenant: principals with access to it, super admins, and
 * for instance-level permissions the principals with instance bindings. Each has only the data that decides this
 * permission. Uses one statement and therefore one snapshot.
 */
export async function candidates(
  db: PrismaClient,
  { tenantId, permission, all }: CandidatesQuestion,
): Promise<Principal[]> {
  const instance = levelOf(...split(permission)) === 'instance';
  const rows = await db.$queryRaw<Stored[]>`
    WITH given AS (
      SELECT b.id, b."tenantId", b."principalId", b."groupId", b.namespace, r.id AS "roleId"
      FROM "Binding" b JOIN "Role" r ON r.id = b."roleId"
      WHERE (b."tenantId" = ${tenantId} OR (${instance} AND b."tenantId" IS NULL)) AND ${permission} = ANY(r.permissions)
    ), members AS (
      SELECT m."principalId", m."groupId", m.membership FROM "GroupMember" m WHERE m."tenantId" = ${tenantId}
    ), who AS (
      SELECT p.id, p.kind, COALESCE(u.username, s.name) AS name,
        COALESCE(u."superAdmin", s."superAdmin") AS "superAdmin", COALESCE(u.disabled, false) AS disabled,
        s."tenantId" AS "homeTenantId", a.id IS NOT NULL AS "hasAccess"
      FROM "Principal" p
      LEFT JOIN "User" u ON u.id = p.id
      LEFT JOIN "ServiceAccount" s ON s.id = p.id
      LEFT JOIN "TenantAccess" a ON a."principalId" = p.id AND a."tenantId" = ${tenantId}
      WHERE ${all} OR a.id IS NOT NULL OR u."superAdmin" OR s."superAdmin"
        OR EXISTS (SELECT 1 FROM given g WHERE g."tenantId" IS NULL AND g."principalId" = p.id)
    )
    SELECT (SELECT revision FROM "AccessState") AS revision,
      COALESCE((SELECT json_agg(who) FROM who), '[]') AS principals,
      COALESCE((SELECT json_agg(members) FROM members), '[]') AS memberships,
      COALESCE((SELECT json_agg(given ORDER BY given.id) FROM given), '[]') AS bindings,
      CASE WHEN (SELECT count(*) FROM given WHERE namespace <> '') > ${manyBindings}
        THEN COALESCE((SELECT json_agg(n.namespace) FROM "Namespace" n WHERE n."tenantId" = ${tenantId}), '[]')
        ELSE '[]' END AS namespaces`;
  return assemble(rows[0]!, tenantId, permission);
}

function assemble(
  { revision, principals, memberships, bindings, namespaces }: Stored,
  tenantId: string,
  permission: Permission,
): Principal[] {
  const permissions = [permission];
  const holdingsOf = new Map<string, Holding[]>();
  for (const { id, principalId, groupId, roleId, ...place } of bindings) {
    const holding = { ...place, permissions, bindingId: id, roleId, groupId };
    remember(holdingsOf, (groupId ?? principalId)!, () => []).push(holding);
  }
  const groupsOf = new Map<string, Principal['memberships'][number][]>();
  for (const { principalId, groupId, membership } of memberships)
    remember(groupsOf, principalId, () => []).push({ tenantId, groupId, membership });
  const tenants = new Map([[tenantId, tenantId]]);
  const noTenants = new Map<string, string>();
  return principals.map(({ hasAccess, ...who }) => {
    const own = groupsOf.get(who.id) ?? [];
    const holdings = [who.id, ...own.map(({ groupId }) => groupId)].flatMap((id) => holdingsOf.get(id) ?? []);
    return {
      ...who,
      revision,
      authMethods: [],
      passwordChangedAt: null,
      tenants: hasAccess ? tenants : noTenants,
      memberships: own,
      holdings,
      namespaces: holdings.length > manyBindings ? new Map([[tenantId, namespaces]]) : new Map(),
    };
  });
}
