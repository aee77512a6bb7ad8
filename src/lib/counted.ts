/** Counts what is open for each owner, up to a limit. */
export class Counted {
  readonly #greatest: number;
  readonly #open = new Map<string, number>();

  constructor(greatest: number) {
    this.#greatest = greatest;
  }

  /** @returns how to let go; undefined where the owner has as many as they may. */
  open(owner: string): (() => void) | undefined {
    const count = this.#open.get(owner) ?? 0;
    if (count >= this.#greatest) return undefined;
    this.#open.set(owner, count + 1);
    let closed = false;
    return () => {
      if (closed) return;
      closed = true;
      const left = (this.#open.get(owner) ?? 0) - 1;
      if (left > 0) this.#open.set(owner, left);
      else this.#open.delete(owner);
    };
  }

  of(owner: string): number {
    return this.#open.get(owner) ?? 0;
  }
}
