import type { Tx } from '../../../db/transaction.ts';
import { unavailable } from '../../../errors.ts';
import { FairQueue } from '../../../lib/fair-queue.ts';

/** One sign-in of a user at a time on each gateway, so that many of them do not hold many connections. */
export const turns = new FairQueue({
  width: 1_000,
  share: 1,
  perOwner: 100,
  total: 5_000,
  refusal: () => unavailable('Too many sign-ins of this user at once. Try again.'),
});

/** The user has more sessions than before: the sign-in must end one, which is a change of access. */
export class Surplus extends Error {}

/**
 * Lets the sign-ins of a user take turns until the end of the transaction, on all gateways, so that they never have more
 * sessions than allowed. @returns the sessions to end: those that were unused for the longest time.
 */
export async function surplusOf(
  tx: Tx,
  principalId: string,
  perUser: number,
  replaced: readonly { readonly id: string }[],
): Promise<{ readonly id: string }[]> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`sign-in ${principalId}`}, 0))`;
  return tx.session.findMany({
    where: { principalId, NOT: { id: { in: replaced.map(({ id }) => id) } } },
    orderBy: [{ lastSeenAt: 'desc' }, { id: 'desc' }],
    skip: perUser - 1,
    select: { id: true },
  });
}
