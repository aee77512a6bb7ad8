import { LRUCache } from 'lru-cache';

/** Writes one event for several similar ones. */
type Write = (count: number) => Promise<void>;

export interface Alike {
  readonly key: string;
  /** ID of the actor. */
  readonly actor: string;
  /** Number of separate events per minute (default 1). The rest of the minute is one event with a count. */
  readonly apart?: number;
  /** Number of events that this one counts for (default 1). */
  readonly count?: number;
}
interface Merged {
  readonly key: string;
  readonly minute: number;
  /** Number of separate events in that minute. */
  apart: number;
  /** Number of events in that minute that are not recorded yet. */
  unreported: number;
  /** Records the events that have no separate event. */
  readonly write: Write;
}

const maxSize = 10_000;
/** Max events that a sweep records at once. */
const sweptAtOnce = 200;
/** Max separate events of one actor per minute, of all kinds. */
const maxApart = 60;
const minuteOf = (now: number): number => Math.floor(now / 60_000);

/**
 * Records events that an actor can repeat without limit. The first events of a minute are recorded before the response,
 * the rest of the minute as one event with a count.
 */
export class Merging {
  readonly #merged = new Map<string, Merged>();
  readonly #apart = new LRUCache<string, { readonly minute: number; count: number }>({ max: maxSize });

  /**
   * @param one records this event as a separate one.
   * @param rest records this event and similar ones as one.
   * @returns true if the event was recorded separately.
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
      if (known.apart >= apart || !this.#canSeparate(actor, minute)) {
        known.unreported += count;
        return false;
      }
      known.apart += 1;
      return this.#separate(known, one, count);
    }
    const separates = apart === 1 || this.#canSeparate(actor, minute);
    const merged = { key, minute, apart: 1, unreported: separates ? 0 : count, write: rest };
    this.#merged.set(key, merged);
    try {
      if (known) await this.#report(known);
    } catch (fault) {
      if (separates) this.#keep(merged, count);
      throw fault;
    }
    return separates && this.#separate(merged, one, count);
  }

  /** Counts an event without a separate one. The next sweep records all events with this key as one. */
  gather(key: string, write: Write): void {
    this.#keep({ key, minute: Number.NEGATIVE_INFINITY, apart: 0, unreported: 0, write }, 1);
  }

  async #separate(merged: Merged, one: () => Promise<void>, count: number): Promise<true> {
    try {
      await one();
      return true;
    } catch (fault) {
      this.#keep(merged, count);
      throw fault;
    }
  }

  /** Counts an event that could not be recorded, even if a sweep removed its minute in the meantime. */
  #keep(merged: Merged, count: number): void {
    const kept = this.#merged.get(merged.key) ?? merged;
    kept.unreported += count;
    this.#merged.set(merged.key, kept);
  }

  /** Records the remaining events of past minutes. Those that fail are retried with the next sweep. */
  async sweep(now = Date.now()): Promise<void> {
    const over = [...this.#merged.values()].filter(({ minute }) => minute < minuteOf(now));
    for (let first = 0; first < over.length; first += sweptAtOnce) {
      const swept = over.slice(first, first + sweptAtOnce).map(async (merged) => {
        await this.#report(merged);
        if (merged.unreported === 0 && this.#merged.get(merged.key) === merged) this.#merged.delete(merged.key);
      });
      const failed = (await Promise.allSettled(swept)).find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
    }
  }

  #canSeparate(actor: string, minute: number): boolean {
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
    // Reset before the write, so that no other call records the same events. A failed write restores it.
    merged.unreported = 0;
    try {
      await merged.write(count);
    } catch (fault) {
      this.#keep(merged, count);
      throw fault;
    }
  }
}
