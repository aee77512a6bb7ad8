import { setTimeout as sleep } from 'node:timers/promises';
import { GatehouseError } from '../errors.ts';
import { pause } from '../lib/pause.ts';
import { remember } from '../lib/remember.ts';
import { withoutDeadline } from './deadline.ts';

/** Items after a position, in order. */
export interface Found<Item, Position> {
  readonly items: readonly Item[];
  /** Position after the items. */
  readonly position: Position;
}
export interface Read<Item, Position> extends Found<Item, Position> {
  /** True if there are no more items at this time. */
  readonly isComplete: boolean;
}
/** All items between two positions. */
export interface Memory<Item, Position> extends Found<Item, Position> {
  readonly begin: Position;
}

/** How a source is read, and how its positions work. */
export interface Source<Item, Position> {
  /** Interval of reads without a notification, in milliseconds. */
  readonly pollMs: number;
  /** Min interval between reads, in milliseconds, so that each read covers many items while there are many writes. */
  readonly gatherMs: number;
  /** Max weight of the items in memory. */
  readonly maxWeight: number;
  /** True if a notification of this topic is about this source. */
  concerns(topic: string): boolean;
  /** Reads on from a position. @throws CURSOR_EXPIRED if the next items were removed. */
  read(from: Position): Promise<Read<Item, Position>>;
  /** Returns up to `count` items after a position, or undefined if memory does not reach back that far. */
  after(memory: Memory<Item, Position>, at: Position, count: number): Found<Item, Position> | undefined;
  /** Returns the position after an item. */
  pass(at: Position, item: Item): Position;
  /** Equal positions have equal keys. */
  keyOf(at: Position): string;
  /** True if `next` directly follows `last`. */
  continues(last: Item, next: Item): boolean;
  weightOf(item: Item): number;
}

/** Number of items per read. */
export const batch = 200;
/** Max items in memory, from which followers near the end are served. */
const kept = 1_000;

/** Shares the reads of one source among its followers. */
export class Tail<Item, Position> {
  readonly source: Source<Item, Position>;
  #items: Item[] = [];
  #weight = 0;
  /** Memory contains all items between these two positions. */
  #begin: Position | undefined;
  #end: Position | undefined;
  #reading: Promise<void> | undefined;
  #again = false;
  #epoch = 0;
  readonly #waiting = new Set<() => void>();
  /** Followers at the same position share a read. */
  readonly #readingBack = new Map<string, Promise<Read<Item, Position>>>();

  constructor(source: Source<Item, Position>) {
    this.source = source;
  }

  /** Returns the items after a position in memory, or undefined if memory does not reach back that far. */
  after(at: Position, count = batch): Found<Item, Position> | undefined {
    if (this.#begin === undefined) return undefined;
    return this.source.after({ items: this.#items, begin: this.#begin, position: this.#end! }, at, count);
  }

  /** Reads on, if there is a memory to continue. */
  look(): void {
    if (this.#reading) {
      this.#again = true;
      return;
    }
    if (this.#end === undefined) return;
    this.#reading = withoutDeadline(async () => {
      do {
        this.#again = false;
        if (this.#end === undefined) return;
        const epoch = this.#epoch;
        const { items, position, isComplete } = await this.source.read(this.#end);
        if (epoch !== this.#epoch) continue;
        const last = this.#items.at(-1);
        if (last && items[0] && !this.source.continues(last, items[0])) return this.forget();
        this.#end = position;
        this.#again ||= !isComplete;
        if (items.length === 0) continue;
        this.#keep(items);
        this.wake();
        if (isComplete && this.source.gatherMs > 0) await sleep(this.source.gatherMs);
      } while (this.#again);
    })
      .catch((error: unknown) => {
        // Each follower gets this error with its own read. After any other error, the next look continues.
        if (error instanceof GatehouseError && error.code === 'CURSOR_EXPIRED') this.forget();
      })
      .finally(() => {
        this.#reading = undefined;
      });
  }

  #keep(items: readonly Item[]): void {
    if (items.length === 0) return;
    const { weightOf, maxWeight } = this.source;
    for (const item of items) {
      this.#items.push(item);
      this.#weight += weightOf(item);
    }
    let dropped = 0;
    // The last item always stays.
    while (this.#items.length - dropped > kept || this.#weight - weightOf(this.#items[dropped]!) >= maxWeight) {
      const item = this.#items[dropped]!;
      this.#weight -= weightOf(item);
      this.#begin = this.source.pass(this.#begin!, item);
      dropped += 1;
    }
    if (dropped > 0) this.#items = this.#items.slice(dropped);
  }

  /** Reads the items after a position that memory does not reach. Near the end, memory begins at this position. */
  async readBack(at: Position): Promise<Found<Item, Position>> {
    const key = this.source.keyOf(at);
    const epoch = this.#epoch;
    const read = await remember(this.#readingBack, key, () =>
      withoutDeadline(() => this.source.read(at)).finally(() => this.#readingBack.delete(key)),
    );
    if (read.isComplete && epoch === this.#epoch && this.#begin === undefined) {
      this.#begin = at;
      this.#end = read.position;
      this.#keep(read.items);
      // A notification during the read found no memory to continue.
      this.look();
    }
    return read;
  }

  /**
   * Yields the items after a position as they are written, until a signal aborts. While no item arrives, it yields an
   * empty list after `idleMs`, so that the follower can check its rights. It does not read ahead of a slow follower.
   */
  async *follow(
    from: Position,
    signals: readonly AbortSignal[],
    idleMs: number,
  ): AsyncGenerator<readonly Item[], void> {
    let at = from;
    while (!signals.some(({ aborted }) => aborted)) {
      let found = this.after(at) ?? (await this.readBack(at));
      // Memory may have received items during the read.
      if (found.items.length === 0) found = this.after(found.position) ?? found;
      if (found.items.length === 0) {
        const { promise: changed, resolve } = Promise.withResolvers<void>();
        const off = this.onChange(resolve);
        await pause(changed, signals, idleMs).finally(off);
      }
      at = found.position;
      yield found.items;
    }
  }

  /** Clears the memory. Each follower then reads the database and checks whether its position is still valid. */
  forget(): void {
    this.#epoch += 1;
    this.#items = [];
    this.#weight = 0;
    this.#begin = undefined;
    this.#end = undefined;
    this.#readingBack.clear();
    this.wake();
  }

  wake(): void {
    for (const listener of [...this.#waiting]) listener();
  }

  /**
   * Calls back for new items.
   * @returns a function to unsubscribe, so that a quiet source does not collect ended followers.
   */
  onChange(listener: () => void): () => void {
    this.#waiting.add(listener);
    return () => this.#waiting.delete(listener);
  }

  get waiting(): number {
    return this.#waiting.size;
  }
}
