import type { AccessState } from '../../access/revision.ts';
import { withoutDeadline } from '../../db/deadline.ts';
import { History } from '../../db/history.ts';
import type { Wake } from '../../db/wake.ts';
import { GatehouseError } from '../../errors.ts';
import { atMost } from '../../lib/at-most.ts';
import type { StoreState } from './store-state.ts';

/** The topic of Wake that says: the revision of access went up. */
export const accessTopic = 'access';

/** How often it is read where nothing is heard of others. */
const pollMs = 250;
/** The same where their wake-ups are heard: one may be lost, and those who follow look once a second themselves. */
const followedPollMs = 500;
const calmPollMs = 1_500;
const maxAgeMs = 2_000;

/**
 * Knows the revision of everything that feeds a decision. Hears of a new one by wake-up and by a poll; a gateway that
 * could not confirm it for 2 s must decide nothing.
 */
export class Freshness {
  #state: AccessState = { revision: 0n, policySet: null };
  #confirmedAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;
  #again = false;
  /** Does anybody follow something, so that a right may end while nobody asks? */
  isFollowed: () => boolean = () => false;
  readonly #listeners = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  readonly #off: () => void;
  readonly #read: (known: bigint) => Promise<StoreState>;
  readonly #now: () => number;
  #origin: Pick<StoreState, 'origin' | 'lineage'> = {};
  /** Breaks where the store turns out to be of another history. */
  readonly history: History;

  /** @param read is given the revision that is known when the read begins. */
  constructor(
    read: (known: bigint) => Promise<StoreState>,
    wake: Wake,
    now = () => performance.now(),
    history = new History(),
  ) {
    this.#read = read;
    this.#now = now;
    this.history = history;
    this.#off = wake.on((topic) => {
      if (topic === accessTopic || topic === '*') void this.confirm();
    });
    this.#timer = setInterval(() => {
      const everyMs = !wake.isHealthy ? pollMs : this.isFollowed() ? followedPollMs : calmPollMs;
      // A little early, so that a round of the timer is not missed by a millisecond.
      if (this.#now() - this.#askedAt >= everyMs - pollMs / 2) void this.confirm();
    }, pollMs);
    this.#timer.unref();
  }

  get state(): AccessState {
    return this.#state;
  }

  get isFresh(): boolean {
    return this.#now() - this.#confirmedAt <= maxAgeMs;
  }

  /** @throws POLICY_ERROR where the revision is not known to be current. */
  assertFresh(): void {
    if (!this.isFresh)
      throw new GatehouseError(
        'POLICY_ERROR',
        'Access cannot be confirmed right now, so nothing is decided. Try again.',
      );
  }

  /** Calls back when the revision or the policy set changed. @returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param known the revision that was known when the read began: within one history, none that is read is smaller. */
  #take({ origin, lineage, knows = true, ...state }: StoreState, known: bigint): void {
    const former = this.#origin;
    this.#origin = { ...(origin !== undefined && { origin }), ...(lineage !== undefined && { lineage }) };
    const isAnother = former.lineage !== undefined && lineage !== former.lineage;
    if (!knows || state.revision < known || isAnother) {
      this.#state = state;
      this.history.broke('restored');
    } else {
      if (former.origin !== undefined && origin !== former.origin) this.history.broke('restarted');
      // Two reads may come back in another order than they were sent.
      if (state.revision < this.#state.revision) return;
      const changed = state.revision > this.#state.revision || state.policySet !== this.#state.policySet;
      this.#state = state;
      if (!changed) return;
    }
    for (const listener of this.#listeners) listener();
  }

  /**
   * Takes over what a transaction of this gateway committed. @returns false where that did not follow on the state that
   * is known: then only a read can tell how they belong together.
   */
  follow(before: AccessState, after: AccessState): boolean {
    if (this.#state.revision !== before.revision) return false;
    this.#state = after;
    for (const listener of this.#listeners) listener();
    return true;
  }

  /** Reads the revision now. One read at a time; a call during a read starts one more after it. */
  confirm(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    this.#running = withoutDeadline(async () => {
      do {
        this.#again = false;
        const startedAt = this.#now();
        this.#askedAt = startedAt;
        try {
          const known = this.#state.revision;
          this.#take(await this.#read(known), known);
          this.#confirmedAt = startedAt;
        } catch {
          // Stays unconfirmed; isFresh tells after two seconds.
        }
      } while (this.#again);
    }).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** The same, but not longer than this: a database that is silent lets nobody wait. */
  async confirmWithin(milliseconds: number): Promise<void> {
    await atMost(milliseconds, this.confirm());
  }

  close(): void {
    clearInterval(this.#timer);
    this.#off();
    this.#listeners.clear();
  }
}
