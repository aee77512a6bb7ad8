import type { Grant } from '../../../access/grant.ts';
import { Prisma } from '../../../db/generated/client.ts';
import { GatehouseError } from '../../../errors.ts';
import { type Ceiling, isWithin } from '../../../policy/principals/ceiling.ts';

/** Max size of a ceiling: it is read with every request. */
const maxCeilingParts = 1_000;

/**
 * Ceiling of a new token. A token for the caller is limited to the ceiling of the credential that creates it. A
 * token for another account is limited to the caller's permissions, so that it does not grow with its owner's.
 * @param asked the requested ceiling.
 * @returns null for no ceiling.
 * @throws FORBIDDEN if the requested ceiling exceeds the allowed one, LIMIT_EXCEEDED.
 */
export function ceilingFor(
  grant: Grant,
  owner: { readonly id: string; readonly tenantId: string | null },
  asked: Ceiling | null | undefined,
): Ceiling | null {
  const outer = owner.id === grant.doer.id ? grant.ceiling : grant.reach();
  if (asked && outer && !isWithin(asked, outer))
    throw new GatehouseError(
      'FORBIDDEN',
      'The ceiling exceeds your permissions. Use only permissions that you hold there.',
      {
        decisionId: grant.decisionId,
        policy: 'handing-on',
      },
    );
  // An account of a tenant holds nothing outside it.
  const usual =
    outer && (owner.tenantId === null ? outer : outer.filter(({ tenantId }) => tenantId === owner.tenantId));
  const ceiling = asked ?? usual;
  if (ceiling && ceiling.length > maxCeilingParts)
    throw new GatehouseError(
      'LIMIT_EXCEEDED',
      `A ceiling can have at most ${maxCeilingParts} parts, and yours has ${ceiling.length}. Use a smaller one.`,
      { limit: 'ceiling', allowed: maxCeilingParts },
    );
  return ceiling;
}

/** Converts to the column's type. */
export const stored = (ceiling: Ceiling | null) =>
  ceiling ? (ceiling as unknown as Prisma.InputJsonValue) : Prisma.DbNull;
