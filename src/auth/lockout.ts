import type { Doer } from '../access/grant.ts';
import { append, envelope } from '../audit/record.ts';
import { inTransaction, type Store, type Tx } from '../db/transaction.ts';

/** Failures within the window that lock, and for how long. */
export const lockout = { failures: 10, windowMs: 5 * 60_000, lockMs: 30 * 60_000 };

const minuteOf = (at: Date): Date => new Date(Math.floor(at.getTime() / 60_000) * 60_000);

/** A sign-in that was counted before its password was looked at. */
export interface Attempt {
  /** Which one it is of those within the window. */
  readonly ordinal: number;
  /** The pair is locked, or those that are being looked at may lock it: whatever the password, it is refused. */
  readonly isLocked: boolean;
}

/** A sign-in of a name that nobody has: it cannot succeed, so there is nothing to count towards. */
export const hopeless: Attempt = { ordinal: 0, isLocked: false };

/**
 * Counts a sign-in of an account from an address as a failure, in advance: however many come at once, on however many
 * gateways, no more are judged than may fail. A success takes it back (clearFailures).
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
 * Puts a failed sign-in on record, and locks the pair at the tenth within five minutes.
 * The first of a minute is written down at once, the rest of that minute together, when it is over.
 * @returns whether the pair is locked for this sign-in.
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
  // Whoever it was did not prove to be the account: the account is the object here, nobody the actor.
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

/** Writes down what minutes that are over still hold, and forgets pairs that have been quiet for a day. */
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

/** A sign-in that succeeded begins the count anew. Of one that nothing else is known of, nothing is left. */
export async function clearFailures(
  { prisma }: Pick<Store, 'prisma'>,
  account: string,
  address: string,
): Promise<void> {
  const { count } = await prisma.signInFailure.deleteMany({ where: { account, address, minute: null } });
  if (count === 0)
    await prisma.signInFailure.updateMany({ where: { account, address }, data: { recent: [], lockedUntil: null } });
}
