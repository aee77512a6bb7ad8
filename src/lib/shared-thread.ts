import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { FairQueue } from './fair-queue.ts';

/** How long the items of one owner run in a row before others (sockets, timers, requests) get the thread. */
const sliceMs = 5;
/** After a slice that took longer, the others get the thread for this many times as long. */
const rest = 1.5;

/**
 * Long work on the one thread, item after item. The owners take turns of a few milliseconds, and what else the thread
 * has to do goes on between them.
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
        // The owner has its results at once; only the next turn waits.
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
