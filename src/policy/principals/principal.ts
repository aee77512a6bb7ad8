import { isPermission, type Permission } from '../../access/catalog.ts';
import type { PrismaClient } from '../../db/generated/client.ts';
import { readSql, type Tx } from '../../db/tx.ts';

/** A role held through one binding. `tenantId` null: an instance binding. `namespace` '': the whole tenant. */
export interface Holding {
  readonly tenantId: string | null;
  readonly namespace: string;
  readonly permissions: readonly Permission[];
  readonly bindingId: string;
  readonly roleId: string;
  /** The group through which the role is held. null for a binding of the principal itself. */
  readonly groupId: string | null;
  /** The names of its role and group. Set for past instants. */
  readonly called?: { readonly role: string; readonly group: string | null };
}

/** Everything that decides the permissions of a principal, as of one revision. */
export interface Principal {
  readonly revision: bigint;
  readonly id: string;
  readonly kind: 'USER' | 'SERVICE_ACCOUNT';
  readonly name: string;
  readonly superAdmin: boolean;
  readonly disabled: boolean;
  readonly authMethods: readonly string[];
  readonly passwordChangedAt: Date | null;
  /** Second factors of the user. With one, a password alone does not sign in. */
  readonly secondFactors?: readonly ('TOTP' | 'PASSKEY')[];
  /** True if the host or a tenant of the user requires a second factor for a sign-in by password. */
  readonly requiresSecondFactor?: boolean;
  /** The home tenant of a service account. */
  readonly homeTenantId: string | null;
  /** Keys of the tenants that the principal has access to, by id. */
  readonly tenants: ReadonlyMap<string, string>;
  readonly memberships: readonly { tenantId: string; groupId: string; membership: 'OWNER' | 'MEMBER' }[];
  readonly holdings: readonly Holding[];
  /** The permissions that the ceiling of the credential names, in any place. Absent without a ceiling. */
  readonly named?: ReadonlySet<Permission>;
  /** Names of all namespaces of the tenants in which the principal has more than `manyBindings` bindings. */
  readonly namespaces: ReadonlyMap<string, readonly string[]>;
}

/**
 * With more bindings than this in one tenant, a filter lists namespace names: this is faster than one range for each
 * binding, and its length is bounded.
 */
export const manyBindings = 200;

interface Stored {
  revision: bigint;
  id: string;
  kind: Principal['kind'];
  name: string;
  superAdmin: boolean;
  disabled: boolean;
  authMethods: string[];
  passwordChangedAt: Date | null;
  secondFactors: ('TOTP' | 'PASSKEY')[];
  requiresSecondFactor: boolean;
  homeTenantId: string | null;
  tenants: { id: string; key: string }[] | null;
  memberships: { tenantId: string; groupId: string; membership: 'OWNER' | 'MEMBER' }[] | null;
  holdings: Holding[] | null;
}

const principalsSql = `
    SELECT (SELECT revision FROM "AccessState") AS revision,
      p.id, p.kind, COALESCE(u.username, s.name) AS name,
      COALESCE(u."superAdmin", s."superAdmin") AS "superAdmin",
      COALESCE(u.disabled, false) AS disabled,
      COALESCE(u."authMethods", '{API_TOKEN}') AS "authMethods",
      u."passwordChangedAt", s."tenantId" AS "homeTenantId",
      ARRAY(SELECT 'TOTP' FROM "SecondFactor" f WHERE f."userId" = p.id AND f."confirmedAt" IS NOT NULL
        UNION ALL (SELECT 'PASSKEY' FROM "Passkey" k WHERE k."userId" = p.id LIMIT 1)) AS "secondFactors",
      u.id IS NOT NULL AND ((SELECT "requireSecondFactor" FROM "AccessState") OR EXISTS (
        SELECT 1 FROM "TenantAccess" a JOIN "Tenant" t ON t.id = a."tenantId"
        WHERE a."principalId" = p.id AND t."requireSecondFactor")) AS "requiresSecondFactor",
      (SELECT json_agg(json_build_object('id', t.id, 'key', t.key))
        FROM "TenantAccess" a JOIN "Tenant" t ON t.id = a."tenantId" WHERE a."principalId" = p.id) AS tenants,
      (SELECT json_agg(json_build_object('tenantId', m."tenantId", 'groupId', m."groupId", 'membership', m.membership))
        FROM "GroupMember" m WHERE m."principalId" = p.id) AS memberships,
      (SELECT json_agg(json_build_object('tenantId', b."tenantId", 'namespace', b.namespace,
          'permissions', r.permissions, 'bindingId', b.id, 'roleId', r.id, 'groupId', b."groupId") ORDER BY b.id)
        FROM "Binding" b JOIN "Role" r ON r.id = b."roleId"
        WHERE b."principalId" = p.id
          OR b."groupId" IN (SELECT m."groupId" FROM "GroupMember" m WHERE m."principalId" = p.id)) AS holdings
    FROM "Principal" p
    LEFT JOIN "User" u ON u.id = p.id
    LEFT JOIN "ServiceAccount" s ON s.id = p.id
    WHERE p.id = ANY($1::text[])`;

/** True if a password does not sign in the user before they have enrolled a second factor. */
export const mustEnrol = ({
  requiresSecondFactor,
  secondFactors,
}: Pick<Principal, 'requiresSecondFactor' | 'secondFactors'>): boolean =>
  requiresSecondFactor === true && !secondFactors?.length;

/** Loads one principal. @returns undefined if it does not exist. */
export const loadPrincipal = async (db: PrismaClient | Tx, id: string): Promise<Principal | undefined> =>
  (await loadPrincipals(db, [id])).get(id);

/**
 * Loads principals and the revision in one statement, and therefore one snapshot. @returns the existing ones, by id.
 */
export async function loadPrincipals(
  db: PrismaClient | Tx,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Principal>> {
  const rows = await readSql<Stored>(db, { text: principalsSql, values: [ids], isKept: true });
  const principals = new Map<string, Principal>();
  for (const row of rows)
    principals.set(row.id, {
      ...row,
      tenants: new Map((row.tenants ?? []).map((tenant) => [tenant.id, tenant.key])),
      memberships: row.memberships ?? [],
      holdings: (row.holdings ?? []).map(known),
      namespaces: await namespacesOf(db, row.holdings ?? []),
    });
  return principals;
}

/** Without permissions of a later version, which this program could not decide about. */
function known(holding: Holding): Holding {
  const permissions = holding.permissions.filter(isPermission);
  return permissions.length === holding.permissions.length ? holding : { ...holding, permissions };
}

async function namespacesOf(db: PrismaClient | Tx, holdings: readonly Holding[]): Promise<Map<string, string[]>> {
  const counts = new Map<string, number>();
  for (const { tenantId, namespace } of holdings) {
    if (tenantId !== null && namespace !== '') counts.set(tenantId, (counts.get(tenantId) ?? 0) + 1);
  }
  const names = new Map<string, string[]>();
  for (const [tenantId, count] of counts) {
    if (count <= manyBindings) continue;
    const rows = await db.namespace.findMany({ where: { tenantId }, select: { namespace: true } });
    names.set(
      tenantId,
      rows.map(({ namespace }) => namespace),
    );
  }
  return names;
}

/** Limits a principal to these tenants, for an impersonation that is confined to them. */
export function confine(principal: Principal, tenantIds: ReadonlySet<string>): Principal {
  return {
    ...principal,
    superAdmin: false,
    tenants: new Map([...principal.tenants].filter(([id]) => tenantIds.has(id))),
    memberships: principal.memberships.filter((membership) => tenantIds.has(membership.tenantId)),
    holdings: principal.holdings.filter(({ tenantId }) => tenantId !== null && tenantIds.has(tenantId)),
  };
}
