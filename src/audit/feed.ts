import { setMaxListeners } from 'node:events';
import { withoutDeadline } from '../db/deadline.ts';
import type { AuditEvent } from '../db/generated/client.ts';
import { History } from '../db/history.ts';
import type { Store } from '../db/transaction.ts';
import { pause } from '../lib/pause.ts';
import { remember } from '../lib/remember.ts';
import { newestPlace, readAcross } from './across.ts';
import { behindAcross, behindEvent, markOf, type Position } from './cursor.ts';
import { assertHeld } from './oldest.ts';
import { auditTopic } from './record.ts';
import { batch, Tail } from './tail.ts';

const pollMs = 500;
/** Interval at which a stream across all chains checks whether its next events were pruned. */
const checkMs = 10_000;
/** True if this event directly follows the position, by its hash, or if no event follows. */
const follows = (key: Buffer, { mark }: Position, next: AuditEvent | undefined): boolean =>
  next === undefined || mark === undefined || markOf(key, next.prevHash) === mark;

/** Live feed of the audit log: in commit order, without gaps, from any position. */
export class AuditFeed {
  readonly #store: Store;
  readonly #cursorKey: Buffer;
  readonly #confirm: () => Promise<void>;
  readonly #tails = new Map<string, Tail>();
  /** Followers at the same position share a read. */
  readonly #reading = new Map<string, Promise<AuditEvent[]>>();
  readonly #all = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  readonly #off: () => void;
  readonly #closing = new AbortController();
  readonly #history: History;

  /** @param cursorKey signs cursors. @param confirm refreshes the current rights. */
  constructor(store: Store, cursorKey: Buffer, confirm: () => Promise<void>, history = new History()) {
    this.#store = store;
    this.#cursorKey = cursorKey;
    this.#confirm = confirm;
    this.#history = history;
    const offHistory = history.on((what) => {
      if (what !== 'restored') return;
      this.#reading.clear();
      for (const tail of this.#tails.values()) tail.forget();
      for (const wake of this.#all) wake();
    });
    setMaxListeners(0, this.#closing.signal);
    const offWake = store.wake.on((topic) => {
      for (const [tenantId, tail] of this.#tails) if (topic === '*' || topic === auditTopic(tenantId)) tail.look();
      if (topic === '*' || topic.startsWith('audit:')) for (const wake of this.#all) wake();
    });
    this.#off = () => {
      offHistory();
      offWake();
    };
    // The poll covers a lost notification.
    this.#timer = setInterval(() => {
      for (const tail of this.#tails.values()) tail.look();
    }, pollMs);
    this.#timer.unref();
  }

  /** Ends every stream, for a shutdown. */
  close(): void {
    clearInterval(this.#timer);
    this.#off();
    this.#closing.abort();
  }

  get isFollowed(): boolean {
    return this.#tails.size > 0 || this.#all.size > 0;
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Returns the newest position of a chain ('' for the instance), or across all chains (undefined). */
  async head(tenantId: string | undefined): Promise<Position> {
    if (tenantId !== undefined) {
      const head = await this.#store.prisma.auditHead.findFirst({ where: { tenantId } });
      return behindEvent(this.#cursorKey, head ?? { tenantId, seq: 0n, hash: '' });
    }
    return { feed: 'all', ...(await newestPlace(this.#store.prisma)) };
  }

  /**
   * Yields the events after a position as they are committed. While no event arrives, it yields an empty list about
   * once a second, so that the follower can check its rights. It does not read ahead of a slow follower.
   */
  follow(position: Position, signal: AbortSignal): AsyncGenerator<AuditEvent[]> {
    return position.feed === 'tenant' ? this.#followTenant(position, signal) : this.#followAll(position, signal);
  }

  async *#followTenant(position: Position & { feed: 'tenant' }, signal: AbortSignal): AsyncGenerator<AuditEvent[]> {
    const { tenantId } = position;
    const tail = this.join(tenantId);
    try {
      let at = position;
      while (!signal.aborted && !this.#closing.signal.aborted) {
        const events = tail.after(at.seq) ?? (await this.readBack(at));
        if (!follows(this.#cursorKey, at, events[0])) {
          await this.assertHeld(at);
          tail.forget();
          continue;
        }
        if (events.length > 0) at = behindEvent(this.#cursorKey, events.at(-1)!);
        else {
          const { promise: changed, resolve } = Promise.withResolvers<void>();
          const off = tail.onChange(resolve);
          await this.#pause(changed, signal).finally(off);
        }
        yield events;
      }
    } finally {
      this.leave(tenantId, tail);
    }
  }

  /** Returns the tail that the followers of a chain share. Call `leave` at the end. */
  join(tenantId: string): Tail {
    const tail = remember(this.#tails, tenantId, () => new Tail((after) => this.#readChain(tenantId, after)));
    tail.followers += 1;
    return tail;
  }

  leave(tenantId: string, tail: Tail): void {
    tail.followers -= 1;
    if (tail.followers === 0 && this.#tails.get(tenantId) === tail) this.#tails.delete(tenantId);
  }

  /**
   * Reads the events after `seq` from the database, if the tail no longer has them. Near the end of the chain, the tail
   * starts here.
   */
  async readBack(at: Position & { feed: 'tenant' }): Promise<AuditEvent[]> {
    const { tenantId, seq } = at;
    const key = `${tenantId} ${seq}`;
    const reading = remember(this.#reading, key, () =>
      withoutDeadline(() => this.#readChain(tenantId, seq)).finally(() => this.#reading.delete(key)),
    );
    const events = await reading;
    if (events.length === 0) await this.assertHeld(at);
    if (events.length < batch) this.#tails.get(tenantId)?.look(seq);
    return events;
  }

  async #readChain(tenantId: string, after: bigint): Promise<AuditEvent[]> {
    const events = await this.#store.prisma.auditEvent.findMany({
      where: { tenantId, seq: { gt: after } },
      orderBy: { seq: 'asc' },
      take: batch,
    });
    if (events.length > 0 && events[0]!.seq !== after + 1n)
      await this.assertHeld({ feed: 'tenant', tenantId, seq: after });
    return this.#judgeable(events);
  }

  /** @throws CURSOR_EXPIRED if events after the position were removed. */
  assertHeld(position: Position): Promise<void> {
    return assertHeld(this.#store.prisma, this.#cursorKey, position);
  }

  /**
   * Holds events back until rights are current, so that no event is delivered with a right that was revoked before or
   * with it.
   */
  async #judgeable(events: AuditEvent[]): Promise<AuditEvent[]> {
    if (events.length > 0) await this.#confirm();
    return events;
  }

  async *#followAll(position: Position & { feed: 'all' }, signal: AbortSignal): AsyncGenerator<AuditEvent[]> {
    let at = position;
    let checkedAt = Date.now();
    let { epoch } = this.#history;
    let wake: () => void = () => undefined;
    const listener = () => wake();
    this.#all.add(listener);
    try {
      while (!signal.aborted && !this.#closing.signal.aborted) {
        const { promise: changed, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        const events = await this.#judgeable(await readAcross(this.#store.prisma, at, batch));
        // Retention can prune events before a slow follower reads them.
        if (events.length === batch || Date.now() - checkedAt > checkMs || epoch !== this.#history.epoch) {
          // Without a delivered event, the position may belong to a former history.
          const isLost = epoch !== this.#history.epoch && at.mark === undefined;
          await this.assertHeld(isLost ? { ...at, mark: '' } : at);
          ({ epoch } = this.#history);
          checkedAt = Date.now();
        }
        const last = events.at(-1);
        if (last) at = behindAcross(this.#cursorKey, last);
        else await this.#pause(changed, signal, 250);
        yield events;
      }
    } finally {
      this.#all.delete(listener);
    }
  }

  #pause(changed: Promise<void>, signal: AbortSignal, milliseconds = 1_000): Promise<void> {
    return pause(changed, [signal, this.#closing.signal], milliseconds);
  }
}
