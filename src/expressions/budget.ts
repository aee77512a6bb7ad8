import { Fault } from './fault.ts';

export interface Limits {
  /** Max number of steps: operations, iterations, and items of lists that are read or written. */
  readonly steps: number;
  /** Max characters and items that all operations together create. */
  readonly size: number;
  /** Max characters of the result. */
  readonly output: number;
  /** Max nesting of expressions, tags, values and `render` calls. */
  readonly depth: number;
  /** Max time, in milliseconds. */
  readonly milliseconds: number;
}

export const defaultLimits: Limits = {
  steps: 100_000,
  size: 2_000_000,
  output: 500_000,
  depth: 60,
  milliseconds: 100,
};

const lookEvery = 64;

/** What an expression can still use. It ends an expression that does not end by itself. */
export class Budget {
  readonly limits: Limits;
  readonly #until: number;
  #steps = 0;
  #size = 0;

  constructor(limits: Limits) {
    this.limits = limits;
    this.#until = performance.now() + limits.milliseconds;
  }

  step(count = 1): void {
    const before = this.#steps;
    this.#steps += count;
    if (this.#steps > this.limits.steps)
      throw new Fault(`The expression needs more than ${this.limits.steps} steps. Simplify it.`);
    if (Math.floor(before / lookEvery) !== Math.floor(this.#steps / lookEvery)) this.look();
  }

  look(): void {
    if (performance.now() > this.#until)
      throw new Fault(`The expression needs more than ${this.limits.milliseconds} ms. Simplify it.`);
  }

  /** Counts what an operation is about to create. */
  create(size: number): void {
    this.#size += size;
    if (this.#size > this.limits.size)
      throw new Fault(`The expression creates more than ${this.limits.size} characters or items. Simplify it.`);
    this.step(1 + Math.floor(size / 1_000));
  }

  /** Counts a search, whose time can grow with both lengths. */
  search(text: string, pattern: string): void {
    this.create(Math.ceil((text.length * Math.max(1, pattern.length)) / 64));
    this.look();
  }

  nest(depth: number): void {
    if (depth > this.limits.depth) throw new Fault(`The nesting exceeds ${this.limits.depth} levels.`);
  }
}
