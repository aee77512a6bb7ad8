import { entry, levelOf } from '../../../access/catalog.ts';
import { tenantColumn } from '../../../access/resource.ts';
import type { BuiltInGrant } from './built-in-grant.ts';

/** Grants super admins the instance level, and identity and access in every tenant, but not the flows of a tenant. */
export const superAdmin: BuiltInGrant = {
  name: 'super-admin',
  evaluate(principal, { action, resource, scope }) {
    if (!principal.superAdmin) return { effect: 'abstain' };
    const reason = 'a super admin administers identity and access';
    if (levelOf(resource, action) === 'instance') return { effect: 'allow', reason };
    if (!entry(resource).iam) return { effect: 'abstain' };
    return scope.tenantId === undefined
      ? { effect: 'allow', reason }
      : { effect: 'allow', reason, when: { [tenantColumn(resource)]: scope.tenantId } };
  },
};
