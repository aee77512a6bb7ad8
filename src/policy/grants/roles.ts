import type { Ability } from '@casl/ability';
import { createPrismaAbility } from '@casl/prisma/runtime';
import { type Permission, split } from '../../access/catalog.ts';
import { tenantColumn } from '../../access/resource.ts';
import { anyOf, type Where, within } from '../../access/where.ts';
import { canonicalJson } from '../../lib/json.ts';
import { remember } from '../../lib/remember.ts';
import { type Cover, coverOf } from '../holdings.ts';
import type { Principal } from '../principal.ts';
import type { BuiltInGrant } from './index.ts';

type RoleAbility = Ability<[string, string], Where>;

/**
 * Abilities by their content: a thousand people with the same bindings share one.
 * Only `can` rules are ever made, so CASL's order of rules never matters.
 */
const abilities = new Map<string, RoleAbility>();
const greatestCache = 10_000;

function abilityOf(cover: Cover, tenantId: string | null): RoleAbility {
  const content = canonicalJson([tenantId, [...cover].sort()]);
  let ability = abilities.get(content);
  if (!ability) {
    const rules = [...cover].map(([permission, roots]) => {
      const [subject, action] = split(permission);
      return { action, subject, ...conditions(permission, roots, tenantId) };
    });
    ability = createPrismaAbility(rules as never) as unknown as RoleAbility;
    if (abilities.size >= greatestCache) abilities.clear();
    abilities.set(content, ability);
  }
  return ability;
}

function conditions(permission: Permission, roots: readonly string[], tenantId: string | null): { conditions?: Where } {
  if (tenantId === null) return {};
  const inTenant = { [tenantColumn(split(permission)[0])]: tenantId };
  if (roots[0] === '') return { conditions: inTenant };
  return { conditions: { AND: [inTenant, anyOf(roots.map((root) => within(root)))] } };
}

const perPrincipal = new WeakMap<Principal, Map<string | null, RoleAbility>>();

function ability(principal: Principal, tenantId: string | null): RoleAbility {
  const own = remember(perPrincipal, principal, () => new Map<string | null, RoleAbility>());
  return remember(own, tenantId, () => abilityOf(coverOf(principal.holdings, tenantId), tenantId));
}

/** Bindings: roles held by the principal or by its groups. */
export const roles: BuiltInGrant = {
  name: 'roles',
  evaluate(principal, { action, resource, scope }) {
    const filters: Where[] = [];
    // An instance binding answers for the levels of the instance, wherever the question is asked.
    for (const tenantId of scope.tenantId === undefined ? [null] : [scope.tenantId, null]) {
      for (const rule of ability(principal, tenantId).rulesFor(action, resource)) {
        if (!rule.conditions) return { effect: 'allow', reason: 'a role gives it' };
        filters.push(rule.conditions);
      }
    }
    return filters.length === 0
      ? { effect: 'abstain' }
      : { effect: 'allow', reason: 'a role gives it', when: anyOf(filters) };
  },
};
