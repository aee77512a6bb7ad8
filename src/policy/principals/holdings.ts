import { isPermission, levelOf, type Permission, split } from '../../access/catalog.ts';
import { ancestorsOf, covers } from '../../access/where.ts';
import type { Holding, Principal } from './principal.ts';

/** The subtrees in which each permission is held. [''] means the whole tenant (or the instance). */
export type Cover = ReadonlyMap<Permission, readonly string[]>;

/**
 * Returns true if a binding in this place grants permissions of this level. Other permissions of its role have no
 * effect.
 */
export function appliesIn(holding: Pick<Holding, 'tenantId' | 'namespace'>, permission: Permission): boolean {
  if (!isPermission(permission)) return false;
  const level = levelOf(...split(permission));
  if (holding.tenantId === null) return level === 'instance';
  if (holding.namespace === '') return level !== 'instance';
  return level === 'namespace';
}

/** Returns the permissions of a role that a binding in this place grants. The others have no effect. */
export const effectivePermissions = (
  { permissions }: { readonly permissions: readonly string[] },
  tenantId: string | null,
  namespace: string,
): Permission[] =>
  (permissions as readonly Permission[]).filter((permission) => appliesIn({ tenantId, namespace }, permission));

/** Combines the bindings of one tenant (null: of the instance). Subtrees within another subtree are dropped. */
export function coverOf(holdings: readonly Holding[], tenantId: string | null): Cover {
  const held = new Map<Permission, Set<string>>();
  for (const holding of holdings) {
    if (holding.tenantId !== tenantId) continue;
    for (const permission of holding.permissions) {
      if (!appliesIn(holding, permission)) continue;
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
 * Returns the permissions that the principal does not hold in the whole subtree and therefore cannot pass on. Only
 * roles count. A super admin can pass on everything.
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
