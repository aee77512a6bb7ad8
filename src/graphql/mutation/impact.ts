import type { Permission, ResourceName } from '../../access/catalog.ts';
import type { Row } from '../../access/grant.ts';
import type { AuditDraft } from '../../audit/event.ts';
import type { Tx } from '../../db/transaction.ts';
import type { ErrorCode, GatehouseError } from '../../errors.ts';
import { remember } from '../../lib/remember.ts';
import { administered, touchedBy } from '../../policy/answer/changed-objects.ts';
import { reaches } from '../../policy/filter/partial-match.ts';
import {
  beyond,
  type Held,
  type HeldPermission,
  heldBy,
  isEscalation,
} from '../../policy/principals/held-permissions.ts';
import type { AccessSession } from '../../policy/session/session.ts';
import type { Context } from '../context.ts';
import { reachOfPrincipals, readableIds } from '../readable-principals.ts';
import { tenantScopes } from '../scopes.ts';

export interface VisiblePermission extends HeldPermission {
  readonly tenantKey: string | null;
}
export interface PrincipalImpact {
  readonly id: string;
  readonly kind: Held['kind'];
  readonly name: string;
  /** Null: unchanged, or not visible to the caller. */
  readonly superAdmin: boolean | null;
  readonly gained: readonly VisiblePermission[];
  readonly lost: readonly VisiblePermission[];
  /** Number of further ones that the caller cannot see. */
  readonly hidden: number;
}
export interface Impact {
  readonly principals: readonly PrincipalImpact[];
  readonly hiddenPrincipals: number;
  readonly escalations: number;
  readonly orphanedTenantKeys: readonly string[];
  readonly hiddenOrphanedTenants: number;
  readonly refusals: readonly { readonly policy: string | null; readonly code: ErrorCode; readonly message: string }[];
}

interface Difference {
  readonly before: Held | undefined;
  readonly after: Held | undefined;
  readonly gained: readonly HeldPermission[];
  readonly lost: readonly HeldPermission[];
}

/**
 * Effect of a dry run on permissions, limited to what the caller can see before or after. The state before is read
 * outside the transaction, which blocks all other writers of access.
 * @param viewers the caller before and, if they still exist, after.
 */
export async function impactOf(
  tx: Tx,
  context: Context,
  viewers: readonly AccessSession[],
  drafts: readonly AuditDraft[],
  refusals: readonly GatehouseError[],
): Promise<Impact> {
  const { db } = context;
  const idsOf = (...resources: ResourceName[]) => [
    ...new Set(drafts.filter(({ resource }) => resources.includes(resource)).map(({ resourceId }) => resourceId)),
  ];
  const ids = await touchedBy(db, tx, {
    principals: idsOf('USER', 'SERVICE_ACCOUNT'),
    accesses: idsOf('TENANT_ACCESS'),
    groups: idsOf('GROUP'),
    roles: idsOf('ROLE'),
    bindings: idsOf('BINDING'),
  });
  const [was, is] = [await heldBy(db, ids), await heldBy(tx, ids)];
  const differences = ids.sort().flatMap((id) => difference(was.get(id), is.get(id)));

  const scopes = await tenantScopes(context);
  const readable = new Set<string>();
  for (const [i, viewer] of viewers.entries()) {
    const state = i === 0 ? db : tx;
    const reach = reachOfPrincipals(viewer, i === 0 ? scopes : [...scopes, ...scopesOf(viewer, drafts)]);
    for (const id of await readableIds(state, reach, differences.map(idOf))) readable.add(id);
  }
  const keys = await tenantKeys(tx, context, differences);
  const viewing = viewingOf(viewers, keys);
  const visible = differences.filter((one) => readable.has(idOf(one))).map((one) => impactOn(one, viewers, viewing));
  const orphans = await orphaned(tx, context, differences);
  const known = orphans.filter((tenantId) => may(viewers, 'TENANT:READ', tenantId, { id: tenantId, tenantId }));
  return {
    principals: visible,
    hiddenPrincipals: differences.length - visible.length,
    escalations: differences.filter(
      ({ before, after, gained }) => gained.some(isEscalation) || (after?.superAdmin && !before?.superAdmin),
    ).length,
    orphanedTenantKeys: known.map((tenantId) => keys.get(tenantId) ?? tenantId).sort(),
    hiddenOrphanedTenants: orphans.length - known.length,
    refusals: refusals.map(({ code, message, extensions }) => ({
      code,
      message,
      policy: (extensions['policy'] as string | undefined) ?? null,
    })),
  };
}

const idOf = ({ before, after }: Difference): string => (after ?? before)!.id;

function difference(before: Held | undefined, after: Held | undefined): Difference[] {
  const gained = beyond(after?.permissions ?? [], before?.permissions ?? []);
  const lost = beyond(before?.permissions ?? [], after?.permissions ?? []);
  const same = gained.length === 0 && lost.length === 0 && !before?.superAdmin === !after?.superAdmin;
  return same ? [] : [{ before, after, gained, lost }];
}

/** The tenants that the caller can see only after the change. */
const scopesOf = ({ tenantIds }: AccessSession, drafts: readonly AuditDraft[]) =>
  (tenantIds ?? [...new Set(drafts.map(({ tenantId }) => tenantId))].filter((id) => id !== '')).map((tenantId) => ({
    tenantId,
  }));

const may = (viewers: readonly AccessSession[], permission: Permission, tenantId: string | null, row: Row): boolean =>
  viewers.some((viewer) => {
    const grant = viewer.may(permission, { tenantId: tenantId ?? undefined });
    return grant !== undefined && reaches(grant.where, row) === 'yes';
  });

type Viewing = (held: HeldPermission) => VisiblePermission[];

/** The visible part of a gained or lost permission: bindings and roles that the caller cannot read are hidden. */
function viewingOf(viewers: readonly AccessSession[], keys: ReadonlyMap<string, string>): Viewing {
  const isVisible = ({ permission, tenantId, namespace, groupId }: HeldPermission): boolean => {
    if (groupId !== null) return may(viewers, 'GROUP:READ', tenantId, { tenantId, id: groupId });
    if (permission === 'TENANT:READ' && may(viewers, 'TENANT_ACCESS:READ', tenantId, { tenantId })) return true;
    return (
      may(viewers, 'BINDING:READ', tenantId, { tenantId, namespace }) &&
      may(viewers, 'ROLE:READ', tenantId, { tenantId })
    );
  };
  // The members of a group share its permissions.
  const known = new Map<HeldPermission, VisiblePermission[]>();
  return (held) =>
    remember(known, held, () =>
      isVisible(held) ? [{ ...held, tenantKey: held.tenantId && (keys.get(held.tenantId) ?? null) }] : [],
    );
}

function impactOn(
  { before, after, gained, lost }: Difference,
  viewers: readonly AccessSession[],
  viewing: Viewing,
): PrincipalImpact {
  const { id, kind, name } = (after ?? before)!;
  const rises = Boolean(after?.superAdmin) !== Boolean(before?.superAdmin);
  const seesRise =
    rises &&
    (kind === 'SERVICE_ACCOUNT' || viewers.some((viewer) => viewer.may('USER:READ')?.matches({ id, username: name })));
  const [up, down] = [gained.flatMap(viewing), lost.flatMap(viewing)];
  return {
    id,
    kind,
    name,
    superAdmin: seesRise ? Boolean(after?.superAdmin) : null,
    gained: up,
    lost: down,
    hidden: gained.length + lost.length - up.length - down.length + (rises && !seesRise ? 1 : 0),
  };
}

async function tenantKeys(tx: Tx, { db }: Context, differences: readonly Difference[]): Promise<Map<string, string>> {
  const ids = new Set(differences.flatMap(({ gained, lost }) => [...gained, ...lost].map(({ tenantId }) => tenantId)));
  const among = { where: { id: { in: [...ids].filter((id) => id !== null) } }, select: { id: true, key: true } };
  const rows = [...(await db.tenant.findMany(among)), ...(await tx.tenant.findMany(among))];
  return new Map(rows.map(({ id, key }) => [id, key]));
}

/** The tenants that lose their last administrators, except deleted ones. */
async function orphaned(tx: Tx, { db }: Context, differences: readonly Difference[]): Promise<string[]> {
  const administers = ({ permission, namespace }: HeldPermission) =>
    namespace === '' && (permission === 'BINDING:CREATE' || permission === 'ROLE:UPDATE');
  const ids = new Set(differences.flatMap(({ lost }) => lost.filter(administers).map(({ tenantId }) => tenantId)));
  const candidates = [...ids].filter((id) => id !== null);
  if (candidates.length === 0) return [];
  const there = await tx.tenant.findMany({ where: { id: { in: candidates } }, select: { id: true } });
  const [was, is] = [await administered(db, candidates), await administered(tx, candidates)];
  return there.map(({ id }) => id).filter((id) => was.has(id) && !is.has(id));
}
