/** Counts open items per owner, up to a limit. */
export class Counted {
  readonly #max: number;
  readonly #open = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** @returns a function to close the item, or undefined if the owner has reached the limit. */
  open(owner: string): (() => void) | undefined {
    const count = this.#open.get(owner) ?? 0;
    if (count >= this.#max) return undefined;
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
