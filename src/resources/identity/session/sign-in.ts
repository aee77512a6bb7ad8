import type { Doer, Origin } from '../../../access/grant.ts';
import { lockState, raiseRevision } from '../../../access/revision.ts';
import type { AuditType } from '../../../audit/event.ts';
import { append, envelope } from '../../../audit/record.ts';
import type { Keys } from '../../../auth/keys.ts';
import type { SecondFactorKind } from '../../../auth/methods.ts';
import { openIdToken, sealIdToken, sealRefreshToken } from '../../../auth/oidc/id-token.ts';
import type { PendingSignIn } from '../../../auth/pending-sign-in.ts';
import { newSessionCookie, sessionHash } from '../../../auth/session-cookie.ts';
import { ofCookie, type SessionTimes } from '../../../auth/sessions.ts';
import type { Session } from '../../../db/generated/client.ts';
import { inTransaction, type Store, type Tx } from '../../../db/transaction.ts';
import { unauthenticated } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import type { Json } from '../../../lib/json.ts';
import { storable } from '../../../lib/text.ts';
import { loadPrincipal, type Principal } from '../../../policy/principals/principal.ts';
import { rightsOf } from '../../../policy/principals/rights.ts';
import type { Freshness } from '../../../policy/session/freshness.ts';
import { inTurn } from '../../../policy/session/write.ts';
import { type UsedPasskey, usePasskey } from '../passkey/use.ts';
import { provedBy } from '../second-factor/code.ts';
import { Surplus, surplusOf, turns } from './limit.ts';

export interface SessionServices {
  readonly store: Store;
  readonly keys: Keys;
  readonly freshness: Freshness;
  readonly times: SessionTimes;
  readonly perUser: number;
}

/** How a person has just proved who they are. */
export interface Proof
  extends Pick<Session, 'method' | 'provider' | 'sid' | 'identityId'>,
    Partial<Pick<Session, 'secondFactor' | 'secondFactorAt' | 'passkeyId'>> {
  /** A digest of what the user may do, if it is known: that of the session's first ID. */
  readonly rights?: string | undefined;
  readonly idToken: string | null;
  /** Continues the sign-in at the provider. Undefined if the groups are compared at sign-ins only. */
  readonly refreshToken?: string | null;
  /** Locks what the proof depends on until the end of the transaction. @returns false if it no longer holds. */
  readonly holds: (tx: Tx) => Promise<boolean>;
  /** Changes of access that are a part of the sign-in. */
  readonly access?: (tx: Tx) => Promise<void>;
  /** Added to the event of the sign-in. */
  readonly details?: { readonly [name: string]: Json };
  /** Further events of the sign-in. */
  readonly record?: (tx: Tx) => void;
}

/**
 * The proof of a user who has just given their password.
 * @param withCode true if they also gave a code. Otherwise it does not hold once they have a second factor.
 */
export const byPassword = (
  { id, passwordChangedAt }: Pick<Principal, 'id' | 'passwordChangedAt'>,
  withCode = false,
  rights?: string,
): Proof => ({
  rights,
  method: 'PASSWORD',
  provider: null,
  sid: null,
  identityId: null,
  idToken: null,
  // A concurrent change of the password or the user waits for this transaction, and then ends this session too.
  holds: async (tx) => {
    const users = await tx.$queryRaw<unknown[]>`
      SELECT 1 FROM "User" WHERE id = ${id} AND NOT disabled AND 'PASSWORD' = ANY("authMethods")
        AND "passwordChangedAt" IS NOT DISTINCT FROM ${passwordChangedAt}
        AND (${withCode} OR NOT EXISTS (
          SELECT 1 FROM "SecondFactor" f WHERE f."userId" = ${id} AND f."confirmedAt" IS NOT NULL
          UNION ALL SELECT 1 FROM "Passkey" k WHERE k."userId" = ${id})) FOR SHARE`;
    return users.length > 0;
  },
});

/**
 * The proof of a user who gave their password and then a second factor.
 * @param use uses the factor up, in the transaction of the session. Omit for a factor that has just been enrolled.
 */
export function byPasswordAndFactor(
  { userId: id, passwordChangedAt: at }: Pick<PendingSignIn, 'userId' | 'passwordChangedAt'>,
  factor: { readonly kind: SecondFactorKind },
  use: (tx: Tx) => Promise<boolean> = () => Promise.resolve(true),
): Proof {
  const { holds, ...proof } = byPassword({ id, passwordChangedAt: at === null ? null : new Date(at) }, true);
  return { ...proof, ...provedBy(factor, new Date()), holds: async (tx) => (await holds(tx)) && use(tx) };
}

/** The proof of a person who signs in with a passkey alone. Their authenticator has verified them. */
export const byPasskey = (used: UsedPasskey): Proof => ({
  method: 'PASSKEY',
  provider: null,
  sid: null,
  identityId: null,
  idToken: null,
  passkeyId: used.passkey.id,
  ...provedBy(used, new Date()),
  holds: async (tx) => {
    const users = await tx.$queryRaw<unknown[]>`
      SELECT 1 FROM "User" WHERE id = ${used.passkey.userId} AND NOT disabled AND 'PASSWORD' = ANY("authMethods") FOR SHARE`;
    return users.length > 0 && usePasskey(tx, used);
  },
});

export interface Begun {
  readonly cookie: string;
  readonly expiresAt: Date;
}

const maxUserAgent = 300;

export interface Noted {
  readonly id: string;
  /** Name of the user. */
  readonly owner: string;
}

/** Records the begin, a step-up or the end of a session that its owner requested. Signing in and out require no permission. */
export function note(tx: Tx, doer: Doer, { id, owner }: Noted, type: AuditType, verb: string, details: Json): void {
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

/** Ends sessions on behalf of a person or a provider. The caller holds the lock of all changes of access. */
export async function endNoted(
  tx: Tx,
  doer: Doer,
  sessions: readonly Noted[],
  cause: string,
  details: { readonly [name: string]: Json } = {},
): Promise<void> {
  for (const session of sessions) {
    // Another request can have ended it.
    if ((await tx.session.deleteMany({ where: { id: session.id } })).count === 0) continue;
    note(tx, doer, session, 'LOGOUT', 'logout', { cause, ...details });
    raiseRevision(tx);
  }
}

/** Runs a transaction that ends sessions, in the account's turn, and waits until this gateway knows of the end. */
export const ending = (
  { store, freshness }: Pick<SessionServices, 'store' | 'freshness'>,
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
 * Begins a session of the user who has just proved who they are. Its ID is always new, so that an ID that was set before
 * the sign-in gives access to nothing. The session that the same browser had is ended.
 * @param doer the user.
 * @param former the cookie of that session.
 * @throws UNAUTHENTICATED if the user was disabled, or the proof does not hold any more.
 */
export async function beginSession(
  services: SessionServices,
  doer: Doer,
  { holds, access, record, idToken, refreshToken = null, rights, details, ...proof }: Proof,
  { userAgent, former }: { readonly userAgent: string | undefined; readonly former: string | undefined },
): Promise<Begun> {
  const { store, keys, times, perUser } = services;
  const { id: principalId, name } = doer;
  const id = newId();
  const cookie = newSessionCookie(keys);
  const now = new Date();
  const row: Session = {
    id,
    principalId,
    hash: sessionHash(keys, cookie)!,
    nextHash: null,
    nextAt: null,
    formerHash: null,
    replacedAt: null,
    rights: null,
    secondFactor: null,
    secondFactorAt: null,
    passkeyId: null,
    ...proof,
    provedAt: now,
    sealedIdToken: idToken === null ? null : sealIdToken(keys, id, idToken),
    sealedRefreshToken: refreshToken === null ? null : sealRefreshToken(keys, id, refreshToken),
    groupsAt: refreshToken === null ? null : now,
    createdAt: now,
    lastSeenAt: now,
    expiresAt: new Date(now.getTime() + times.lifetimeMs),
    ip: doer.ip ?? null,
    userAgent: userAgent === undefined ? null : storable(userAgent).slice(0, maxUserAgent).toWellFormed(),
  };
  const replaced = await sessionsOf(store, keys, former);
  const begin = async (tx: Tx, endsOthers: boolean): Promise<void> => {
    const surplus = await surplusOf(tx, principalId, perUser, replaced);
    if (surplus.length > 0 && !endsOthers) throw new Surplus();
    if (!(await holds(tx))) throw unauthenticated();
    await access?.(tx);
    const present = rights ?? rightsOf((await loadPrincipal(tx, principalId))!);
    await tx.session.create({ data: { ...row, rights: present } });
    record?.(tx);
    note(tx, doer, { id, owner: name }, 'LOGIN', 'login', {
      method: row.method,
      ...(row.provider !== null && { provider: row.provider }),
      ...(row.secondFactor !== null && { secondFactor: row.secondFactor }),
      expiresAt: row.expiresAt.toISOString(),
      ...details,
    });
    await endNoted(tx, doer, replaced, 'NEW_SIGN_IN');
    await endNoted(
      tx,
      doer,
      surplus.map((one) => ({ id: one.id, owner: name })),
      'TOO_MANY_SESSIONS',
    );
  };
  const endingOthers = () => ending(services, principalId, (tx) => begin(tx, true));
  await turns.run(principalId, async () => {
    if (access || replaced.length > 0) return endingOthers();
    return inTransaction(store, (tx) => begin(tx, false)).catch((error: unknown) => {
      if (error instanceof Surplus) return endingOthers();
      throw error;
    });
  });
  return { cookie, expiresAt: row.expiresAt };
}

/** A session that a person ended here, and that may go on at their provider. */
export interface EndedHere {
  readonly provider: string;
  readonly idToken: string | undefined;
}

/** Ends the session of a cookie. It needs no valid session, so that a person can always sign out. */
export async function endSession(
  services: SessionServices,
  cookie: string | undefined,
  from: Origin,
): Promise<EndedHere | undefined> {
  const { store, keys } = services;
  const [session] = await sessionsOf(store, keys, cookie);
  if (!session) return undefined;
  const { id, principalId, owner, provider, sealedIdToken } = session;
  const doer: Doer = { kind: 'USER', id: principalId, name: owner, ...from };
  await ending(services, principalId, (tx) => endNoted(tx, doer, [session], 'SIGN_OUT'));
  return provider === null ? undefined : { provider, idToken: openIdToken(keys, id, sealedIdToken) };
}

/** Returns the session of a cookie, if there is one. */
async function sessionsOf({ prisma }: Store, keys: Keys, cookie: string | undefined) {
  const hash = cookie === undefined ? undefined : sessionHash(keys, cookie);
  if (hash === undefined) return [];
  return prisma.$queryRaw<(Noted & Pick<Session, 'principalId' | 'provider' | 'sealedIdToken'>)[]>`
    SELECT s.id, s."principalId", s.provider, s."sealedIdToken", u.username AS owner
    FROM "Session" s JOIN "User" u ON u.id = s."principalId" WHERE ${ofCookie(hash)}`;
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
