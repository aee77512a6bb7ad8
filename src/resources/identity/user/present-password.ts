import { beginAttempt, clearFailures, recordFailure } from '../../../auth/lockout.ts';
import { verifyPassword } from '../../../auth/password.ts';
import type { Store } from '../../../db/transaction.ts';
import type { AccessSession } from '../../../policy/session/session.ts';

/** Result of the check of an account's current password, before the transaction. */
export interface PresentPassword {
  readonly passwordHash: string | null;
  readonly isRight: boolean;
}

/**
 * Verifies the current password of the caller. A wrong one counts like a failed sign-in, and locks like it, so that a stolen
 * session cannot guess the password here.
 */
export async function presentPassword(
  current: string,
  { session, store }: { readonly session: AccessSession; readonly store: Store },
): Promise<PresentPassword> {
  const now = new Date();
  const address = session.ip ?? 'unknown';
  const user = await store.prisma.user.findFirstOrThrow({ where: { id: session.principal.id } });
  const { usernameKey: account, passwordHash } = user;
  const [attempt, isRight] = await Promise.all([
    beginAttempt(store, account, address, now),
    verifyPassword(current, passwordHash, session.accountId),
  ]);
  if (isRight && !attempt.isLocked) {
    await clearFailures(store, account, address);
    return { passwordHash, isRight };
  }
  await recordFailure(store, account, address, session.requestId, attempt, now);
  return { passwordHash, isRight: false };
}
