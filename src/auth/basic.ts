import { LRUCache } from 'lru-cache';
import type { Credential } from '../access/actor.ts';
import { withoutDeadline } from '../db/deadline.ts';
import type { Store } from '../db/transaction.ts';
import { enrolmentRequired, GatehouseError, unauthenticated, unavailable } from '../errors.ts';
import { FairQueue } from '../lib/fair-queue.ts';
import { keyedHash } from '../lib/keyed-hash.ts';
import { peerOf } from '../lib/peer.ts';
import { fold, storable } from '../lib/text.ts';
import { mustEnrol, type Principal } from '../policy/principals/principal.ts';
import type { Principals } from '../policy/principals/principal-cache.ts';
import type { Identity } from '../policy/session/identity.ts';
import type { Keys } from './keys.ts';
import { beginAttempt, clearFailures, hopeless, recordFailure } from './lockout.ts';
import { hashPassword, needsRehash, verifyPassword } from './password.ts';
import { ReportedLocks } from './reported-locks.ts';
import { UnknownNames } from './unknown-names.ts';

/** Time for which a verified password is cached, so that not every request computes a hash. */
const rememberMs = 60_000;
const maxCache = 10_000;

interface Remembered {
  readonly id: string;
  /** The key of the user name. */
  readonly account: string;
  /** The key of the e-mail address, if it was given instead of the name, and the revision as of which it was valid. */
  readonly email: { readonly key: string; revision?: bigint } | undefined;
  readonly address: string;
  readonly passwordChangedAt: number;
  readonly until: number;
}

/** True if the cached sign-in has the current name and password. */
const isOf = (proved: Remembered, { name, passwordChangedAt }: Principal): boolean =>
  fold(name) === proved.account && (passwordChangedAt?.getTime() ?? 0) === proved.passwordChangedAt;

const needsSecondFactor =
  'This user has a second factor, so a password alone does not sign in. Sign in at /auth/sign-in, or use an API token.';

/** Finds the user of a name or an e-mail address. The name of one user can be the address of another: the name wins. */
const byNameOrEmail = <U extends { readonly usernameKey: string }>(found: readonly U[], key: string): U | undefined =>
  found.find(({ usernameKey }) => usernameKey === key) ?? found[0];

/** Concurrent verifications, one per address: guesses from one address use one core at most. */
const signIns = new FairQueue({
  width: 4,
  share: 1,
  perOwner: 500,
  total: 2_000,
  refusal: () => unavailable('Too many sign-ins at once. Try again.'),
});

export interface BasicOptions {
  readonly store: Store;
  readonly principals: Principals;
  readonly keys: Keys;
}

/** Sign-in by user name or e-mail address, and password. */
export class Basic {
  readonly #options: BasicOptions;
  readonly #cache = new LRUCache<string, Remembered>({ max: maxCache });
  readonly #verifying = new Map<string, Promise<Remembered>>();
  readonly #proven = new LRUCache<string, true>({ max: maxCache });
  readonly #unknownNames = new UnknownNames();
  readonly #locks = new ReportedLocks();
  #epoch = 0;

  constructor(options: BasicOptions) {
    this.#options = options;
  }

  /** Clears all sign-ins, because the store has another history. */
  forget(): void {
    this.#epoch += 1;
    this.#cache.clear();
    this.#verifying.clear();
  }

  /**
   * @param authorization the text after `Basic `.
   * @param secondFactorFollows true if the caller then asks for the second factor of a user who has one.
   * @returns a function that authenticates again with each call.
   */
  identifier(
    authorization: string,
    address: string,
    requestId: string,
    secondFactorFollows = false,
  ): () => Promise<Identity> {
    const text = storable(Buffer.from(authorization, 'base64').toString('utf8'));
    const colon = text.indexOf(':');
    const username = text.slice(0, Math.max(colon, 0));
    const password = text.slice(colon + 1);
    let proved: Remembered | undefined;
    let failed = colon < 1 || text.length > 2_048 ? unauthenticated() : undefined;
    return async () => {
      // A request authenticates once for each of its fields. A wrong password is wrong for all of them.
      if (failed) throw failed;
      const isFirst = proved === undefined;
      proved ??= await this.#prove(username, password, address, requestId).catch((error: unknown) => {
        if (error instanceof GatehouseError && error.code === 'UNAUTHENTICATED') failed = error;
        throw error;
      });
      let principal = await this.#known(proved.id);
      if (isFirst && !(principal && (await this.#isCurrent(proved, principal)))) {
        // The cached sign-in has a former password, or belongs to a deleted user whose name is in use again.
        this.#forget(proved.account, address);
        proved = await this.#prove(username, password, address, requestId);
        principal = await this.#known(proved.id);
      }
      if (!principal || principal.disabled || !principal.authMethods.includes('PASSWORD')) throw unauthenticated();
      if (!(await this.#isCurrent(proved, principal))) throw unauthenticated();
      // Only now, after the password: the answer reveals nothing to a person who does not know it.
      if (principal.secondFactors?.length && !secondFactorFollows) {
        failed = unauthenticated({ message: needsSecondFactor });
        throw failed;
      }
      if (mustEnrol(principal) && !secondFactorFollows) {
        failed = enrolmentRequired();
        throw failed;
      }
      const credential: Credential = {
        kind: 'basic',
        ...(principal.passwordChangedAt && { createdAt: principal.passwordChangedAt }),
      };
      return { principal, credential, revision: principal.revision };
    };
  }

  /** True if the cached sign-in has the current password, and the name or address still belongs to the user. */
  async #isCurrent(proved: Remembered, principal: Principal): Promise<boolean> {
    if (!isOf(proved, principal)) return false;
    const { id, email } = proved;
    if (!email || email.revision === principal.revision) return true;
    const OR = [{ usernameKey: email.key }, { emailKey: email.key }];
    const found = await this.#options.store.prisma.user.findMany({
      where: { OR },
      select: { id: true, usernameKey: true },
    });
    if (byNameOrEmail(found, email.key)?.id !== id) return false;
    email.revision = principal.revision;
    return true;
  }

  /** Returns the principal, or undefined if it was deleted. */
  async #known(id: string): Promise<Principal | undefined> {
    try {
      return await this.#options.principals.get(id);
    } catch (error) {
      if (error instanceof GatehouseError && error.code === 'UNAUTHENTICATED') return undefined;
      throw error;
    }
  }

  async #prove(username: string, password: string, address: string, requestId: string): Promise<Remembered> {
    const name = keyedHash(this.#options.keys.cache, fold(username), password, address);
    const remembered = this.#cache.get(name);
    if (remembered && remembered.until > Date.now()) return remembered;
    const epoch = this.#epoch;
    // Concurrent requests with the same credentials share one hash.
    let verifying = this.#verifying.get(name);
    if (!verifying) {
      const verify = () => this.#verify(username, password, address, requestId);
      // A caller who recently used these credentials successfully does not wait for guesses from the same address.
      const owner = this.#proven.get(name) ? `proven ${name}` : `from ${peerOf(address)}`;
      const own = withoutDeadline(() => signIns.run(owner, verify, { part: fold(username) })).finally(() => {
        if (this.#verifying.get(name) === own) this.#verifying.delete(name);
      });
      verifying = own;
      this.#verifying.set(name, own);
    }
    const proved = await verifying;
    if (epoch !== this.#epoch) return proved;
    this.#cache.set(name, proved);
    this.#proven.set(name, true);
    return proved;
  }

  /** Unknown, wrong, disabled and locked accounts take the same steps, so that response and time do not differ. */
  async #verify(username: string, password: string, address: string, requestId: string): Promise<Remembered> {
    const { store } = this.#options;
    // An e-mail address can have 254 characters, each of which can become several.
    const key = fold(username).slice(0, 1_000).toWellFormed();
    const given = key.slice(0, 200).toWellFormed();
    const now = new Date();
    const found = await store.prisma.user.findMany({
      where: { OR: [{ usernameKey: key }, { emailKey: key }] },
      include: { secondFactor: { select: { confirmedAt: true } }, passkeys: { select: { id: true }, take: 1 } },
    });
    const user = byNameOrEmail(found, key);
    // Failures by name and by address count together.
    const account = user?.usernameKey ?? given;
    const counted = user ? account : this.#unknownNames.nameOf(account, address);
    // Counted during the hash. The response waits for both, so no attempt beyond the limit is judged.
    const [attempt, right] = await Promise.all([
      counted === '' ? hopeless : beginAttempt(store, counted, address, now),
      verifyPassword(password, user?.passwordHash ?? null),
    ]);
    if (!right || attempt.isLocked || !user || user.disabled || !user.authMethods.includes('PASSWORD')) {
      // A cached sign-in must not reveal that the account is locked.
      if (await recordFailure(store, counted, address, requestId, attempt, now)) this.#forget(account, address);
      // Counted by the given text only, so that the response does not reveal which address belongs to which name.
      throw unauthenticated({ retryAfter: this.#locks.fail(given, address) });
    }
    this.#locks.clear(given, address);
    // With a second factor, the sign-in has succeeded only with its code, whose failures are counted with these.
    const hasFactor = user.secondFactor?.confirmedAt || user.passkeys.length > 0;
    const cleared = hasFactor ? undefined : clearFailures(store, account, address);
    // If there are no earlier failures to clear, the response does not wait.
    if (attempt.ordinal > 1) await cleared;
    else void cleared?.catch(() => undefined);
    if (needsRehash(user.passwordHash!)) {
      const passwordHash = await hashPassword(password);
      await store.prisma.user.updateMany({
        where: { id: user.id, passwordHash: user.passwordHash },
        data: { passwordHash },
      });
    }
    const passwordChangedAt = user.passwordChangedAt?.getTime() ?? 0;
    const email = account === key ? undefined : { key };
    return { id: user.id, account, email, address, passwordChangedAt, until: Date.now() + rememberMs };
  }

  #forget(account: string, address: string): void {
    for (const [name, remembered] of this.#cache)
      if (remembered.account === account && remembered.address === address) this.#cache.delete(name);
  }
}
