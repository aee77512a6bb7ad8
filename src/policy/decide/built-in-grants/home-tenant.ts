import type { Permission } from '../../../access/catalog.ts';
import { remember } from '../../../lib/remember.ts';
import { coverOf } from '../../principals/holdings.ts';
import type { Principal } from '../../principals/principal.ts';
import type { BuiltInGrant } from './built-in-grant.ts';

const known = new WeakMap<Principal, Map<string, { readonly tenants: readonly string[] }>>();

/** The tenants in which the principal can do this with users who belong to the tenant. */
const tenantsOf = (principal: Principal, action: string): readonly string[] =>
  remember(
    remember(known, principal, () => new Map()),
    action,
    () => {
      const permission = `TENANT_USER:${action}` as Permission;
      const places = new Set(principal.holdings.flatMap(({ tenantId }) => tenantId ?? []));
      const tenants = [...places].filter((tenantId) => coverOf(principal.holdings, tenantId).has(permission)).sort();
      return { tenants };
    },
  ).tenants;

/** Lets administrators of a tenant administer the users who belong to it alone. */
export const homeTenant: BuiltInGrant = {
  name: 'home-tenant',
  evaluate(principal, { action, resource, scope }) {
    if (resource !== 'USER' || scope.tenantId !== undefined) return { effect: 'abstain' };
    const tenants = tenantsOf(principal, action);
    if (tenants.length === 0) return { effect: 'abstain' };
    return { effect: 'allow', reason: 'a user of the tenant', when: { homeTenantId: { in: tenants } } };
  },
};
