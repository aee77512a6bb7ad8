import { hash } from 'node:crypto';
import { remember } from '../../lib/remember.ts';
import type { Principal } from './principal.ts';

const known = new WeakMap<Principal, { readonly digest: string }>();

/** Returns a digest of everything that a principal may do. It differs exactly if a grant was added, changed or removed. */
export function rightsOf(principal: Principal): string {
  return remember(known, principal, () => ({ digest: digestOf(principal) })).digest;
}

function digestOf({ superAdmin, tenants, memberships, holdings }: Principal): string {
  // Many bindings have the same role: its permissions are listed once.
  const roles = new Map(holdings.map(({ roleId, permissions }) => [roleId, permissions]));
  const parts = [
    String(superAdmin),
    ...[...tenants.keys()].sort(),
    ...memberships.map(({ groupId, membership }) => `${groupId} ${membership}`).sort(),
    ...holdings
      .map(({ bindingId, roleId, namespace, groupId }) => `${bindingId} ${roleId} ${namespace} ${groupId}`)
      .sort(),
    ...[...roles].map(([id, permissions]) => `${id} ${[...permissions].sort().join()}`).sort(),
  ];
  return hash('sha256', parts.join('\n'), 'base64url');
}
