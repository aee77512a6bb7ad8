/** Runs at most `width` pieces of work at once and lets at most `queue` wait. */
export class Limiter {
  readonly #width: number;
  readonly #queue: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(width: number, queue: number) {
    this.#width = width;
    this.#queue = queue;
  }

  /** @returns undefined where the queue is full; the work was not begun. */
  run<T>(work: () => Promise<T>): Promise<T> | undefined {
    if (this.#running >= this.#width && this.#waiting.length >= this.#queue) return undefined;
    return this.#enter(work);
  }

  async #enter<T>(work: () => Promise<T>): Promise<T> {
    // A place is handed over, never freed in between, so nobody jumps the queue.
    if (this.#running >= this.#width) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}
