import { LRUCache } from 'lru-cache';

/** Writes one event that tells of so many that were alike. */
type Write = (count: number) => Promise<void>;

export interface Alike {
  readonly key: string;
  /** Whose they are. */
  readonly actor: string;
  /** How many of a minute are events of their own (default 1); the rest of it is one event with their count. */
  readonly apart?: number;
  /** How many this one stands for (default 1). */
  readonly count?: number;
}
interface Merged {
  readonly key: string;
  readonly minute: number;
  /** How many of that minute are events of their own. */
  apart: number;
  /** How many of that minute are not on record yet. */
  unreported: number;
  /** Writes what is not told apart. */
  readonly write: Write;
}

const maxSize = 10_000;
/** Events of their own that one actor makes in a minute, of whatever kind. */
const maxApart = 60;
const minuteOf = (now: number): number => Math.floor(now / 60_000);

/**
 * Puts on record what somebody may repeat as often as they like: the first of a minute before their answers, the rest of
 * that minute as one event with its count.
 */
export class Merging {
  readonly #merged = new Map<string, Merged>();
  readonly #apart = new LRUCache<string, { readonly minute: number; count: number }>({ max: maxSize });

  /**
   * @param one writes this one as an event of its own.
   * @param rest writes this one and those that are alike as one.
   * @returns whether it was told apart.
   */
  async note(
    { key, actor, apart = 1, count = 1 }: Alike,
    one: () => Promise<void>,
    rest: Write,
    now = Date.now(),
  ): Promise<boolean> {
    const minute = minuteOf(now);
    if (this.#merged.size >= maxSize && !this.#merged.has(key)) await this.sweep(Number.POSITIVE_INFINITY);
    const known = this.#merged.get(key);
    if (known?.minute === minute) {
      if (known.apart >= apart || !this.#mayTellApart(actor, minute)) {
        known.unreported += count;
        return false;
      }
      known.apart += 1;
      return this.#tell(known, one, count);
    }
    const mayTell = apart === 1 || this.#mayTellApart(actor, minute);
    const merged = { key, minute, apart: 1, unreported: mayTell ? 0 : count, write: rest };
    this.#merged.set(key, merged);
    try {
      if (known) await this.#report(known);
    } catch (fault) {
      if (mayTell) this.#keep(merged, count);
      throw fault;
    }
    return mayTell && this.#tell(merged, one, count);
  }

  async #tell(merged: Merged, one: () => Promise<void>, count: number): Promise<true> {
    try {
      await one();
      return true;
    } catch (fault) {
      this.#keep(merged, count);
      throw fault;
    }
  }

  /** Counts what could not be written, also where a sweep let go of its minute meanwhile. */
  #keep(merged: Merged, count: number): void {
    const kept = this.#merged.get(merged.key) ?? merged;
    kept.unreported += count;
    this.#merged.set(merged.key, kept);
  }

  /** Writes down what minutes that are over still hold. What cannot be written now is kept for the next time. */
  async sweep(now = Date.now()): Promise<void> {
    for (const [key, merged] of this.#merged) {
      if (merged.minute >= minuteOf(now)) continue;
      await this.#report(merged);
      if (merged.unreported === 0 && this.#merged.get(key) === merged) this.#merged.delete(key);
    }
  }

  #mayTellApart(actor: string, minute: number): boolean {
    let told = this.#apart.get(actor);
    if (told?.minute !== minute) {
      told = { minute, count: 0 };
      this.#apart.set(actor, told);
    }
    told.count += 1;
    return told.count <= maxApart;
  }

  async #report(merged: Merged): Promise<void> {
    const count = merged.unreported;
    if (count === 0) return;
    // Taken before it is written, so that nobody else writes it too; given back where it could not be.
    merged.unreported = 0;
    try {
      await merged.write(count);
    } catch (fault) {
      this.#keep(merged, count);
      throw fault;
    }
  }
}
