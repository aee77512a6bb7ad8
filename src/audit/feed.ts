import { withoutDeadline } from '../db/deadline.ts';
import type { AuditEvent } from '../db/generated/client.ts';
import { History } from '../db/history.ts';
import { batch, type Memory, type Source, type Tail } from '../db/tail.ts';
import { Tails } from '../db/tails.ts';
import type { Store } from '../db/transaction.ts';
import { remember } from '../lib/remember.ts';
import { newestPlace, readAcross } from './across.ts';
import { type AcrossPosition, behindEvent, type ChainPosition, encodePosition, type Position } from './cursor.ts';
import { assertHeld } from './oldest.ts';
import { auditTopic } from './record.ts';

/** Max characters of the events of one source in memory. */
const keptCharacters = 10_000_000;
const gatherMs = 30;
const chainPollMs = 500;
/** Events across all chains also become readable without a notification, when an older transaction ends. */
const acrossPollMs = 250;
/** Interval at which a stream across all chains checks whether its next events were pruned. */
export const checkMs = 10_000;

export type AuditTail = Tail<AuditEvent, Position>;
type AuditMemory = Memory<AuditEvent, Position>;

/** Live feed of the audit log: in commit order, without gaps, from any position. */
export class AuditFeed {
  readonly #store: Store;
  readonly #cursorKey: Buffer;
  readonly #confirm: () => Promise<void>;
  readonly #tails: Tails<AuditEvent, Position>;
  readonly #offHistory: () => void;
  readonly #history: History;
  #checkedAt = 0;
  /** Followers at the same position share a check. */
  readonly #checking = new Map<string, Promise<void>>();

  /** @param cursorKey signs cursors. @param confirm refreshes the current rights. */
  constructor(store: Store, cursorKey: Buffer, confirm: () => Promise<void>, history = new History()) {
    this.#store = store;
    this.#cursorKey = cursorKey;
    this.#confirm = confirm;
    this.#history = history;
    this.#tails = new Tails(store.wake);
    this.#offHistory = history.on((what) => {
      if (what === 'restored') this.#tails.forget();
    });
  }

  /** Ends every stream, for a shutdown. */
  close(): void {
    this.#offHistory();
    this.#tails.close();
  }

  get isFollowed(): boolean {
    return this.#tails.isFollowed;
  }

  get followers(): number {
    return this.#tails.followers;
  }

  get closing(): AbortSignal {
    return this.#tails.closing;
  }

  /** Number of observed restores of the store. */
  get epoch(): number {
    return this.#history.epoch;
  }

  /** Returns the newest position of a chain ('' for the instance), or across all chains (undefined). */
  async head(tenantId: string | undefined): Promise<Position> {
    if (tenantId !== undefined) {
      const head = await this.#store.prisma.auditHead.findFirst({ where: { tenantId } });
      return behindEvent(this.#cursorKey, head ?? { tenantId, seq: 0n, hash: '' });
    }
    return { feed: 'all', ...(await newestPlace(this.#store.prisma)) };
  }

  /** Returns the tail that the followers of a chain, or of all chains (undefined), share. Call `leave` at the end. */
  join(tenantId: string | undefined): AuditTail {
    return this.#tails.join(nameOf(tenantId), () => (tenantId === undefined ? this.#across() : this.#chain(tenantId)));
  }

  leave(tenantId: string | undefined): void {
    this.#tails.leave(nameOf(tenantId));
  }

  /** Reads the events after a position that the tail does not reach. @throws CURSOR_EXPIRED */
  async readBack(tail: AuditTail, at: Position): Promise<readonly AuditEvent[]> {
    const { items } = await tail.readBack(at);
    if (items.length === 0 && at.feed === 'tenant') await this.assertHeld(at);
    return items;
  }

  /** @throws CURSOR_EXPIRED if events after the position were removed. */
  assertHeld(position: Position): Promise<void> {
    const key = `${this.epoch} ${encodePosition(this.#cursorKey, position)}`;
    return remember(this.#checking, key, () =>
      withoutDeadline(() => assertHeld(this.#store.prisma, this.#cursorKey, position)).finally(() =>
        this.#checking.delete(key),
      ),
    );
  }

  #chain(tenantId: string): Source<AuditEvent, Position> {
    const topic = auditTopic(tenantId);
    return {
      ...common,
      pollMs: chainPollMs,
      concerns: (of) => of === topic,
      read: async (from) => {
        const { seq } = from as ChainPosition;
        const events = await this.#store.prisma.auditEvent.findMany({
          where: { tenantId, seq: { gt: seq } },
          orderBy: { seq: 'asc' },
          take: batch,
        });
        if (events.length > 0 && events[0]!.seq !== seq + 1n) await this.assertHeld({ feed: 'tenant', tenantId, seq });
        return this.#judgeable(from, events, behindInChain);
      },
      after: afterInChain,
      pass: (_at, event) => behindInChain(event),
      keyOf: (at) => String((at as ChainPosition).seq),
      continues: (last, next) => next.prevHash === last.hash,
    };
  }

  #across(): Source<AuditEvent, Position> {
    return {
      ...common,
      pollMs: acrossPollMs,
      concerns: (topic) => topic.startsWith(auditTopic('')),
      read: async (from) => {
        const events = await readAcross(this.#store.prisma, from as AcrossPosition, batch);
        // The numbers have gaps, so only this finds events that were pruned before they were read.
        const now = Date.now();
        if (events.length === batch || (events.length > 0 && now - this.#checkedAt > checkMs)) {
          await this.assertHeld(from);
          this.#checkedAt = now;
        }
        return this.#judgeable(from, events, behindAll);
      },
      after: afterAcross,
      pass: (_at, event) => behindAll(event),
      keyOf: (at) => `${(at as AcrossPosition).transaction} ${(at as AcrossPosition).ordinal}`,
      continues: () => true,
    };
  }

  /**
   * Holds events back until rights are current, so that no event is delivered with a right that was revoked before or
   * with it.
   */
  async #judgeable(from: Position, events: readonly AuditEvent[], behind: (event: AuditEvent) => Position) {
    if (events.length > 0) await this.#confirm();
    const last = events.at(-1);
    return { items: events, position: last ? behind(last) : from, isComplete: events.length < batch };
  }
}

const nameOf = (tenantId: string | undefined): string => (tenantId === undefined ? 'all' : `chain ${tenantId}`);

const common = {
  gatherMs,
  maxWeight: keptCharacters,
  weightOf: ({ patchText }: AuditEvent) => patchText.length,
} as const;

const behindInChain = ({ tenantId, seq }: AuditEvent): Position => ({ feed: 'tenant', tenantId, seq });
const behindAll = ({ transaction, ordinal }: AuditEvent): Position => ({ feed: 'all', transaction, ordinal });

/** By index, because the numbers of a chain have no gaps. */
function afterInChain({ items, begin }: AuditMemory, at: Position, count: number) {
  const start = Number((at as ChainPosition).seq - (begin as ChainPosition).seq);
  if (start < 0) return undefined;
  return slice(items, start, count, at, behindInChain);
}

function afterAcross({ items, begin }: AuditMemory, at: Position, count: number) {
  const place = at as AcrossPosition;
  if (isBefore(place, begin as AcrossPosition)) return undefined;
  let start = 0;
  for (let end = items.length; start < end; ) {
    const middle = (start + end) >> 1;
    if (isBefore(place, items[middle]!)) end = middle;
    else start = middle + 1;
  }
  return slice(items, start, count, at, behindAll);
}

type Ordered = Pick<AcrossPosition, 'transaction' | 'ordinal'>;
const isBefore = (a: Ordered, b: Ordered): boolean =>
  a.transaction < b.transaction || (a.transaction === b.transaction && a.ordinal < b.ordinal);

function slice(
  events: readonly AuditEvent[],
  start: number,
  count: number,
  at: Position,
  behind: (event: AuditEvent) => Position,
) {
  const items = events.slice(start, start + count);
  const last = items.at(-1);
  return { items, position: last ? behind(last) : at };
}
