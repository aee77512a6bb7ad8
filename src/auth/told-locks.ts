import { LRUCache } from 'lru-cache';
import { lockout } from './lockout.ts';

const maxPairs = 10_000;

interface Pair {
  recent: readonly number[];
  lockedUntil: number;
}

/**
 * What answers tell of a lock. Every name is counted here alike, so the answer does not tell which names there are: the
 * count that locks (lockout.ts) leaves out names that no account has, beyond the first of a minute.
 */
export class ToldLocks {
  readonly #pairs = new LRUCache<string, Pair>({ max: maxPairs });

  /** Counts a sign-in that failed. @returns the seconds until the end of the lock, where there is one. */
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

  /** A sign-in that succeeded begins the count anew. */
  clear(account: string, address: string): void {
    this.#pairs.delete(`${address} ${account}`);
  }
}
