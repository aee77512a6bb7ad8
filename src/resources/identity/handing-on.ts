import type { Permission } from '../../access/catalog.ts';
import type { Grant } from '../../access/grant.ts';
import { GatehouseError } from '../../errors.ts';
import { spoken } from '../../policy/principals/holdings.ts';

/** Permissions that a change would give to somebody. */
export interface Gift {
  readonly permissions: readonly Permission[];
  /** Null: at the instance level. */
  readonly tenantId: string | null;
  /** '' is the whole tenant. */
  readonly namespace: string;
  /** May the giver read what holds the permissions? Then the error names those that they lack; else it counts them. */
  readonly isKnown: boolean;
}

/** A role as far as a gift needs it. */
export interface GivenRole {
  readonly id: string;
  readonly tenantId: string | null;
  readonly permissions: readonly string[];
}

/** What a role gives there. */
export const giftOf = (grant: Grant, role: GivenRole, tenantId: string | null, namespace: string): Gift => ({
  permissions: spoken(role, tenantId, namespace),
  tenantId,
  namespace,
  isKnown: grant.mayDo('ROLE:READ', { ...role }),
});

/** A binding with what its role gives. */
export interface HeldRole {
  readonly bindingId: string;
  readonly roleId: string;
  readonly groupId: string | null;
  readonly tenantId: string | null;
  readonly namespace: string;
  readonly permissions: readonly string[];
}

/** What a binding gives to who comes to hold it as well: known to who may read the binding and its role. */
export function giftOfBinding(grant: Grant, { bindingId, roleId, permissions, ...place }: HeldRole): Gift {
  const { tenantId, namespace } = place;
  const gift = giftOf(grant, { id: roleId, tenantId, permissions }, tenantId, namespace);
  return { ...gift, isKnown: gift.isKnown && grant.mayDo('BINDING:READ', { id: bindingId, roleId, ...place }) };
}

/**
 * Nobody hands out what they do not hold.
 * @throws FORBIDDEN naming what is missing, as far as the giver may know of it, and counting the rest.
 */
export function assertMayHandOn(grant: Grant, gifts: readonly Gift[]): void {
  const missing = new Set<Permission>();
  let hidden = 0;
  for (const { permissions, tenantId, namespace, isKnown } of gifts) {
    const lacking = grant.missing(permissions, tenantId, namespace);
    if (isKnown) for (const permission of lacking) missing.add(permission);
    else hidden += lacking.length;
  }
  if (missing.size === 0 && hidden === 0) return;
  const named = [...missing].join(', ');
  const counted = hidden === 1 ? '1 permission that you may not see' : `${hidden} permissions that you may not see`;
  throw new GatehouseError(
    'FORBIDDEN',
    `You cannot hand on what you do not hold: ${[named, hidden > 0 ? counted : ''].filter(Boolean).join(', and ')}.`,
    {
      decisionId: grant.decisionId,
      policy: 'handing-on',
      missingPermissions: [...missing],
      ...(hidden > 0 && { hiddenPermissions: hidden }),
    },
  );
}

/**
 * What a credential makes does not outreach it: one that ends makes nothing that stays.
 * @param act what is refused, such as 'make a super admin'.
 * @throws FORBIDDEN where the credential has an end.
 */
export function assertLasting({ credential, decisionId }: Grant, act: string): void {
  if (credential.kind !== 'api-token' || !credential.expiresAt) return;
  throw new GatehouseError(
    'FORBIDDEN',
    `A token that expires cannot ${act}: sign in by password, or use a token that does not expire.`,
    { decisionId, policy: 'handing-on' },
  );
}
