import type { Pool } from 'pg';
import { withoutDeadline } from '../db/deadline.ts';
import type { PrismaClient } from '../db/generated/client.ts';
import type { Tx } from '../db/transaction.ts';
import type { Wake } from '../db/wake.ts';
import { GatehouseError } from '../errors.ts';

export interface AccessState {
  readonly revision: bigint;
  /** Fingerprint of the accepted set of policies. */
  readonly policySet: string | null;
}

export const readState = async (db: PrismaClient | Tx): Promise<AccessState> => {
  const rows = await db.$queryRaw<AccessState[]>`SELECT revision, "policySet" FROM "AccessState"`;
  return rows[0]!;
};

/** The same over the connections that requests cannot use up: a full pool must not keep a gateway from deciding. */
export const readStateApart = async (apart: Pool): Promise<AccessState> => {
  const { rows } = await apart.query<{ revision: string; policySet: string | null }>(
    'SELECT revision, "policySet" FROM "AccessState"',
  );
  return { revision: BigInt(rows[0]!.revision), policySet: rows[0]!.policySet };
};

/** The topic of Wake that says: the revision of access went up. */
export const accessTopic = 'access';

const pollMs = 250;
const greatestAgeMs = 2_000;

/**
 * Knows the revision of everything that feeds a decision. Hears of a new one by wake-up and by a poll; a gateway that
 * could not confirm it for 2 s must decide nothing.
 */
export class Freshness {
  #state: AccessState = { revision: 0n, policySet: null };
  #confirmedAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;
  #again = false;
  readonly #listeners = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  readonly #off: () => void;
  readonly #read: () => Promise<AccessState>;
  readonly #now: () => number;

  constructor(read: () => Promise<AccessState>, wake: Wake, now = () => performance.now()) {
    this.#read = read;
    this.#now = now;
    this.#off = wake.on((topic) => {
      if (topic === accessTopic || topic === '*') void this.confirm();
    });
    this.#timer = setInterval(() => void this.confirm(), pollMs);
    this.#timer.unref();
  }

  get state(): AccessState {
    return this.#state;
  }

  get isFresh(): boolean {
    return this.#now() - this.#confirmedAt <= greatestAgeMs;
  }

  /** @throws POLICY_ERROR where the revision is not known to be current. */
  assertFresh(): void {
    if (!this.isFresh)
      throw new GatehouseError('POLICY_ERROR', 'Access cannot be confirmed right now; nothing is decided.');
  }

  /** Calls back when the revision or the policy set changed. @returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes over what a statement of this gateway has just seen. */
  observe(state: AccessState): void {
    if (state.revision < this.#state.revision) return;
    const changed = state.revision > this.#state.revision || state.policySet !== this.#state.policySet;
    this.#state = state;
    if (changed) for (const listener of this.#listeners) listener();
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
        try {
          this.observe(await this.#read());
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

  close(): void {
    clearInterval(this.#timer);
    this.#off();
    this.#listeners.clear();
  }
}
