import type { Permission } from '../../../access/catalog.ts';
import type { Where } from '../../../access/where.ts';
import type { BuiltInGrant } from './index.ts';

/** Oneself: the own profile, tokens and access rows, and the tenants one has access to. */
export const self: BuiltInGrant = {
  name: 'self',
  evaluate(principal, { action, resource, scope, actor }) {
    const own = (when: Where) => ({ effect: 'allow' as const, reason: 'it is their own', when });
    const { tenantId } = scope;
    // Who impersonates sees the other's profile and tenants, and changes nothing of what is theirs.
    if (actor.impersonator && action !== 'READ') return { effect: 'abstain' };
    // A token whose ceiling does not name the permission changes nothing that is its owner's own either.
    if (action !== 'READ' && principal.named?.has(`${resource}:${action}` as Permission) === false)
      return { effect: 'abstain' };
    switch (resource) {
      case 'USER':
        return action === 'READ' && principal.kind === 'USER' ? own({ id: principal.id }) : { effect: 'abstain' };
      case 'API_TOKEN':
        // A service account cannot mint for itself: its tokens belong to those who administer it.
        if (principal.kind === 'SERVICE_ACCOUNT')
          return action === 'READ' ? own({ principalId: principal.id }) : { effect: 'abstain' };
        return tenantId === undefined ? own({ principalId: principal.id }) : { effect: 'abstain' };
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
