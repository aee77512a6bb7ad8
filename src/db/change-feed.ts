import { setMaxListeners } from 'node:events';
import {
  before,
  type Change,
  type ChangePosition,
  type ChangeSource,
  isBehind,
  type Mark,
  readChanges,
} from './change-source.ts';
import { History, historyBroke } from './history.ts';
import type { Found, Memory, Source } from './tail.ts';
import { Tails } from './tails.ts';
import type { Store } from './transaction.ts';

const pollMs = 500;
const idleMs = 1_000;
/** Time for which removals are reported. A follower with a longer gap lists again. */
const removalsKeptMs = 24 * 60 * 60_000;

const later = (a: Mark, b: Mark): Mark => (isBehind(a, b) ? b : a);
const pass = (at: ChangePosition, { kind, mark }: Change): ChangePosition => ({ ...at, [kind]: mark });

/** Rows and removals have positions of their own. */
function after(
  { items, begin, position: end }: Memory<Change, ChangePosition>,
  at: ChangePosition,
  count: number,
): Found<Change, ChangePosition> | undefined {
  if (isBehind(at.row, begin.row) || isBehind(at.removal, begin.removal)) return undefined;
  const more = items.filter(({ kind, mark }) => isBehind(at[kind], mark));
  if (more.length <= count)
    return { items: more, position: { row: later(at.row, end.row), removal: later(at.removal, end.removal) } };
  const some = more.slice(0, count);
  return { items: some, position: some.reduce(pass, at) };
}

/** A position to follow from. It is valid as long as the server runs and the store keeps its history. */
export interface ChangePlace extends ChangePosition {
  readonly era: AbortSignal;
}

/**
 * Live feed of rows other than audit events: executions, logs, triggers, workers. Every committed change is delivered,
 * in transaction order. Several changes of a row in quick succession may be delivered as one, with the latest state.
 */
export class ChangeFeed {
  readonly #store: Store;
  readonly #tails: Tails<Change, ChangePosition>;
  readonly #offHistory: () => void;
  /**
   * Aborted if the store is restored or its server restarts, because transaction numbers are not comparable across
   * that.
   */
  #era = new AbortController();

  constructor(store: Store, history = new History()) {
    this.#store = store;
    this.#tails = new Tails(store.wake);
    setMaxListeners(0, this.#era.signal);
    this.#offHistory = history.on(() => {
      const former = this.#era;
      this.#era = new AbortController();
      setMaxListeners(0, this.#era.signal);
      this.#tails.forget();
      former.abort();
    });
  }

  get followers(): number {
    return this.#tails.followers;
  }

  get isFollowed(): boolean {
    return this.#tails.isFollowed;
  }

  /** Ends every stream, for a shutdown. */
  close(): void {
    this.#offHistory();
    this.#tails.close();
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
    { era, row, removal }: ChangePlace,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Change[], void> {
    const name = JSON.stringify([source.model, source.of]);
    const tail = this.#tails.join(name, () => this.#sourceOf(source));
    const { closing } = this.#tails;
    try {
      for await (const changes of tail.follow({ row, removal }, [signal, era, closing], idleMs)) {
        if (era.aborted) break;
        yield changes;
      }
      if (era.aborted && !signal.aborted && !closing.aborted) throw historyBroke();
    } finally {
      this.#tails.leave(name);
    }
  }

  #sourceOf(source: ChangeSource): Source<Change, ChangePosition> {
    return {
      pollMs,
      gatherMs: 0,
      maxWeight: Number.POSITIVE_INFINITY,
      concerns: (topic) => topic === source.topic,
      read: (from) => readChanges(this.#store.prisma, source, from),
      after,
      pass,
      keyOf: ({ row, removal }) => [row.changed, row.id, removal.changed, removal.id].join(' '),
      continues: () => true,
      weightOf: () => 0,
    };
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
