import type { AccessState } from '../../access/revision.ts';
import { withoutDeadline } from '../../db/deadline.ts';
import { History } from '../../db/history.ts';
import type { Wake } from '../../db/wake.ts';
import { GatehouseError } from '../../errors.ts';
import { atMost } from '../../lib/at-most.ts';
import type { StoreState } from './store-state.ts';

/** The wake-up topic for a new revision of access. */
export const accessTopic = 'access';

/** The poll interval while wake-ups from other gateways do not arrive. */
const pollMs = 250;
/** The poll intervals while wake-ups arrive. A wake-up can be lost, and open streams check once a second themselves. */
const followedPollMs = 500;
const calmPollMs = 1_500;
const maxAgeMs = 2_000;

/**
 * Tracks the revision of everything that decisions depend on, through wake-ups and polling. A gateway that could not
 * confirm the revision for 2 s must not decide.
 */
export class Freshness {
  #state: AccessState = { revision: 0n, policySet: null };
  #confirmedAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;
  /** True between the commit of a change of this gateway that was followed and its wake-up, which is then not needed. */
  #isFollowing = false;
  #again = false;
  /** Returns true if a stream is open, so that a right can end without a request. */
  isFollowed: () => boolean = () => false;
  readonly #listeners = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  readonly #off: () => void;
  readonly #read: (known: bigint) => Promise<StoreState>;
  readonly #now: () => number;
  #origin: Pick<StoreState, 'origin' | 'lineage'> = {};
  /** Changes its epoch if the store is found to be restored or restarted. */
  readonly history: History;

  /** @param read reads the state. Its argument is the revision known when the read begins. */
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
      const isKnown = topic === accessTopic && this.#isFollowing;
      if (isKnown) this.#isFollowing = false;
      else if (topic === accessTopic || topic === '*') void this.confirm();
    });
    this.#timer = setInterval(() => {
      const everyMs = !wake.isHealthy ? pollMs : this.isFollowed() ? followedPollMs : calmPollMs;
      // Slightly early, so that a timer that fires a millisecond early does not skip a round.
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

  /** @throws POLICY_ERROR if the revision is not confirmed. */
  assertFresh(): void {
    if (!this.isFresh)
      throw new GatehouseError('POLICY_ERROR', 'The current state of access cannot be confirmed. Try again.');
  }

  /** Calls the listener when the revision or the policy set changes. @returns a function that stops the calls. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param known the revision known when the read began. Within one history, a read never returns a smaller one. */
  #take({ origin, lineage, knows = true, ...state }: StoreState, known: bigint): void {
    const former = this.#origin;
    this.#origin = { ...(origin !== undefined && { origin }), ...(lineage !== undefined && { lineage }) };
    const isAnother = former.lineage !== undefined && lineage !== former.lineage;
    if (!knows || state.revision < known || isAnother) {
      this.#state = state;
      this.history.broke('restored');
    } else {
      if (former.origin !== undefined && origin !== former.origin) this.history.broke('restarted');
      // Two reads can return out of order.
      if (state.revision < this.#state.revision) return;
      const changed = state.revision > this.#state.revision || state.policySet !== this.#state.policySet;
      this.#state = state;
      if (!changed) return;
    }
    for (const listener of this.#listeners) listener();
  }

  /**
   * Applies the state that a transaction of this gateway committed, before its wake-up is sent. @returns false if it does not directly follow the
   * known state; a read is then needed.
   */
  follow(before: AccessState, after: AccessState): boolean {
    if (this.#state.revision !== before.revision) return false;
    this.#state = after;
    this.#isFollowing = true;
    for (const listener of this.#listeners) listener();
    return true;
  }

  /** Reads the revision now. Reads do not overlap: a call during a read triggers one more read after it. */
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
          // The revision stays unconfirmed, and isFresh becomes false after two seconds.
        }
      } while (this.#again);
    }).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Like `confirm`, but waits at most this long, so that an unresponsive database does not block the caller. */
  async confirmWithin(milliseconds: number): Promise<void> {
    await atMost(milliseconds, this.confirm());
  }

  close(): void {
    clearInterval(this.#timer);
    this.#off();
    this.#listeners.clear();
  }
}
