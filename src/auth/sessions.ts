import type { Credential } from '../access/actor.ts';
import { withoutDeadline } from '../db/deadline.ts';
import { Prisma } from '../db/generated/client.ts';
import type { Store } from '../db/transaction.ts';
import { enrolmentRequired, unauthenticated } from '../errors.ts';
import { remember } from '../lib/remember.ts';
import { mustEnrol } from '../policy/principals/principal.ts';
import type { Principals } from '../policy/principals/principal-cache.ts';
import { rightsOf } from '../policy/principals/rights.ts';
import type { Freshness } from '../policy/session/freshness.ts';
import type { Identity, Rotation } from '../policy/session/identity.ts';
import type { Keys } from './keys.ts';
import { methodOf, secondFactorOf, sessionMethodOf } from './methods.ts';
import type { Providers } from './oidc/providers.ts';
import { newSessionCookie, sessionHash } from './session-cookie.ts';
import { lastUseMs, StoredCredentials } from './stored-credentials.ts';

/** How long a session lasts. */
export interface SessionTimes {
  /** Time without use after which it expires. */
  readonly idleMs: number;
  /** Time after the sign-in after which it expires, regardless of its use. */
  readonly lifetimeMs: number;
}

interface Known {
  readonly hash: string;
  readonly id: string;
  readonly principalId: string;
  readonly method: string;
  readonly provider: string | null;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  readonly provedAt: Date;
  readonly secondFactor: string | null;
  readonly secondFactorAt: Date | null;
  readonly rights: string | null;
  readonly nextAt: Date | null;
  readonly replacedAt: Date | null;
  /** Which cookie of the session was given: none for a session that is known by its ID. */
  readonly cookie: 'present' | 'next' | 'former' | 'none';
  readonly revision: bigint;
}

/** A session that is known by its ID, without its cookie. */
const keyOf = (id: string): string => `id ${id}`;
const isKeyOfId = (key: string): boolean => key.startsWith(keyOf(''));

/**
 * Time in which the former cookie of a session works: for requests that a browser sent before it had the new one. Another
 * gateway can remember a session for as long. If the browser has not used a new cookie by then, its answer was lost.
 */
const formerMs = 60_000;

const columns = Prisma.sql`id, "principalId", method, provider, "createdAt", "lastSeenAt", "expiresAt", "provedAt",
    "secondFactor", "secondFactorAt", rights, "nextAt", "replacedAt", (SELECT revision FROM "AccessState") AS revision`;

/** @param keys hashes of cookies, and keys of IDs. A row has the key by which it was asked for. */
const readSessions = ({ prisma }: Store, keys: readonly string[]) => {
  const own = keys.filter((key) => !isKeyOfId(key));
  const ids = keys.filter(isKeyOfId).map((key) => key.slice(keyOf('').length));
  return prisma.$queryRaw<Known[]>`
  SELECT hash, 'present' AS cookie, ${columns} FROM "Session" WHERE hash = ANY(${own}::text[])
  UNION ALL
  SELECT "nextHash" AS hash, 'next' AS cookie, ${columns} FROM "Session" WHERE "nextHash" = ANY(${own}::text[])
  UNION ALL
  SELECT "formerHash" AS hash, 'former' AS cookie, ${columns} FROM "Session" WHERE "formerHash" = ANY(${own}::text[])
  UNION ALL
  SELECT ${keyOf('')} || id AS hash, 'none' AS cookie, ${columns} FROM "Session" WHERE id = ANY(${ids}::text[])`;
};

/** The condition for the row of a cookie, also shortly after it was replaced. */
export const ofCookie = (hash: string): Prisma.Sql => Prisma.sql`(hash = ${hash} OR "nextHash" = ${hash}
  OR "formerHash" = ${hash} AND "replacedAt" > ${new Date(Date.now() - formerMs)})`;

const isOver = (session: Known, times: SessionTimes, now: Date): boolean =>
  idleEnd(session, times) <= now.getTime() ||
  (session.cookie === 'former' && session.replacedAt!.getTime() + formerMs <= now.getTime());

/** Returns when a session expires unless it is used, in milliseconds. */
export const idleEnd = (
  { lastSeenAt, expiresAt }: { readonly lastSeenAt: Date; readonly expiresAt: Date },
  { idleMs }: Pick<SessionTimes, 'idleMs'>,
): number => Math.min(lastSeenAt.getTime() + idleMs, expiresAt.getTime());

export interface SessionsOptions {
  readonly store: Store;
  readonly principals: Principals;
  readonly freshness: Freshness;
  readonly keys: Keys;
  readonly times: SessionTimes;
  readonly providers: Pick<Providers, 'has'>;
}

/** True if a new cookie is on its way to the browser. */
const isIssued = ({ nextAt }: Known, now: Date): boolean =>
  nextAt !== null && nextAt.getTime() + formerMs > now.getTime();

const credentials = new WeakMap<Known, Credential>();
const credentialOf = (session: Known): Credential => ({
  kind: 'session',
  id: session.id,
  method: sessionMethodOf(session.method),
  provider: session.provider,
  provedAt: session.provedAt,
  secondFactor: secondFactorOf(session.secondFactor),
  secondFactorAt: session.secondFactorAt,
  ownerKind: 'USER',
  createdAt: session.createdAt,
  expiresAt: session.expiresAt,
  lastUsedAt: session.lastSeenAt,
});

/** Sign-in by the cookie of a session. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #known: StoredCredentials<Known>;

  constructor(options: SessionsOptions) {
    this.#options = options;
    const { store, freshness, times } = options;
    this.#known = new StoredCredentials({
      freshness,
      read: (hashes) => readSessions(store, hashes),
      isOver: (session, now) => isOver(session, times, now),
    });
  }

  /** Clears the cache, because the store has another history. */
  forget(): void {
    this.#known.forget();
  }

  /** @param cookie the value of the cookie. @returns a function that authenticates again with each call. */
  identifier(cookie: string): () => Promise<Identity> {
    return this.#identifier(sessionHash(this.#options.keys, cookie));
  }

  /** The same for a session that its person has allowed a command line to use. */
  identifierOf(id: string): () => Promise<Identity> {
    return this.#identifier(keyOf(id));
  }

  #identifier(given: string | undefined): () => Promise<Identity> {
    const { principals, times, providers } = this.#options;
    let key = given;
    let failed = key === undefined;
    // A request is one use. A running stream is none, so a session expires although its page still follows something.
    let isUsed = false;
    return async () => {
      // A request authenticates once for each of its fields. A refused cookie is refused for all of them.
      if (failed || key === undefined) throw unauthenticated();
      const now = new Date();
      const found = await this.#known.find(key, now);
      failed = !found;
      if (!found) throw unauthenticated();
      const { id, method, provider, secondFactorAt } = found;
      // The operator may have removed a provider.
      if (provider !== null && !providers.has(provider)) throw unauthenticated();
      const principal = await principals.get(found.principalId);
      if (principal.disabled || !principal.authMethods.includes(methodOf(found))) throw unauthenticated();
      // It began before the second factor was required.
      if (method === 'PASSWORD' && secondFactorAt === null && mustEnrol(principal)) throw enrolmentRequired();
      if (found.cookie === 'next') await this.#replace(found, rightsOf(principal));
      const rotation: Rotation = {
        isDue: found.rights !== rightsOf(principal) && !isIssued(found, now),
        perform: () => this.#issue(found),
      };
      // A stream outlives the cookie with which it began.
      const own = keyOf(id);
      key = own;
      return {
        principal,
        credential: remember(credentials, found, () => credentialOf(found)),
        revision: found.revision < principal.revision ? found.revision : principal.revision,
        until: new Date(Math.min(idleEnd(found, times), now.getTime() + lastUseMs)),
        ...(found.cookie === 'present' && { rotation }),
        ...(!isUsed && {
          used: () => {
            isUsed = true;
            return this.#markUse(found.hash);
          },
        }),
      };
    };
  }

  /**
   * Creates a new cookie of a session. It replaces the present one when the browser uses it, so that a lost answer does not
   * sign anyone out. @returns undefined if another request was first.
   */
  async #issue({ id, hash }: Known): Promise<string | undefined> {
    const { store, keys } = this.#options;
    const cookie = newSessionCookie(keys);
    const now = new Date();
    const written = await withoutDeadline(
      () => store.prisma.$executeRaw`
      UPDATE "Session" SET "nextHash" = ${sessionHash(keys, cookie)!}, "nextAt" = ${now}
      WHERE id = ${id} AND hash = ${hash} AND ("nextAt" IS NULL OR "nextAt" <= ${new Date(now.getTime() - formerMs)})`,
    );
    await this.#known.read(hash);
    return written === 1 ? cookie : undefined;
  }

  /** The browser has its new cookie. The former one works for a moment. */
  async #replace({ id, hash }: Known, rights: string): Promise<void> {
    await withoutDeadline(
      () => this.#options.store.prisma.$executeRaw`
      UPDATE "Session" SET "formerHash" = hash, "replacedAt" = ${new Date()}, hash = "nextHash", "nextHash" = NULL,
        "nextAt" = NULL, rights = ${rights} WHERE id = ${id} AND "nextHash" = ${hash}`,
    );
    await this.#known.read(hash);
  }

  /** Records the use of a session after an allowed action, at most once a minute. */
  async #markUse(hash: string): Promise<void> {
    const { store, times } = this.#options;
    const now = new Date();
    const found = this.#known.get(hash);
    if (!found) return;
    const before = new Date(now.getTime() - Math.min(lastUseMs, times.idleMs / 10));
    if (found.lastSeenAt > before) return;
    const rows = await withoutDeadline(
      () => store.prisma.$queryRaw<Pick<Known, 'lastSeenAt'>[]>`
      UPDATE "Session" SET "lastSeenAt" = ${now} WHERE id = ${found.id} AND "lastSeenAt" <= ${before}
      RETURNING "lastSeenAt"`,
    );
    // If another gateway updated or ended the session in the meantime, the next request reads it again.
    if (!rows[0] || !this.#known.replace(hash, found, { ...found, ...rows[0] })) await this.#known.read(hash);
  }
}
