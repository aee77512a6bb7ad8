import type { Grant } from '../../../access/grant.ts';
import { record } from '../../../audit/record.ts';
import type { Session } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { GatehouseError } from '../../../errors.ts';
import { find } from '../../../policy/session/find.ts';
import { subjectName } from '../subject.ts';

/** Why a session ended, if no request asked for its end. */
export type EndCause =
  | 'PASSWORD_CHANGED'
  | 'USER_DISABLED'
  | 'METHOD_REMOVED'
  | 'IDENTITY_REMOVED'
  | 'PASSKEY_REMOVED'
  | 'SECOND_FACTOR_ENROLLED'
  | 'USER_DELETED'
  | 'MASTER_KEY_LOST';

/** Adds what audit events show of its owner. */
export const withOwner = async (tx: Tx, session: Session) => ({
  ...session,
  owner: await subjectName(tx, { principalId: session.principalId, groupId: null }),
});

/** Ends a session: deletes its row and raises the access revision, so that every gateway refuses its cookie. */
async function end(tx: Tx, grant: Grant, session: Session, verb: string, cause?: EndCause): Promise<void> {
  await tx.session.delete({ where: { id: session.id } });
  record(tx, grant, {
    resource: 'SESSION',
    before: await withOwner(tx, session),
    after: null,
    tenant: null,
    verb,
    ...(cause && { details: { cause } }),
  });
}

/** Only a super admin can sign out another super admin. */
async function assertMayEnd(tx: Tx, grant: Grant, principalId: string): Promise<void> {
  if (principalId === grant.doer.id || grant.isSuperAdmin) return;
  const owner = await tx.user.findUnique({ where: { id: principalId }, select: { superAdmin: true } });
  if (!owner?.superAdmin) return;
  throw new GatehouseError('FORBIDDEN', 'Only a super admin can end a session of a super admin.', {
    decisionId: grant.decisionId,
    policy: 'handing-on',
  });
}

export async function revokeSession(tx: Tx, grant: Grant<'SESSION:DELETE'>, id: string): Promise<Session> {
  const before = await find<Session>(tx, grant, 'SESSION', id);
  await grant.review(tx, { before, after: null });
  await assertMayEnd(tx, grant, before.principalId);
  await end(tx, grant, before, 'revoke');
  return before;
}

/**
 * Ends all sessions of a user.
 * @param kept ID of a session to keep.
 * @returns the number of ended sessions.
 */
export async function revokeSessions(
  tx: Tx,
  grant: Grant<'SESSION:DELETE'>,
  principalId: string,
  kept: string | undefined,
): Promise<number> {
  // Decided even if the user has no session, so that the answer does not reveal it.
  if (!grant.matches({ principalId })) throw grant.refusalOf({ principalId });
  await assertMayEnd(tx, grant, principalId);
  const ids = (await locked(tx, principalId)).filter((id) => id !== kept);
  for (const id of ids) await revokeSession(tx, grant, id);
  return ids.length;
}

/**
 * Ends all sessions of a user as a part of another change, which was decided and reviewed already.
 * @param which chooses the sessions to end. Default: all.
 */
export async function endSessions(
  tx: Tx,
  grant: Grant,
  principalId: string,
  cause: EndCause,
  which: (session: Session) => boolean = () => true,
): Promise<void> {
  await locked(tx, principalId);
  const sessions = await tx.session.findMany({ where: { principalId }, orderBy: { id: 'asc' } });
  for (const session of sessions) if (which(session)) await end(tx, grant, session, 'end', cause);
}

/**
 * After the first second factor: ends the other sessions, which began without one, and gives the session in which it was
 * enrolled a new ID. A session that someone else has does not outlive it.
 */
export async function protectSessions(tx: Tx, grant: Grant, userId: string): Promise<void> {
  const { kind, id } = grant.credential;
  await endSessions(tx, grant, userId, 'SECOND_FACTOR_ENROLLED', (session) => session.id !== id);
  // The response has the new cookie; over a transport that cannot, the next one has.
  if (kind === 'session') await tx.session.updateMany({ where: { id: id! }, data: { rights: null } });
}

/** Locks the sessions of a user. @returns their IDs. */
async function locked(tx: Tx, principalId: string): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM "Session" WHERE "principalId" = ${principalId} ORDER BY id FOR UPDATE`;
  return rows.map(({ id }) => id);
}
