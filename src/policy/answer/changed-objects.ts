import type { PrismaClient } from '../../db/generated/client.ts';
import type { Tx } from '../../db/transaction.ts';

/** Ids of the changed objects that can affect permissions. */
export interface ChangedObjects {
  readonly principals: readonly string[];
  readonly accesses: readonly string[];
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly bindings: readonly string[];
}

interface Reached {
  readonly ids: string[];
  readonly members: string[];
}

/**
 * Returns the ids of the principals that these objects affect in one state of the store, and the members of the changed
 * groups as 'groupId principalId membership'.
 */
async function reached(db: PrismaClient | Tx, changed: ChangedObjects): Promise<Reached> {
  const { principals, accesses, groups, roles, bindings } = changed;
  const rows = await db.$queryRaw<Reached[]>`
    WITH given AS (
      SELECT b."principalId", b."groupId" FROM "Binding" b
      WHERE b.id = ANY(${[...bindings]}::text[]) OR b."roleId" = ANY(${[...roles]}::text[])
    ), touched AS (
      SELECT p.id FROM "Principal" p WHERE p.id = ANY(${[...principals]}::text[])
      UNION SELECT a."principalId" FROM "TenantAccess" a WHERE a.id = ANY(${[...accesses]}::text[])
      UNION SELECT g."principalId" FROM given g WHERE g."principalId" IS NOT NULL
      UNION SELECT m."principalId" FROM "GroupMember" m WHERE m."groupId" IN (SELECT "groupId" FROM given)
    )
    SELECT COALESCE((SELECT array_agg(id) FROM touched), '{}') AS ids,
      COALESCE((SELECT array_agg(m."groupId" || ' ' || m."principalId" || ' ' || m.membership)
        FROM "GroupMember" m WHERE m."groupId" = ANY(${[...groups]}::text[])), '{}') AS members`;
  return rows[0]!;
}

/**
 * Returns the ids of all principals whose permissions the changes can have affected: those that the objects affect
 * before or after, and those whose group membership changed.
 */
export async function touchedBy(before: PrismaClient, after: Tx, changed: ChangedObjects): Promise<string[]> {
  const [was, is] = [await reached(before, changed), await reached(after, changed)];
  const moved = new Set(was.members).symmetricDifference(new Set(is.members));
  return [...new Set([...was.ids, ...is.ids, ...[...moved].map((member) => member.split(' ')[1]!)])];
}

/**
 * Returns which of these tenants have an administrator: an account that can sign in and holds BINDING:CREATE and
 * ROLE:UPDATE in the whole tenant. Super admins administer every tenant and do not count.
 */
export async function administered(db: PrismaClient | Tx, tenantIds: readonly string[]): Promise<Set<string>> {
  const rows = await db.$queryRaw<{ tenantId: string }[]>`
    SELECT DISTINCT t."tenantId" FROM (
      SELECT b."tenantId", COALESCE(b."principalId", m."principalId") AS id
      FROM "Binding" b
      JOIN "Role" r ON r.id = b."roleId"
      LEFT JOIN "GroupMember" m ON m."groupId" = b."groupId"
      WHERE b."tenantId" = ANY(${[...tenantIds]}::text[]) AND b.namespace = ''
      GROUP BY 1, 2
      HAVING bool_or('BINDING:CREATE' = ANY(r.permissions)) AND bool_or('ROLE:UPDATE' = ANY(r.permissions))
    ) t
    JOIN "Principal" p ON p.id = t.id
    LEFT JOIN "User" u ON u.id = p.id
    WHERE NOT COALESCE(u.disabled, false)`;
  return new Set(rows.map(({ tenantId }) => tenantId));
}
