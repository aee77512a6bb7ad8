import { LRUCache } from 'lru-cache';
import { lockout } from './lockout.ts';

const maxPairs = 10_000;

interface Pair {
  recent: readonly number[];
  lockedUntil: number;
}

/**
 * Computes the lock times in responses. All names are counted equally, so the response does not reveal which names
 * exist. The count that locks (lockout.ts) excludes unknown names beyond the first ones of a minute.
 */
export class ReportedLocks {
  readonly #pairs = new LRUCache<string, Pair>({ max: maxPairs });

  /** Counts a failed sign-in. @returns the seconds until the lock ends, if there is one. */
  fail(account: string, address: string, now = Date.now()): number | undefined {
    const name = `${address} ${account}`;
    const pair = this.#pairs.get(name) ?? { recent: [], lockedUntil: 0 };
    this.#pairs.set(name, pair);
    if (pair.lockedUntil <= now) {
      pair.recent = [...pair.recent.filter((at) => at > now - lockout.windowMs), now];
      if (pair.recent.length < lockout.failures) return undefined;
      pair.lockedUntil = now + lockout.lockMs;
      pair.recent = [];
    }
    return Math.ceil((pair.lockedUntil - now) / 1_000);
  }

  /** Resets the count after a successful sign-in. */
  clear(account: string, address: string): void {
    this.#pairs.delete(`${address} ${account}`);
  }
}
