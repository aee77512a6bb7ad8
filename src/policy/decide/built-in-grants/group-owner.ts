import type { BuiltInGrant } from './built-in-grant.ts';

/** Lets owners read their groups and manage the members, and nothing else. */
export const groupOwner: BuiltInGrant = {
  name: 'group-owner',
  evaluate(principal, { action, resource, scope }) {
    if (resource !== 'GROUP' || scope.tenantId === undefined) return { effect: 'abstain' };
    if (action !== 'READ' && !(action === 'UPDATE' && scope.part === 'members')) return { effect: 'abstain' };
    const owned = principal.memberships
      .filter((membership) => membership.tenantId === scope.tenantId && membership.membership === 'OWNER')
      .map(({ groupId }) => groupId);
    if (owned.length === 0) return { effect: 'abstain' };
    return {
      effect: 'allow',
      reason: 'owner of the group',
      when: { tenantId: scope.tenantId, id: { in: owned } },
    };
  },
};
