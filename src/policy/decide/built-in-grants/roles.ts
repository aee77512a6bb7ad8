import type { Ability } from '@casl/ability';
import { createPrismaAbility } from '@casl/prisma/runtime';
import { LRUCache } from 'lru-cache';
import { type Permission, split } from '../../../access/catalog.ts';
import { tenantColumn } from '../../../access/resource.ts';
import { anyOf, isUnder, type Where, within } from '../../../access/where.ts';
import { canonicalJson } from '../../../lib/json.ts';
import { remember } from '../../../lib/remember.ts';
import { type Cover, coverOf } from '../../principals/holdings.ts';
import { manyBindings, type Principal } from '../../principals/principal.ts';
import type { BuiltInGrant } from './built-in-grant.ts';

type RoleAbility = Ability<[string, string], Where>;

/**
 * Abilities by their content: all principals with the same bindings share one.
 * Only `can` rules exist, so the rule order of CASL has no effect.
 */
const abilities = new LRUCache<string, RoleAbility>({ max: 10_000 });

function abilityOf(cover: Cover, tenantId: string | null): RoleAbility {
  const content = canonicalJson([tenantId, [...cover].sort()]);
  let ability = abilities.get(content);
  if (!ability) {
    const rules = [...cover].map(([permission, roots]) => {
      const [subject, action] = split(permission);
      return { action, subject, ...conditions(permission, roots, tenantId) };
    });
    ability = createPrismaAbility(rules as never) as unknown as RoleAbility;
    abilities.set(content, ability);
  }
  return ability;
}

/**
 * Replaces many subtrees by a list of namespace names, for READ only. Writes are matched in memory, where a namespace
 * that does not exist yet must be covered too.
 */
function byName(cover: Cover, { namespaces }: Principal, tenantId: string | null): Cover {
  const names = tenantId === null ? undefined : namespaces.get(tenantId);
  if (!names) return cover;
  return new Map(
    [...cover].map(([permission, roots]) => {
      if (roots.length <= manyBindings || split(permission)[1] !== 'READ') return [permission, roots];
      const wanted = new Set(roots);
      return [permission, names.filter((name) => isUnder(wanted, name))];
    }),
  );
}

function conditions(permission: Permission, roots: readonly string[], tenantId: string | null): { conditions?: Where } {
  if (tenantId === null) return {};
  const inTenant = { [tenantColumn(split(permission)[0])]: tenantId };
  if (roots[0] === '') return { conditions: inTenant };
  if (roots.length > manyBindings && split(permission)[1] === 'READ') {
    return { conditions: { AND: [inTenant, { namespace: { in: roots } }] } };
  }
  return { conditions: { AND: [inTenant, anyOf(roots.map((root) => within(root)))] } };
}

const perPrincipal = new WeakMap<Principal, Map<string | null, RoleAbility>>();

function ability(principal: Principal, tenantId: string | null): RoleAbility {
  const own = remember(perPrincipal, principal, () => new Map<string | null, RoleAbility>());
  return remember(own, tenantId, () =>
    abilityOf(byName(coverOf(principal.holdings, tenantId), principal, tenantId), tenantId),
  );
}

/** Grants the permissions of roles that are bound to the principal or to its groups. */
export const roles: BuiltInGrant = {
  name: 'roles',
  evaluate(principal, { action, resource, scope }) {
    const filters: Where[] = [];
    // An instance binding grants instance-level permissions in every scope.
    for (const tenantId of scope.tenantId === undefined ? [null] : [scope.tenantId, null]) {
      for (const rule of ability(principal, tenantId).rulesFor(action, resource)) {
        if (!rule.conditions) return { effect: 'allow', reason: 'granted by a role' };
        filters.push(rule.conditions);
      }
    }
    return filters.length === 0
      ? { effect: 'abstain' }
      : { effect: 'allow', reason: 'granted by a role', when: anyOf(filters) };
  },
};
