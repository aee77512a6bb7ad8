import { entry, isPermission, levelOf, type Permission, split } from '../../access/catalog.ts';
import type { CeilingPart } from '../../access/grant.ts';
import { covers } from '../../access/where.ts';
import type { Holding, Principal } from './principal.ts';

/** The maximum permissions of a credential, whatever its owner holds. An empty ceiling allows nothing. */
export type Ceiling = readonly CeilingPart[];

/** Returns the common subtree of two namespaces, or undefined if there is none. */
function common(a: string, b: string): string | undefined {
  if (covers(a, b)) return b;
  return covers(b, a) ? a : undefined;
}

/** Returns the intersection of two ceilings. */
export const meet = (a: Ceiling, b: Ceiling): CeilingPart[] => a.flatMap((part) => within(part, b));

function within<Part extends CeilingPart>(part: Part, ceiling: Ceiling): Part[] {
  return ceiling.flatMap((one) => {
    if (one.tenantId !== part.tenantId) return [];
    const namespace = common(part.namespace, one.namespace);
    const permissions = part.permissions.filter((permission) => one.permissions.includes(permission));
    return namespace === undefined || permissions.length === 0 ? [] : [{ ...part, namespace, permissions }];
  });
}

/** Returns true if the outer ceiling allows every permission of the inner one, in the same places. */
export const isWithin = (inner: Ceiling, outer: Ceiling): boolean =>
  inner.every(({ tenantId, namespace, permissions }) =>
    permissions.every((permission) =>
      outer.some(
        (one) => one.tenantId === tenantId && covers(one.namespace, namespace) && one.permissions.includes(permission),
      ),
    ),
  );

/** Returns everything that the bindings of a principal grant, as a ceiling for credentials they create. */
export function reachOf({ holdings }: Pick<Principal, 'holdings'>): CeilingPart[] {
  const parts = new Map<string, { tenantId: string | null; namespace: string; permissions: Set<Permission> }>();
  for (const { tenantId, namespace, permissions } of holdings) {
    const key = `${tenantId ?? ''} ${namespace}`;
    const part = parts.get(key) ?? { tenantId, namespace, permissions: new Set() };
    for (const permission of permissions) part.permissions.add(permission);
    parts.set(key, part);
  }
  return [...parts.values()].map(({ permissions, ...part }) => ({ ...part, permissions: [...permissions].sort() }));
}

/** Returns the permissions of a part that a super admin holds without a binding. */
function ofSuperAdmin({ tenantId, permissions }: CeilingPart): Permission[] {
  return permissions.filter(isPermission).filter((permission) => {
    const [resource, action] = split(permission);
    return tenantId === null ? levelOf(resource, action) === 'instance' : entry(resource).iam === true;
  });
}

const known = new WeakMap<Ceiling, { readonly of: Principal; readonly as: Principal }>();

/**
 * Returns the principal limited by a ceiling. Equal arguments return the same object, so that caches by object work.
 */
export function limitedBy(ceiling: Ceiling | null | undefined, principal: Principal): Principal {
  if (!ceiling) return principal;
  let last = known.get(ceiling);
  if (last?.of !== principal) {
    last = { of: principal, as: limited(principal, ceiling) };
    known.set(ceiling, last);
  }
  return last.as;
}

/**
 * Limits a principal to a ceiling. The result is never a super admin. Changing the owner's own objects requires
 * permissions that the ceiling names. Ownership of a group counts only if the ceiling allows GROUP:UPDATE in that
 * tenant.
 */
function limited(principal: Principal, ceiling: Ceiling): Principal {
  const holdings: Holding[] = principal.holdings.flatMap((holding) => within(holding, ceiling));
  if (principal.superAdmin) {
    for (const part of ceiling) {
      const permissions = part.namespace === '' ? ofSuperAdmin(part) : [];
      const place = { tenantId: part.tenantId, namespace: '', bindingId: '', roleId: '', groupId: null };
      if (permissions.length > 0) holdings.push({ ...place, permissions });
    }
  }
  const changesGroups = new Set(
    ceiling
      .filter(({ namespace, permissions }) => namespace === '' && permissions.includes('GROUP:UPDATE'))
      .map(({ tenantId }) => tenantId),
  );
  return {
    ...principal,
    superAdmin: false,
    named: new Set(ceiling.flatMap(({ permissions }) => permissions)),
    holdings,
    memberships: principal.memberships.map((one) =>
      changesGroups.has(one.tenantId) ? one : { ...one, membership: 'MEMBER' },
    ),
  };
}
