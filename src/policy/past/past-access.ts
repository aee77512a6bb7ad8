import type { Permission } from '../../access/catalog.ts';
import type { PrismaClient } from '../../db/generated/client.ts';
import type { Tx } from '../../db/transaction.ts';
import { remember } from '../../lib/remember.ts';
import { Engine } from '../decide/engine.ts';
import { type Holding, manyBindings, type Principal } from '../principals/principal.ts';
import type { AccessProjection, ProjectedRow } from './projection.ts';
import { projectionAt } from './read-projection.ts';

/** A principal at a past instant, rebuilt from audit events. */
export interface PastPrincipal extends Principal {
  /** The name in the events of the tenant. Undefined if the principal had no access to the tenant. */
  readonly nameInTenant: string | undefined;
}

/** The access of all principals to a tenant at a past instant. */
export interface PastAccess {
  readonly principals: ReadonlyMap<string, PastPrincipal>;
  /** The fingerprint of the policies in force then. */
  readonly policySet: string | null;
}

/**
 * Past access is decided without guards: the code of former guards is not kept, and current guards say nothing about
 * the past.
 */
export const engineWithoutPolicies = new Engine({ policies: [], disabled: [], exceptedGroups: new Set() }, 'held', 0);

/**
 * Rebuilds the access to a tenant from audit events alone: those of the tenant and of the instance, and for super
 * admins the events of service accounts in every tenant.
 * @throws EXPIRED if the events of that instant are no longer kept.
 */
export async function pastAccess(db: PrismaClient | Tx, tenantId: string, instant: Date): Promise<PastAccess> {
  const own = await projectionAt(db, tenantId, instant);
  const instance = await projectionAt(db, '', instant);
  const accounts = [own.projection, instance.projection].map((projection, i) => ({
    home: i === 0 ? tenantId : null,
    projection,
  }));
  for (const home of await chainsOfSuperAdmins(db, tenantId, instant)) {
    accounts.push({ home, projection: (await projectionAt(db, home, instant, ['SERVICE_ACCOUNT'])).projection });
  }
  const { policySet } = instance.projection;
  if (!own.projection.of('TENANT').has(tenantId)) return { principals: new Map(), policySet };
  return { principals: assemble(tenantId, own.projection, instance.projection, accounts), policySet };
}

/** Returns other tenants in which a service account was a super admin at some time. */
async function chainsOfSuperAdmins(db: PrismaClient | Tx, tenantId: string, instant: Date): Promise<string[]> {
  const rows = await db.$queryRaw<{ tenantId: string }[]>`
    SELECT "tenantId" FROM "AuditEvent"
      WHERE action = 'service-account.set-super-admin' AND outcome = 'SUCCESS' AND at <= ${instant}
        AND "tenantId" NOT IN ('', ${tenantId})
    UNION SELECT "tenantId" FROM "AccessSnapshot"
      WHERE at <= ${instant} AND "tenantId" NOT IN ('', ${tenantId})
        AND jsonb_path_exists(content, '$.rows.SERVICE_ACCOUNT.*.superAdmin ? (@ == true)')`;
  return rows.map((row) => row.tenantId);
}

function assemble(
  tenantId: string,
  own: AccessProjection,
  instance: AccessProjection,
  accounts: readonly { readonly home: string | null; readonly projection: AccessProjection }[],
): Map<string, PastPrincipal> {
  const accesses = new Map([...own.of('TENANT_ACCESS').values()].map((row) => [String(row['principalId']), row]));
  const memberships = Map.groupBy(own.of('MEMBER').values(), (row) => String(row['principalId']));
  const holdings = holdingsOf(tenantId, own, instance);
  const tenants = new Map([[tenantId, String(own.of('TENANT').get(tenantId)!['key'])]]);
  const noTenants = new Map<string, string>();
  const principals = new Map<string, PastPrincipal>();
  const add = (kind: Principal['kind'], id: string, row: ProjectedRow, homeTenantId: string | null) => {
    const access = accesses.get(id);
    const groups = (memberships.get(id) ?? []).map((member) => ({
      tenantId,
      groupId: String(member['groupId']),
      membership: member['membership'] as 'OWNER' | 'MEMBER',
    }));
    principals.set(id, {
      revision: 0n,
      id,
      kind,
      name: String(row['username'] ?? row['name']),
      nameInTenant: access && String(access['subject']),
      superAdmin: row['superAdmin'] === true,
      disabled: row['disabled'] === true,
      authMethods: [],
      passwordChangedAt: null,
      homeTenantId,
      tenants: access ? tenants : noTenants,
      memberships: groups,
      holdings: [id, ...groups.map(({ groupId }) => groupId)].flatMap((subject) => holdings.get(subject) ?? []),
      namespaces: new Map(),
    });
  };
  for (const [id, row] of instance.of('USER')) add('USER', id, row, null);
  for (const { home, projection } of accounts)
    for (const [id, row] of projection.of('SERVICE_ACCOUNT')) add('SERVICE_ACCOUNT', id, row, home);
  return principals;
}

/** Returns the bindings by principal or group. */
function holdingsOf(tenantId: string, own: AccessProjection, instance: AccessProjection): Map<string, Holding[]> {
  const holdings = new Map<string, Holding[]>();
  for (const [place, projection] of [
    [tenantId, own],
    [null, instance],
  ] as const) {
    for (const [bindingId, row] of projection.of('BINDING')) {
      const roleId = String(row['roleId']);
      const groupId = typeof row['groupId'] === 'string' ? row['groupId'] : null;
      const role = projection.of('ROLE').get(roleId);
      const group = groupId === null ? null : projection.of('GROUP').get(groupId);
      remember(holdings, groupId ?? String(row['principalId']), () => []).push({
        tenantId: place,
        namespace: String(row['namespace'] ?? ''),
        permissions: (role?.['permissions'] ?? []) as Permission[],
        bindingId,
        roleId,
        groupId,
        called: { role: String(role?.['name'] ?? ''), group: group ? String(group['name']) : null },
      });
    }
  }
  return holdings;
}

/** Returns the principals that could have the permission, each with only the data that decides it. */
export function pastCandidates(
  { principals }: PastAccess,
  permission: Permission,
  namespace?: string,
): PastPrincipal[] {
  return [...principals.values()].flatMap((principal) => {
    const holdings = principal.holdings
      .filter(({ permissions }) => permissions.includes(permission))
      .map((holding) => ({ ...holding, permissions: [permission] }));
    if (!principal.superAdmin && principal.tenants.size === 0 && holdings.length === 0) return [];
    return [{ ...principal, holdings, namespaces: namesFor(holdings, namespace) }];
  });
}

/** Events do not contain all namespaces of that time. Those with bindings and the one in question are sufficient. */
export function namesFor(holdings: readonly Holding[], asked?: string): Map<string, readonly string[]> {
  const own = holdings.filter(({ tenantId, namespace }) => tenantId !== null && namespace !== '');
  if (own.length <= manyBindings) return new Map();
  const names = new Set([...own.map(({ namespace }) => namespace), ...(asked === undefined ? [] : [asked])]);
  return new Map([[own[0]!.tenantId!, [...names]]]);
}
