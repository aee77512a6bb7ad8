/** Max milliseconds of consecutive turns before other work (sockets, timers, requests). */
const sliceMs = 8;

/** Runs turns on the single thread in the order of requests, a few milliseconds at a time. */
export class Turns<T> {
  readonly #work: (one: T) => void;
  #waiting = new Set<T>();
  #isRunning = false;

  /** @param work one turn. It must not throw. */
  constructor(work: (one: T) => void) {
    this.#work = work;
  }

  /** Requests a turn, unless one is already requested. */
  ask(one: T): void {
    this.#waiting.add(one);
    if (this.#isRunning) return;
    this.#isRunning = true;
    setImmediate(this.#run);
  }

  leave(one: T): void {
    this.#waiting.delete(one);
  }

  readonly #run = (): void => {
    const end = performance.now() + sliceMs;
    for (const one of this.#waiting) {
      // Removed first, so that a request during the turn goes to the end of the queue.
      this.#waiting.delete(one);
      this.#work(one);
      if (performance.now() >= end) break;
    }
    this.#isRunning = this.#waiting.size > 0;
    if (this.#isRunning) setImmediate(this.#run);
  };
}
