import type { Doer } from '../access/grant.ts';
import { append, envelope } from '../audit/record.ts';
import { inTransaction, type Store, type Tx } from '../db/transaction.ts';

/** Number of failures within the window that lock an account, and the duration of the lock. */
export const lockout = { failures: 10, windowMs: 5 * 60_000, lockMs: 30 * 60_000 };

const minuteOf = (at: Date): Date => new Date(Math.floor(at.getTime() / 60_000) * 60_000);

/** A sign-in that was counted before its password is verified. */
export interface Attempt {
  /** Number of this attempt within the window. */
  readonly ordinal: number;
  /**
   * The account is locked for this address, or concurrent attempts may lock it. The sign-in is refused, whatever its
   * password.
   */
  readonly isLocked: boolean;
}

/** A sign-in with a name that does not exist. It cannot succeed, so it is not counted. */
export const hopeless: Attempt = { ordinal: 0, isLocked: false };

/**
 * Counts a sign-in of an account from an address as a failure in advance. However many attempts are concurrent, on any
 * number of gateways, no more are judged than may fail. A success clears the count (clearFailures).
 */
export async function beginAttempt(
  { prisma }: Pick<Store, 'prisma'>,
  account: string,
  address: string,
  now = new Date(),
): Promise<Attempt> {
  const since = new Date(now.getTime() - lockout.windowMs);
  const [row] = await prisma.$queryRaw<{ ordinal: number; locked: boolean }[]>`
    INSERT INTO "SignInFailure" AS f (account, address, recent, "updatedAt")
    VALUES (${account}, ${address}, ARRAY[${now}::timestamptz], ${now})
    ON CONFLICT (account, address) DO UPDATE SET "updatedAt" = ${now}, recent =
      CASE WHEN f."lockedUntil" > ${now} THEN '{}'
      ELSE ARRAY(SELECT t FROM unnest(f.recent) t WHERE t > ${since}) || ${now}::timestamptz END
    RETURNING cardinality(recent) AS ordinal, COALESCE("lockedUntil" > ${now}, false) AS locked`;
  const { ordinal, locked } = row!;
  return { ordinal, isLocked: locked || ordinal > lockout.failures };
}

/**
 * Records a failed sign-in, and locks the account for the address at the tenth failure within five minutes. The first
 * failure of a minute is recorded immediately, the rest together at the end of the minute.
 * @returns true if the account is locked for this sign-in.
 */
export async function recordFailure(
  store: Store,
  account: string,
  address: string,
  requestId: string,
  { ordinal, isLocked }: Attempt,
  now = new Date(),
): Promise<boolean> {
  return inTransaction(store, async (tx) => {
    const minute = minuteOf(now);
    const until = new Date(now.getTime() + lockout.lockMs);
    await tx.$executeRaw`
      INSERT INTO "SignInFailure" (account, address, recent, "updatedAt") VALUES (${account}, ${address}, '{}', ${now})
      ON CONFLICT DO NOTHING`;
    const [before] = await tx.$queryRaw<{ lockedUntil: Date | null; minute: Date | null; unreported: number }[]>`
      SELECT "lockedUntil", minute, unreported FROM "SignInFailure"
      WHERE account = ${account} AND address = ${address} FOR UPDATE`;
    const wasLocked = before!.lockedUntil !== null && before!.lockedUntil > now;
    const locksNow = !wasLocked && ordinal >= lockout.failures;
    const first = before!.minute?.getTime() !== minute.getTime();
    await tx.signInFailure.update({
      where: { account_address: { account, address } },
      data: {
        ...(locksNow && { recent: [], lockedUntil: until }),
        minute,
        unreported: first ? 0 : before!.unreported + 1,
        updatedAt: now,
      },
    });
    if (first) {
      if (before!.unreported > 0) report(tx, account, address, requestId, before!.unreported, before!.minute);
      report(tx, account, address, requestId, 1, minute);
    }
    if (locksNow) event(tx, account, address, requestId, 'ACCOUNT_LOCKED', { until: until.toISOString() });
    return isLocked || locksNow;
  });
}

type Details = Record<string, string | number>;

function event(
  tx: Tx,
  account: string,
  address: string,
  requestId: string,
  type: 'LOGIN_FAILURE' | 'ACCOUNT_LOCKED',
  details: Details,
): void {
  // The caller is not authenticated, so the account is the object of the event and the actor is anonymous.
  const doer: Doer = { kind: 'ANONYMOUS', id: '', name: 'anonymous', ip: address, requestId };
  append(tx, {
    ...envelope(doer),
    tenantId: '',
    tenantKey: '',
    type,
    action: type === 'LOGIN_FAILURE' ? 'user.login-failure' : 'user.locked',
    outcome: 'DENIED',
    resource: 'USER',
    resourceId: '',
    resourceKey: account.slice(0, 200).toWellFormed(),
    namespace: '',
    patchText: '',
    details,
  });
}

const report = (
  tx: Tx,
  account: string,
  address: string,
  requestId: string,
  count: number,
  minute: Date | null,
): void =>
  event(tx, account, address, requestId, 'LOGIN_FAILURE', { count, ...(minute && { minute: minute.toISOString() }) });

/** Records the remaining failures of past minutes, and deletes rows without a failure for a day. */
export async function sweepFailures(store: Store, now = new Date()): Promise<void> {
  await inTransaction(store, async (tx) => {
    const open = await tx.$queryRaw<{ account: string; address: string; minute: Date; unreported: number }[]>`
      SELECT account, address, minute, unreported FROM "SignInFailure"
      WHERE unreported > 0 AND minute < ${minuteOf(now)} FOR UPDATE SKIP LOCKED LIMIT 500`;
    for (const { account, address, minute, unreported } of open) {
      report(tx, account, address, 'sweep', unreported, minute);
      await tx.signInFailure.update({ where: { account_address: { account, address } }, data: { unreported: 0 } });
    }
    const dayAgo = new Date(now.getTime() - 86_400_000);
    await tx.signInFailure.deleteMany({ where: { updatedAt: { lt: dayAgo }, unreported: 0 } });
  });
}

/** Resets the count after a successful sign-in. If no failure is recorded for the pair, its row is deleted. */
export async function clearFailures(
  { prisma }: Pick<Store, 'prisma'>,
  account: string,
  address: string,
): Promise<void> {
  const { count } = await prisma.signInFailure.deleteMany({ where: { account, address, minute: null } });
  if (count === 0)
    await prisma.signInFailure.updateMany({ where: { account, address }, data: { recent: [], lockedUntil: null } });
}
