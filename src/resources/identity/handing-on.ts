import { isOfProgram } from '../../access/actor.ts';
import type { Permission } from '../../access/catalog.ts';
import type { Grant } from '../../access/grant.ts';
import { GatehouseError } from '../../errors.ts';
import { effectivePermissions } from '../../policy/principals/holdings.ts';

/** Permissions that a change would grant. */
export interface Gift {
  readonly permissions: readonly Permission[];
  /** Null for the instance level. */
  readonly tenantId: string | null;
  /** '' is the whole tenant. */
  readonly namespace: string;
  /**
   * True if the doer can read the source of the permissions. The error then lists the missing ones; otherwise it counts
   * them.
   */
  readonly isKnown: boolean;
}

/** The part of a role that is needed to check a grant. */
export interface GivenRole {
  readonly id: string;
  readonly tenantId: string | null;
  readonly permissions: readonly string[];
}

/** The permissions of a role in that place. */
export const giftOf = (grant: Grant, role: GivenRole, tenantId: string | null, namespace: string): Gift => ({
  permissions: effectivePermissions(role, tenantId, namespace),
  tenantId,
  namespace,
  isKnown: grant.mayDo('ROLE:READ', { ...role }),
});

/** A binding with the permissions of its role. */
export interface HeldRole {
  readonly bindingId: string;
  readonly roleId: string;
  readonly groupId: string | null;
  readonly tenantId: string | null;
  readonly namespace: string;
  readonly permissions: readonly string[];
}

/** The permissions that a binding grants to a new holder. Known to callers who can read the binding and its role. */
export function giftOfBinding(grant: Grant, { bindingId, roleId, permissions, ...place }: HeldRole): Gift {
  const { tenantId, namespace } = place;
  const gift = giftOf(grant, { id: roleId, tenantId, permissions }, tenantId, namespace);
  return { ...gift, isKnown: gift.isKnown && grant.mayDo('BINDING:READ', { id: bindingId, roleId, ...place }) };
}

/**
 * Prevents privilege escalation: a doer can grant only permissions that they hold.
 * @throws FORBIDDEN. The message lists missing permissions that the doer can know, and counts the others.
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
  const counted = hidden === 1 ? '1 permission that you cannot see' : `${hidden} permissions that you cannot see`;
  throw new GatehouseError(
    'FORBIDDEN',
    `You cannot grant permissions that you do not hold: ${[named, hidden > 0 ? counted : ''].filter(Boolean).join(', and ')}.`,
    {
      decisionId: grant.decisionId,
      policy: 'handing-on',
      missingPermissions: [...missing],
      ...(hidden > 0 && { hiddenPermissions: hidden }),
    },
  );
}

/**
 * Prevents that a credential outlives its expiry through what it creates.
 * @param act the refused action, such as 'make a super admin'.
 * @throws FORBIDDEN if the credential expires.
 */
export function assertLasting({ credential, decisionId }: Grant, act: string): void {
  if (!isOfProgram(credential) || !credential.expiresAt) return;
  throw new GatehouseError(
    'FORBIDDEN',
    `A token that expires cannot ${act}. Sign in by password, or use a token that does not expire.`,
    { decisionId, policy: 'handing-on' },
  );
}
