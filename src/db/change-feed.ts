import { setMaxListeners } from 'node:events';
import { pause } from '../lib/pause.ts';
import { remember } from '../lib/remember.ts';
import {
  before,
  type Change,
  type ChangePosition,
  type ChangeSource,
  isBehind,
  type Mark,
  type ReadChanges,
  readBatch,
  readChanges,
} from './change-source.ts';
import { withoutDeadline } from './deadline.ts';
import { History, historyBroke } from './history.ts';
import type { Store } from './transaction.ts';

const pollMs = 500;
const idleMs = 1_000;
/** Max changes in memory, from which followers near the end are served. */
const kept = 1_000;
/** Time for which removals are reported. A follower with a longer gap lists again. */
const removalsKeptMs = 24 * 60 * 60_000;

const later = (a: Mark, b: Mark): Mark => (isBehind(a, b) ? b : a);
const furthest = (a: ChangePosition, b: ChangePosition): ChangePosition => ({
  row: later(a.row, b.row),
  removal: later(a.removal, b.removal),
});

/** A position to follow from. It is valid as long as the server runs and the store keeps its history. */
export interface ChangePlace extends ChangePosition {
  readonly era: AbortSignal;
}

/** Shares the reads of one source among its followers. */
class ChangeTail {
  readonly #read: (from: ChangePosition) => Promise<ReadChanges>;
  #changes: Change[] = [];
  /** Memory contains all changes between these two positions. */
  #begin: ChangePosition | undefined;
  #end: ChangePosition | undefined;
  #reading: Promise<void> | undefined;
  #again = false;
  readonly #waiting = new Set<() => void>();
  followers = 0;

  constructor(read: (from: ChangePosition) => Promise<ReadChanges>) {
    this.#read = read;
  }

  /** Returns the changes after a position, or undefined if memory does not reach back that far. */
  after(at: ChangePosition): Pick<ReadChanges, 'changes' | 'position'> | undefined {
    const begin = this.#begin;
    if (!begin || !this.#end || isBehind(at.row, begin.row) || isBehind(at.removal, begin.removal)) return undefined;
    const more = this.#changes.filter(({ kind, mark }) => isBehind(at[kind], mark));
    if (more.length <= readBatch) return { changes: more, position: furthest(at, this.#end) };
    const changes = more.slice(0, readBatch);
    let position = at;
    for (const { kind, mark } of changes) position = { ...position, [kind]: mark };
    return { changes, position };
  }

  /** Reads on. The first call starts at this position. */
  look(from?: ChangePosition): void {
    this.#begin ??= from;
    this.#end ??= from;
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = withoutDeadline(async () => {
      do {
        this.#again = false;
        if (this.#end === undefined) return;
        const { changes, position, isComplete } = await this.#read(this.#end);
        this.#end = position;
        this.#again ||= !isComplete;
        if (changes.length === 0) continue;
        this.#changes.push(...changes);
        for (const { kind, mark } of this.#changes.splice(0, this.#changes.length - kept))
          this.#begin = { ...this.#begin!, [kind]: mark };
        for (const wake of [...this.#waiting]) wake();
      } while (this.#again);
    })
      .catch(() => undefined)
      .finally(() => {
        this.#reading = undefined;
      });
  }

  /** Calls back for new changes. @returns a function to unsubscribe. */
  onChange(listener: () => void): () => void {
    this.#waiting.add(listener);
    return () => this.#waiting.delete(listener);
  }
}

/**
 * Live feed of rows other than audit events: executions, logs, triggers, workers. Every committed change is delivered,
 * in transaction order. Several changes of a row in quick succession may be delivered as one, with the latest state.
 */
export class ChangeFeed {
  readonly #store: Store;
  readonly #tails = new Map<string, { readonly source: ChangeSource; readonly tail: ChangeTail }>();
  readonly #timer: NodeJS.Timeout;
  readonly #off: () => void;
  readonly #closing = new AbortController();
  /**
   * Aborted if the store is restored or its server restarts, because transaction numbers are not comparable across
   * that.
   */
  #era = new AbortController();

  constructor(store: Store, history = new History()) {
    this.#store = store;
    setMaxListeners(0, this.#closing.signal, this.#era.signal);
    const offHistory = history.on(() => {
      const former = this.#era;
      this.#era = new AbortController();
      setMaxListeners(0, this.#era.signal);
      this.#tails.clear();
      former.abort();
    });
    const offWake = store.wake.on((topic) => {
      for (const { source, tail } of this.#tails.values()) if (topic === '*' || topic === source.topic) tail.look();
    });
    this.#off = () => {
      offHistory();
      offWake();
    };
    // The poll covers a lost notification, and changes that become readable when an older transaction ends.
    this.#timer = setInterval(() => {
      for (const { tail } of this.#tails.values()) tail.look();
    }, pollMs);
    this.#timer.unref();
  }

  get isFollowed(): boolean {
    return this.#tails.size > 0;
  }

  /** Ends every stream, for a shutdown. */
  close(): void {
    clearInterval(this.#timer);
    this.#off();
    this.#closing.abort();
  }

  /** Returns the current position. All later commits are after it. */
  async now(): Promise<ChangePlace> {
    const { signal: era } = this.#era;
    const [row] = await this.#store.prisma.$queryRaw<{ horizon: bigint }[]>`
      SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon`;
    const mark = before(row!.horizon);
    return { row: mark, removal: mark, era };
  }

  /**
   * Yields the changes after a position as they are committed. Throws CURSOR_EXPIRED if the server restarted or the
   * store was restored. While no change arrives, it yields an empty list about once a second, so that the follower can
   * check its rights. It does not read ahead of a slow follower.
   */
  async *follow(
    source: ChangeSource,
    { era, ...from }: ChangePlace,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Change[], void> {
    const name = JSON.stringify([source.model, source.of]);
    const read = (at: ChangePosition) => readChanges(this.#store.prisma, source, at);
    const { tail } = remember(this.#tails, name, () => ({ source, tail: new ChangeTail(read) }));
    tail.followers += 1;
    try {
      let at: ChangePosition = from;
      while (!signal.aborted && !this.#closing.signal.aborted) {
        if (era.aborted) throw historyBroke();
        let found = tail.after(at);
        if (found === undefined) {
          const own = await read(at);
          found = own;
          // The database has no later changes either, so the tail starts here.
          if (own.isComplete) tail.look(own.position);
        } else if (found.changes.length === 0) {
          const { promise: changed, resolve } = Promise.withResolvers<void>();
          const off = tail.onChange(resolve);
          await pause(changed, [signal, era, this.#closing.signal], idleMs).finally(off);
        }
        if (era.aborted) throw historyBroke();
        at = found.position;
        yield found.changes;
      }
    } finally {
      tail.followers -= 1;
      if (tail.followers === 0 && this.#tails.get(name)?.tail === tail) this.#tails.delete(name);
    }
  }

  /** Deletes removals that are no longer reported. */
  async prune(now = Date.now()): Promise<void> {
    const oldest = new Date(now - removalsKeptMs);
    for (;;) {
      const count = await this.#store.prisma.$executeRaw`
        DELETE FROM "Removal" WHERE id IN (SELECT id FROM "Removal" WHERE at < ${oldest} LIMIT 5000)`;
      if (count < 5_000) return;
    }
  }
}
