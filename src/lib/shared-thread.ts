import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { FairQueue } from './fair-queue.ts';

/** Max milliseconds that items of one owner run before other work (sockets, timers, requests). */
const sliceMs = 5;
/** After a longer slice, other work gets the thread for this multiple of its time. */
const rest = 1.5;

/**
 * Runs long work on the single thread, item by item. Owners take turns of a few milliseconds, and other work runs
 * between them.
 */
export class SharedThread {
  readonly #queue: FairQueue;

  /** @param queue of width 1. */
  constructor(queue: FairQueue) {
    this.#queue = queue;
  }

  async each<Item, Result>(
    owner: string,
    items: readonly Item[],
    work: (item: Item) => Result,
    signal?: AbortSignal,
  ): Promise<Result[]> {
    const results: Result[] = [];
    while (results.length < items.length) {
      const leave = await this.#queue.enter(owner, { signal });
      const started = performance.now();
      try {
        signal?.throwIfAborted();
        do results.push(work(items[results.length]!));
        while (results.length < items.length && performance.now() - started < sliceMs);
      } finally {
        const took = performance.now() - started;
        // The owner gets its results immediately. Only the next turn waits.
        void (took < sliceMs * 2 ? turn() : sleep(took * rest)).then(leave);
      }
    }
    return results;
  }

  async run<Result>(owner: string, work: () => Result, signal?: AbortSignal): Promise<Result> {
    const [result] = await this.each(owner, [work], (one) => one(), signal);
    return result as Result;
  }
}
