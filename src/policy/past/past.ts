import type { Permission } from '../../access/catalog.ts';
import type { PrismaClient } from '../../db/generated/client.ts';
import type { Tx } from '../../db/transaction.ts';
import { remember } from '../../lib/remember.ts';
import { Engine } from '../decide/engine.ts';
import { type Holding, manyBindings, type Principal } from '../principals/principal.ts';
import type { Picture, ToldRow } from './picture.ts';
import { standOf } from './read.ts';

/** Somebody as the events of a past instant tell them. */
export interface PastPrincipal extends Principal {
  /** How the tenant's own events name them; undefined where they had no access to the tenant. */
  readonly toldAs: string | undefined;
}

/** Who had which access to a tenant at a past instant. */
export interface Past {
  readonly principals: ReadonlyMap<string, PastPrincipal>;
  /** The policies in force then, by their fingerprint. */
  readonly policySet: string | null;
}

/**
 * What was held is told without guards: those of that day may be gone, and today's say nothing of that day.
 */
export const heldOnly = new Engine({ policies: [], disabled: [], exceptedGroups: new Set() }, 'held', 0);

/**
 * Rebuilds the access to a tenant from the audit events alone: the tenant's and the instance's, and for super admins the
 * service accounts of every tenant.
 * @throws EXPIRED where they do not tell of that instant any more.
 */
export async function pastOf(db: PrismaClient | Tx, tenantId: string, instant: Date): Promise<Past> {
  const own = await standOf(db, tenantId, instant);
  const instance = await standOf(db, '', instant);
  const accounts = [own.picture, instance.picture].map((picture, i) => ({ home: i === 0 ? tenantId : null, picture }));
  for (const home of await chainsOfSuperAdmins(db, tenantId, instant)) {
    accounts.push({ home, picture: (await standOf(db, home, instant, ['SERVICE_ACCOUNT'])).picture });
  }
  const { policySet } = instance.picture;
  if (!own.picture.of('TENANT').has(tenantId)) return { principals: new Map(), policySet };
  return { principals: assemble(tenantId, own.picture, instance.picture, accounts), policySet };
}

/** Other tenants in which a service account was a super admin at some time. */
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
  own: Picture,
  instance: Picture,
  accounts: readonly { readonly home: string | null; readonly picture: Picture }[],
): Map<string, PastPrincipal> {
  const accesses = new Map([...own.of('TENANT_ACCESS').values()].map((row) => [String(row['principalId']), row]));
  const memberships = Map.groupBy(own.of('MEMBER').values(), (row) => String(row['principalId']));
  const holdings = holdingsOf(tenantId, own, instance);
  const tenants = new Map([[tenantId, String(own.of('TENANT').get(tenantId)!['key'])]]);
  const noTenants = new Map<string, string>();
  const principals = new Map<string, PastPrincipal>();
  const add = (kind: Principal['kind'], id: string, row: ToldRow, homeTenantId: string | null) => {
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
      toldAs: access && String(access['subject']),
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
  for (const { home, picture } of accounts)
    for (const [id, row] of picture.of('SERVICE_ACCOUNT')) add('SERVICE_ACCOUNT', id, row, home);
  return principals;
}

/** Bindings by whom they bind, principal or group. */
function holdingsOf(tenantId: string, own: Picture, instance: Picture): Map<string, Holding[]> {
  const holdings = new Map<string, Holding[]>();
  for (const [place, picture] of [
    [tenantId, own],
    [null, instance],
  ] as const) {
    for (const [bindingId, row] of picture.of('BINDING')) {
      const roleId = String(row['roleId']);
      const groupId = typeof row['groupId'] === 'string' ? row['groupId'] : null;
      const role = picture.of('ROLE').get(roleId);
      const group = groupId === null ? null : picture.of('GROUP').get(groupId);
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

/** Of all there were, who could be given the permission, each with what decides about it alone. */
export function pastCandidates({ principals }: Past, permission: Permission, namespace?: string): PastPrincipal[] {
  return [...principals.values()].flatMap((principal) => {
    const holdings = principal.holdings
      .filter(({ permissions }) => permissions.includes(permission))
      .map((holding) => ({ ...holding, permissions: [permission] }));
    if (!principal.superAdmin && principal.tenants.size === 0 && holdings.length === 0) return [];
    return [{ ...principal, holdings, namespaces: namesFor(holdings, namespace) }];
  });
}

/** Of which namespaces there were, events do not tell: those that matter are those that are bound or asked about. */
export function namesFor(holdings: readonly Holding[], asked?: string): Map<string, readonly string[]> {
  const own = holdings.filter(({ tenantId, namespace }) => tenantId !== null && namespace !== '');
  if (own.length <= manyBindings) return new Map();
  const names = new Set([...own.map(({ namespace }) => namespace), ...(asked === undefined ? [] : [asked])]);
  return new Map([[own[0]!.tenantId!, [...names]]]);
}
