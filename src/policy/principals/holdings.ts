import { levelOf, type Permission, split } from '../../access/catalog.ts';
import { ancestorsOf, covers } from '../../access/where.ts';
import type { Holding, Principal } from './principal.ts';

/** For each permission, the subtrees it is held in: '' alone is the whole tenant (or the instance). */
export type Cover = ReadonlyMap<Permission, readonly string[]>;

/** Does a binding of this reach give a permission of that level? The rest of its role stays silent there. */
export function speaks(holding: Pick<Holding, 'tenantId' | 'namespace'>, permission: Permission): boolean {
  const level = levelOf(...split(permission));
  if (holding.tenantId === null) return level === 'instance';
  if (holding.namespace === '') return level !== 'instance';
  return level === 'namespace';
}

/** The permissions that a role gives through a binding there; the rest of it stays silent. */
export const spoken = (
  { permissions }: { readonly permissions: readonly string[] },
  tenantId: string | null,
  namespace: string,
): Permission[] =>
  (permissions as readonly Permission[]).filter((permission) => speaks({ tenantId, namespace }, permission));

/** What the bindings of one tenant (null: of the instance) give together; subtrees below another are dropped. */
export function coverOf(holdings: readonly Holding[], tenantId: string | null): Cover {
  const held = new Map<Permission, Set<string>>();
  for (const holding of holdings) {
    if (holding.tenantId !== tenantId) continue;
    for (const permission of holding.permissions) {
      if (!speaks(holding, permission)) continue;
      const roots = held.get(permission);
      if (roots) roots.add(holding.namespace);
      else held.set(permission, new Set([holding.namespace]));
    }
  }
  return new Map([...held].map(([permission, roots]) => [permission, outermost(roots)]));
}

function outermost(roots: ReadonlySet<string>): string[] {
  if (roots.has('')) return [''];
  return [...roots].filter((root) => !ancestorsOf(root).some((ancestor) => roots.has(ancestor))).sort();
}

/**
 * Of the permissions, those that somebody does not hold throughout the subtree and so may not hand on.
 * Counted from roles alone; a super admin may hand out everything.
 */
export function missingPermissions(
  principal: Principal,
  permissions: readonly Permission[],
  tenantId: string | null,
  namespace: string,
): Permission[] {
  if (principal.superAdmin) return [];
  const inTenant = coverOf(principal.holdings, tenantId);
  const inInstance = tenantId === null ? inTenant : coverOf(principal.holdings, null);
  return permissions.filter((permission) => {
    if (levelOf(...split(permission)) === 'instance') return !inInstance.has(permission);
    return !(inTenant.get(permission) ?? []).some((root) => covers(root, namespace));
  });
}
