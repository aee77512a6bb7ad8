/** How long turns are given in a row before others (sockets, timers, requests) get the thread. */
const sliceMs = 8;

/** Gives many their turns on the one thread, in the order in which they asked, a few milliseconds at a time. */
export class Turns<T> {
  readonly #work: (one: T) => void;
  #waiting = new Set<T>();
  #isRunning = false;

  /** @param work one turn. It must not throw. */
  constructor(work: (one: T) => void) {
    this.#work = work;
  }

  /** Asks for a turn; who waits for one already gets one. */
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
      // Taken out first: who asks again during its turn comes after all others.
      this.#waiting.delete(one);
      this.#work(one);
      if (performance.now() >= end) break;
    }
    this.#isRunning = this.#waiting.size > 0;
    if (this.#isRunning) setImmediate(this.#run);
  };
}
