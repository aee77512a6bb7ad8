import type { Doer } from '../../../access/grant.ts';
import { lockState, raiseRevision } from '../../../access/revision.ts';
import type { AuditType } from '../../../audit/event.ts';
import { append, envelope } from '../../../audit/record.ts';
import type { Keys } from '../../../auth/keys.ts';
import { newSessionCookie, sessionHash } from '../../../auth/session-cookie.ts';
import type { SessionTimes } from '../../../auth/sessions.ts';
import type { Session } from '../../../db/generated/client.ts';
import { inTransaction, type Store, type Tx } from '../../../db/transaction.ts';
import { unauthenticated } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import type { Json } from '../../../lib/json.ts';
import { storable } from '../../../lib/text.ts';
import type { Freshness } from '../../../policy/session/freshness.ts';
import type { AccessSession } from '../../../policy/session/session.ts';
import { inTurn } from '../../../policy/session/write.ts';

export interface SessionServices {
  readonly store: Store;
  readonly keys: Keys;
  readonly freshness: Freshness;
  readonly times: SessionTimes;
  readonly perUser: number;
}

export interface Begun {
  readonly cookie: string;
  readonly expiresAt: Date;
}

const maxUserAgent = 300;

interface Noted {
  readonly id: string;
  /** Name of the user. */
  readonly owner: string;
}

/** Records the begin or end of a session that its owner requested. Signing in and out require no permission. */
function note(tx: Tx, doer: Doer, { id, owner }: Noted, type: AuditType, verb: string, details: Json): void {
  append(tx, {
    ...envelope(doer),
    tenantId: '',
    tenantKey: '',
    type,
    action: `session.${verb}`,
    outcome: 'SUCCESS',
    resource: 'SESSION',
    resourceId: id,
    resourceKey: `user:${owner}`,
    namespace: '',
    patchText: '',
    details,
  });
}

/** Ends sessions on behalf of a person. The caller holds the lock of all changes of access. */
async function end(tx: Tx, doer: Doer, sessions: readonly Noted[], cause: string): Promise<void> {
  for (const session of sessions) {
    // Another request can have ended it.
    if ((await tx.session.deleteMany({ where: { id: session.id } })).count === 0) continue;
    note(tx, doer, session, 'LOGOUT', 'logout', { cause });
    raiseRevision(tx);
  }
}

/** Runs a transaction that ends sessions, in the account's turn, and waits until this gateway knows of the end. */
const ending = (
  { store, freshness }: SessionServices,
  accountId: string,
  work: (tx: Tx) => Promise<void>,
): Promise<void> =>
  inTurn(store, accountId, async () => {
    await inTransaction(store, async (tx) => {
      await lockState(tx);
      await work(tx);
    });
    await freshness.confirmWithin(1_000);
  });

/**
 * Begins a session of the user who has just proved their password. Its ID is always new, so that an ID that was set
 * before the sign-in gives access to nothing. The session that the same browser had is ended.
 * @param former the cookie of that session.
 * @throws UNAUTHENTICATED if the user was disabled or changed the password in the meantime.
 */
export async function beginSession(
  services: SessionServices,
  session: AccessSession,
  { userAgent, former }: { readonly userAgent: string | undefined; readonly former: string | undefined },
): Promise<Begun> {
  const { store, keys, times, perUser } = services;
  const { doer, principal } = session;
  const cookie = newSessionCookie(keys);
  const now = new Date();
  const row: Session = {
    id: newId(),
    principalId: principal.id,
    hash: sessionHash(keys, cookie)!,
    method: 'PASSWORD',
    provider: null,
    createdAt: now,
    lastSeenAt: now,
    expiresAt: new Date(now.getTime() + times.lifetimeMs),
    ip: doer.ip ?? null,
    userAgent: userAgent === undefined ? null : storable(userAgent).slice(0, maxUserAgent).toWellFormed(),
  };
  const begin = async (tx: Tx): Promise<void> => {
    // A concurrent change of the password or the user waits for this transaction, and then ends this session too.
    const users = await tx.$queryRaw<unknown[]>`
      SELECT 1 FROM "User" WHERE id = ${principal.id} AND NOT disabled AND 'PASSWORD' = ANY("authMethods")
        AND "passwordChangedAt" IS NOT DISTINCT FROM ${principal.passwordChangedAt} FOR SHARE`;
    if (users.length === 0) throw unauthenticated();
    await tx.session.create({ data: row });
    note(tx, doer, { id: row.id, owner: doer.name }, 'LOGIN', 'login', {
      method: row.method,
      expiresAt: row.expiresAt.toISOString(),
    });
  };
  const replaced = await sessionsOf(store, keys, former);
  const surplus = await store.prisma.session.findMany({
    where: { principalId: principal.id, NOT: { id: { in: replaced.map(({ id }) => id) } } },
    orderBy: { lastSeenAt: 'desc' },
    skip: perUser - 1,
    select: { id: true },
  });
  if (replaced.length + surplus.length === 0) await inTransaction(store, begin);
  else
    await ending(services, principal.id, async (tx) => {
      await begin(tx);
      await end(tx, doer, replaced, 'NEW_SIGN_IN');
      await end(
        tx,
        doer,
        surplus.map(({ id }) => ({ id, owner: principal.name })),
        'TOO_MANY_SESSIONS',
      );
    });
  return { cookie, expiresAt: row.expiresAt };
}

/** Ends the session of a cookie. It needs no valid session, so that a person can always sign out. */
export async function endSession(
  services: SessionServices,
  cookie: string | undefined,
  from: Pick<Doer, 'ip' | 'requestId' | 'callerRequestId'>,
): Promise<void> {
  const { store, keys } = services;
  for (const session of await sessionsOf(store, keys, cookie)) {
    const { principalId, owner } = session;
    const doer: Doer = { kind: 'USER', id: principalId, name: owner, ...from };
    await ending(services, principalId, (tx) => end(tx, doer, [session], 'SIGN_OUT'));
  }
}

/** Returns the session of a cookie, if there is one. */
async function sessionsOf({ prisma }: Store, keys: Keys, cookie: string | undefined) {
  const hash = cookie === undefined ? undefined : sessionHash(keys, cookie);
  if (hash === undefined) return [];
  return prisma.$queryRaw<(Noted & { principalId: string })[]>`
    SELECT s.id, s."principalId", u.username AS owner
    FROM "Session" s JOIN "User" u ON u.id = s."principalId" WHERE s.hash = ${hash}`;
}

/** Max sessions per transaction. */
const maxBatch = 500;

/** Deletes expired sessions, each with an event. Gateways refuse them already, so the access revision stays. */
export async function expireSessions(store: Store, { idleMs }: SessionTimes, now = new Date()): Promise<void> {
  const doer: Doer = { kind: 'SYSTEM', id: 'system', name: 'system', requestId: 'sweep' };
  const unused = new Date(now.getTime() - idleMs);
  for (let count = maxBatch; count === maxBatch; ) {
    count = await inTransaction(store, async (tx) => {
      const rows = await tx.$queryRaw<(Noted & { expiresAt: Date })[]>`
        DELETE FROM "Session" s USING "User" u WHERE u.id = s."principalId" AND s.id IN (
          SELECT id FROM "Session" WHERE "expiresAt" <= ${now} OR "lastSeenAt" <= ${unused}
          ORDER BY id LIMIT ${maxBatch} FOR UPDATE SKIP LOCKED)
        RETURNING s.id, u.username AS owner, s."expiresAt"`;
      for (const { id, owner, expiresAt } of rows)
        note(tx, doer, { id, owner }, 'DELETE', 'expire', { cause: expiresAt <= now ? 'LIFETIME' : 'IDLE' });
      return rows.length;
    });
  }
}
