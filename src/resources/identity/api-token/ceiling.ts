import type { Grant } from '../../../access/grant.ts';
import { Prisma } from '../../../db/generated/client.ts';
import { GatehouseError } from '../../../errors.ts';
import { type Ceiling, isWithin } from '../../../policy/principals/ceiling.ts';

/** Beyond it, a ceiling is too large to be read with every request. */
const maxCeilingParts = 1_000;

/**
 * The ceiling of a new token. A token of one's own has at most that of the credential which makes it; a token of
 * somebody else has what its maker holds, so that it does not rise with what the owner comes to hold later.
 * @param asked what the maker names.
 * @returns null: all that the owner may.
 * @throws FORBIDDEN where it is asked to be more, LIMIT_EXCEEDED.
 */
export function ceilingFor(
  grant: Grant,
  owner: { readonly id: string; readonly tenantId: string | null },
  asked: Ceiling | null | undefined,
): Ceiling | null {
  const outer = owner.id === grant.doer.id ? grant.ceiling : grant.reach();
  if (asked && outer && !isWithin(asked, outer))
    throw new GatehouseError('FORBIDDEN', 'The ceiling allows more than you may do: name only what you hold there.', {
      decisionId: grant.decisionId,
      policy: 'handing-on',
    });
  // An account of a tenant never holds anything elsewhere.
  const usual =
    outer && (owner.tenantId === null ? outer : outer.filter(({ tenantId }) => tenantId === owner.tenantId));
  const ceiling = asked ?? usual;
  if (ceiling && ceiling.length > maxCeilingParts)
    throw new GatehouseError(
      'LIMIT_EXCEEDED',
      `A ceiling has at most ${maxCeilingParts} parts, and yours would have ${ceiling.length}: name a smaller one.`,
      { limit: 'ceiling', allowed: maxCeilingParts },
    );
  return ceiling;
}

/** As the column takes it. */
export const stored = (ceiling: Ceiling | null) =>
  ceiling ? (ceiling as unknown as Prisma.InputJsonValue) : Prisma.DbNull;
