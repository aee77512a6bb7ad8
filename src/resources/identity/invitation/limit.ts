import type { Invitation } from '../../../db/generated/client.ts';
import type { Store, Tx } from '../../../db/transaction.ts';
import { GatehouseError } from '../../../errors.ts';

const hourMs = 60 * 60_000;
/** Max mails to one address in an hour, from all inviters. */
const perAddress = 5;

/**
 * Counts an invitation that is mailed. Writers of access take turns, so concurrent ones cannot exceed the limits.
 * @throws LIMIT_EXCEEDED.
 */
export async function countMail(
  tx: Tx,
  { id, invitedById, emailKey }: Pick<Invitation, 'id' | 'invitedById' | 'emailKey'>,
  perInviter: number,
  now = new Date(),
): Promise<void> {
  const since = new Date(now.getTime() - hourMs);
  const limits = [
    { where: { invitedById }, allowed: perInviter, what: 'You have mailed', limit: 'invitationsPerHour' },
    { where: { emailKey }, allowed: perAddress, what: 'This address was mailed', limit: 'invitationsPerAddress' },
  ];
  for (const { where, allowed, what, limit } of limits) {
    const sent = await tx.sentInvitation.findMany({
      where: { ...where, sentAt: { gt: since } },
      orderBy: { sentAt: 'desc' },
      select: { sentAt: true },
      take: allowed,
    });
    if (sent.length < allowed) continue;
    const retryAfter = Math.ceil((sent.at(-1)!.sentAt.getTime() + hourMs - now.getTime()) / 1_000);
    const minutes = Math.ceil(retryAfter / 60);
    throw new GatehouseError(
      'LIMIT_EXCEEDED',
      `${what} ${allowed} invitations in the last hour, which is the limit. Try again in ${minutes} minutes.`,
      { limit, allowed, retryAfter },
    );
  }
  await tx.sentInvitation.create({ data: { id, invitedById, emailKey, sentAt: now } });
}

/** Deletes what no longer counts. */
export async function pruneSentInvitations({ prisma }: Store, now = new Date()): Promise<void> {
  await prisma.sentInvitation.deleteMany({ where: { sentAt: { lte: new Date(now.getTime() - hourMs) } } });
}
