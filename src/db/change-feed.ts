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
/** Changes that a tail keeps, so that followers who keep up read them from memory. */
const kept = 1_000;
/** How long a removal is told of: who stays away longer reads the list anew. */
const removalsKeptMs = 24 * 60 * 60_000;

const later = (a: Mark, b: Mark): Mark => (isBehind(a, b) ? b : a);
const furthest = (a: ChangePosition, b: ChangePosition): ChangePosition => ({
  row: later(a.row, b.row),
  removal: later(a.removal, b.removal),
});

/** A place to follow from, good for as long as the server keeps running and the store keeps its history. */
export interface ChangePlace extends ChangePosition {
  readonly era: AbortSignal;
}

/** Shares the reading of one source among those who follow it. */
class ChangeTail {
  readonly #read: (from: ChangePosition) => Promise<ReadChanges>;
  #changes: Change[] = [];
  /** What is in memory is all between these two. */
  #begin: ChangePosition | undefined;
  #end: ChangePosition | undefined;
  #reading: Promise<void> | undefined;
  #again = false;
  readonly #waiting = new Set<() => void>();
  followers = 0;

  constructor(read: (from: ChangePosition) => Promise<ReadChanges>) {
    this.#read = read;
  }

  /** What is behind a position; undefined where memory does not reach back so far. */
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

  /** Reads on; the first time, from this position. */
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

  /** Calls back when there is more. @returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#waiting.add(listener);
    return () => this.#waiting.delete(listener);
  }
}

/**
 * The live reading of rows that are no audit events: executions, logs, triggers, workers. Every change that commits is
 * told, in the order of transactions; changes of one row in quick succession may be told as one, as it is then.
 */
export class ChangeFeed {
  readonly #store: Store;
  readonly #tails = new Map<string, { readonly source: ChangeSource; readonly tail: ChangeTail }>();
  readonly #timer: NodeJS.Timeout;
  readonly #off: () => void;
  readonly #closing = new AbortController();
  /** Aborted where the store is restored or its server restarted: numbers of transactions mean nothing across that. */
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
    // The poll covers a wake-up that was lost, and what became readable because an older transaction ended.
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

  /** The present position: whatever is committed from now on is behind it. */
  async now(): Promise<ChangePlace> {
    const { signal: era } = this.#era;
    const [row] = await this.#store.prisma.$queryRaw<{ horizon: bigint }[]>`
      SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon`;
    const mark = before(row!.horizon);
    return { row: mark, removal: mark, era };
  }

  /**
   * The changes behind a place, as they come. Throws CURSOR_EXPIRED where the server or the store is another by now. Yields an empty list about once a second while nothing comes, so that
   * the follower can look whether it may still follow. Nothing is read ahead of a follower that does not take.
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
          // Nothing behind it in the database either: the tail begins here.
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

  /** Forgets removals that are told no more. */
  async prune(now = Date.now()): Promise<void> {
    const oldest = new Date(now - removalsKeptMs);
    for (;;) {
      const count = await this.#store.prisma.$executeRaw`
        DELETE FROM "Removal" WHERE id IN (SELECT id FROM "Removal" WHERE at < ${oldest} LIMIT 5000)`;
      if (count < 5_000) return;
    }
  }
}
