import { createHash } from 'node:crypto';
import type { ActorKind } from '../../access/actor.ts';
import { canonicalJson } from '../../lib/json.ts';
import { remember } from '../../lib/remember.ts';
import type { Holding, Principal } from '../principals/principal.ts';

/**
 * Everything that the engine reads of a principal to decide in one tenant (null: at the instance level), except its
 * identity.
 */
export interface AccessContent {
  readonly superAdmin: boolean;
  readonly hasAccess: boolean;
  readonly memberships: readonly Principal['memberships'][number][];
  readonly holdings: readonly Omit<Holding, 'bindingId'>[];
  readonly namespaces?: readonly string[];
}

export interface DigestedContent {
  readonly digest: string;
  /** The content as JSON. */
  readonly text: string;
}

const known = new WeakMap<Principal, Map<string | null, DigestedContent>>();

/**
 * Returns the access content of a principal with its digest. Principals with the same access, such as the members of
 * one group, share one digest.
 */
export function contentOf(principal: Principal, tenantId: string | null): DigestedContent {
  const own = remember(known, principal, () => new Map<string | null, DigestedContent>());
  return remember(own, tenantId, () => {
    const names = tenantId === null ? undefined : principal.namespaces.get(tenantId);
    const content: AccessContent = {
      superAdmin: principal.superAdmin,
      hasAccess: tenantId !== null && principal.tenants.has(tenantId),
      memberships: principal.memberships.filter((membership) => membership.tenantId === tenantId),
      holdings: principal.holdings
        .filter((holding) => holding.tenantId === null || holding.tenantId === tenantId)
        .map(({ bindingId: _, ...holding }) => holding),
      ...(names && { namespaces: names }),
    };
    const text = canonicalJson(content);
    return { digest: createHash('sha256').update(text).digest('hex'), text };
  });
}

/** Rebuilds a principal from its access content, as far as decisions in that tenant need it. */
export function principalOf(
  { superAdmin, hasAccess, memberships, holdings, namespaces }: AccessContent,
  { kind, id, name }: { readonly kind: ActorKind; readonly id: string; readonly name: string },
  tenantId: string | null,
): Principal {
  return {
    revision: 0n,
    id,
    kind: kind as Principal['kind'],
    name,
    superAdmin,
    disabled: false,
    authMethods: [],
    passwordChangedAt: null,
    homeTenantId: null,
    tenants: new Map(hasAccess && tenantId !== null ? [[tenantId, '']] : []),
    memberships,
    holdings: holdings.map((holding) => ({ ...holding, bindingId: '' })),
    namespaces: new Map(namespaces && tenantId !== null ? [[tenantId, namespaces]] : []),
  };
}
