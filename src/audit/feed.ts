import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { withoutDeadline } from '../db/deadline.ts';
import type { AuditEvent } from '../db/generated/client.ts';
import type { Store } from '../db/transaction.ts';
import { GatehouseError } from '../errors.ts';
import { pause } from '../lib/pause.ts';
import { remember } from '../lib/remember.ts';
import { newestPlace, readAcross } from './across.ts';
import type { Position } from './cursor.ts';
import { assertHeld } from './oldest.ts';
import { auditTopic } from './record.ts';

const pollMs = 500;
const batch = 200;
/** Between two reads of one chain. */
const gatherMs = 30;
/** How often a stream across all chains looks whether it was overtaken. */
const checkMs = 10_000;
/** What a tail keeps, so that subscribers who keep up read it from memory: so many events, of so many characters. */
const kept = 1_000;
const keptCharacters = 10_000_000;

/** The newest of them, as many as are kept; always the last one. */
function newest(events: AuditEvent[]): AuditEvent[] {
  let characters = 0;
  let from = events.length;
  while (from > 0 && events.length - from < kept && characters < keptCharacters) {
    from -= 1;
    characters += events[from]!.patchText.length;
  }
  return from === 0 ? events : events.slice(from);
}

/** Shares the reading of one chain among those who follow it. */
export class Tail {
  readonly #read: (after: bigint) => Promise<AuditEvent[]>;
  #events: AuditEvent[] = [];
  /** Where reading began: there was nothing behind it then. */
  #from: bigint | undefined;
  #reading: Promise<void> | undefined;
  #again = false;
  readonly #waiting = new Set<() => void>();
  followers = 0;

  constructor(read: (after: bigint) => Promise<AuditEvent[]>) {
    this.#read = read;
  }

  /** The events behind `seq` that are in memory; undefined where memory does not reach back so far. */
  after(seq: bigint, count = batch): AuditEvent[] | undefined {
    const first = this.#events[0];
    if (!first) return seq === this.#from ? [] : undefined;
    if (seq + 1n < first.seq) return undefined;
    const start = Number(seq - first.seq) + 1;
    return this.#events.slice(start, start + count);
  }

  /** Reads on from the newest known event; the first time, from `seq`. */
  look(seq?: bigint): void {
    this.#from ??= seq;
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = withoutDeadline(async () => {
      do {
        this.#again = false;
        const from = this.#events.at(-1)?.seq ?? this.#from;
        if (from === undefined) return;
        const events = await this.#read(from);
        if (events.length === 0) continue;
        this.#events.push(...events);
        this.#events = newest(this.#events);
        this.#again ||= events.length === batch;
        this.wake();
        // While many write, a few reads a second tell of all of them.
        if (events.length < batch) await sleep(gatherMs);
      } while (this.#again);
    })
      .catch((error: unknown) => {
        if (!(error instanceof GatehouseError)) return;
        // What came next is gone: each who follows is told so when they read for themselves.
        this.#events = [];
        this.#from = undefined;
        this.wake();
      })
      .finally(() => {
        this.#reading = undefined;
      });
  }

  wake(): void {
    for (const listener of [...this.#waiting]) listener();
  }

  /** Calls back when there is more. @returns how to stop: a quiet chain must not gather those who gave up waiting. */
  onChange(listener: () => void): () => void {
    this.#waiting.add(listener);
    return () => this.#waiting.delete(listener);
  }

  get waiting(): number {
    return this.#waiting.size;
  }
}

/** The live reading of the audit log: in the order of commit, without a gap, from any position. */
export class AuditFeed {
  readonly #store: Store;
  readonly #cursorKey: Buffer;
  readonly #confirm: () => Promise<void>;
  readonly #tails = new Map<string, Tail>();
  /** Reads of those who follow from the same place are one. */
  readonly #reading = new Map<string, Promise<AuditEvent[]>>();
  readonly #all = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  readonly #off: () => void;
  readonly #closing = new AbortController();

  /**
   * @param cursorKey signs cursors.
   * @param confirm learns what rights there are now.
   */
  constructor(store: Store, cursorKey: Buffer, confirm: () => Promise<void>) {
    this.#store = store;
    this.#cursorKey = cursorKey;
    this.#confirm = confirm;
    setMaxListeners(0, this.#closing.signal);
    this.#off = store.wake.on((topic) => {
      for (const [tenantId, tail] of this.#tails) if (topic === '*' || topic === auditTopic(tenantId)) tail.look();
      if (topic === '*' || topic.startsWith('audit:')) for (const wake of this.#all) wake();
    });
    // The poll covers a wake-up that was lost.
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

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** The newest position of a chain ('' is the instance's), or across all chains (undefined). */
  async head(tenantId: string | undefined): Promise<Position> {
    if (tenantId !== undefined) {
      const head = await this.#store.prisma.auditHead.findFirst({ where: { tenantId } });
      return { feed: 'tenant', tenantId, seq: head?.seq ?? 0n };
    }
    return { feed: 'all', ...(await newestPlace(this.#store.prisma)) };
  }

  /**
   * The events behind a position, as they come. Yields an empty list about once a second while nothing comes, so that
   * the follower can look whether it may still follow. Nothing is read ahead of a follower that does not take.
   */
  follow(position: Position, signal: AbortSignal): AsyncGenerator<AuditEvent[]> {
    return position.feed === 'tenant' ? this.#followTenant(position, signal) : this.#followAll(position, signal);
  }

  async *#followTenant(
    { tenantId, seq }: Position & { feed: 'tenant' },
    signal: AbortSignal,
  ): AsyncGenerator<AuditEvent[]> {
    const tail = this.join(tenantId);
    try {
      let at = seq;
      while (!signal.aborted && !this.#closing.signal.aborted) {
        let events = tail.after(at);
        if (events === undefined) {
          events = await this.readBack(tenantId, at);
        }
        if (events.length > 0) at = events.at(-1)!.seq;
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

  /** What those share who follow a chain: to be left again. */
  join(tenantId: string): Tail {
    const tail = remember(this.#tails, tenantId, () => new Tail((after) => this.#readChain(tenantId, after)));
    tail.followers += 1;
    return tail;
  }

  leave(tenantId: string, tail: Tail): void {
    tail.followers -= 1;
    if (tail.followers === 0 && this.#tails.get(tenantId) === tail) this.#tails.delete(tenantId);
  }

  /** The events behind `seq` from the database, for whom the tail does not reach back; near its end, the tail begins there. */
  async readBack(tenantId: string, seq: bigint): Promise<AuditEvent[]> {
    const key = `${tenantId} ${seq}`;
    const reading = remember(this.#reading, key, () =>
      withoutDeadline(() => this.#readChain(tenantId, seq)).finally(() => this.#reading.delete(key)),
    );
    const events = await reading;
    if (events.length === 0) await this.assertHeld({ feed: 'tenant', tenantId, seq });
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

  /** @throws CURSOR_EXPIRED where what is behind the position is gone. */
  assertHeld(position: Position): Promise<void> {
    return assertHeld(this.#store.prisma, this.#cursorKey, position);
  }

  /** Nobody is told an event by a right that was withdrawn with it, or before it. */
  async #judgeable(events: AuditEvent[]): Promise<AuditEvent[]> {
    if (events.length > 0) await this.#confirm();
    return events;
  }

  async *#followAll(
    { transaction, ordinal }: Position & { feed: 'all' },
    signal: AbortSignal,
  ): AsyncGenerator<AuditEvent[]> {
    let at = { transaction, ordinal };
    let checkedAt = Date.now();
    let wake: () => void = () => undefined;
    const listener = () => wake();
    this.#all.add(listener);
    try {
      while (!signal.aborted && !this.#closing.signal.aborted) {
        const { promise: changed, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        const events = await this.#judgeable(await readAcross(this.#store.prisma, at, batch));
        // Who is behind may be overtaken by what removes old events.
        if (events.length === batch || Date.now() - checkedAt > checkMs) {
          await this.assertHeld({ feed: 'all', ...at });
          checkedAt = Date.now();
        }
        const last = events.at(-1);
        if (last) at = { transaction: last.transaction, ordinal: last.ordinal };
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
