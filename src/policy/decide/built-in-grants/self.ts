import type { Permission } from '../../../access/catalog.ts';
import type { Where } from '../../../access/where.ts';
import type { BuiltInGrant } from './built-in-grant.ts';

/** Lets principals access their own profile, tokens, sessions and access rows, and read the tenants they have access to. */
export const self: BuiltInGrant = {
  name: 'self',
  evaluate(principal, { action, resource, scope, actor }) {
    const own = (when: Where) => ({ effect: 'allow' as const, reason: 'own object', when });
    const { tenantId } = scope;
    // An impersonator can read the profile and tenants of the impersonated user but cannot change them.
    if (actor.impersonator && action !== 'READ') return { effect: 'abstain' };
    // A token without the permission in its ceiling cannot change objects of its owner.
    if (action !== 'READ' && principal.named?.has(`${resource}:${action}` as Permission) === false)
      return { effect: 'abstain' };
    switch (resource) {
      case 'USER':
        return action === 'READ' && principal.kind === 'USER' ? own({ id: principal.id }) : { effect: 'abstain' };
      case 'API_TOKEN':
        // A service account cannot create its own tokens. Its administrators do.
        if (principal.kind === 'SERVICE_ACCOUNT')
          return action === 'READ' ? own({ principalId: principal.id }) : { effect: 'abstain' };
        return tenantId === undefined ? own({ principalId: principal.id }) : { effect: 'abstain' };
      case 'SESSION':
        return principal.kind === 'USER' ? own({ principalId: principal.id }) : { effect: 'abstain' };
      case 'TENANT':
        return action === 'READ' && tenantId !== undefined && principal.tenants.has(tenantId)
          ? own({ id: tenantId })
          : { effect: 'abstain' };
      case 'TENANT_ACCESS':
        return action === 'READ' && tenantId !== undefined && principal.tenants.has(tenantId)
          ? own({ tenantId, principalId: principal.id })
          : { effect: 'abstain' };
      default:
        return { effect: 'abstain' };
    }
  },
};
