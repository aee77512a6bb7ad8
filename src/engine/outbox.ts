import { setTimeout as pause } from 'node:timers/promises';
import { EngineError, isTransient } from './gateway.ts';

/** The kinds of items, which are sent in this order. */
export type Lane = 'execution' | 'taskRun' | 'acknowledge' | 'log' | 'metric';
export interface Item {
  readonly lane: Lane;
  /** An item replaces a waiting one of the same key. */
  readonly key: string;
  readonly value: unknown;
  /** Position among all items of the outbox. */
  readonly order: number;
  readonly bytes: number;
  /** True if it may have been sent before, by this process or one that crashed. */
  sent: boolean;
  readonly settle?: ((result: Result) => void) | undefined;
}
export interface Result {
  readonly outcome: 'APPLIED' | 'IGNORED' | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface OutboxOptions {
  /** Sends items of one request and returns a result for each. */
  readonly send: (items: readonly Item[], onAttempt: (attempt: number) => void) => Promise<readonly Result[]>;
  /** Called once for each item, with its final result. */
  readonly settled: (item: Item, result: Result, isFirst: boolean) => void;
  readonly signal: AbortSignal;
}

const maxItems = 500;
const maxBytes = 800_000;
/** The time that items wait for others. */
const lingerMs = 5;
const retryItemMs = 500;
/** Above this, reporters wait until half of the items are sent. */
export const maxPending = 10_000;
const maxPendingBytes = 32_000_000;

/** The reports for one tenant, in batches: executions before the logs and metrics that refer to them. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #states = new Map<string, Item>();
  readonly #parts: Record<'log' | 'metric', Map<string, Item>> = { log: new Map(), metric: new Map() };
  #order = 0;
  /** Positions of the items that are not answered, in order. */
  readonly #unsettled = new Set<number>();
  #pending = 0;
  #bytes = 0;
  #running: Promise<void> | undefined;
  readonly #waiting: { readonly isDue: () => boolean; readonly go: () => void }[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get pending(): number {
    return this.#pending;
  }

  /** Adds an item. @returns the item that it replaces. */
  add(lane: Lane, key: string, value: unknown, rest: Partial<Pick<Item, 'sent' | 'settle'>> = {}): Item | undefined {
    const own = lane === 'log' || lane === 'metric' ? this.#parts[lane] : this.#states;
    const place = `${lane} ${key}`;
    const former = own.get(place);
    this.#order += 1;
    const bytes = Buffer.byteLength(JSON.stringify(value));
    own.set(place, { lane, key, value, order: former?.order ?? this.#order, bytes, sent: false, ...rest });
    this.#bytes += bytes - (former?.bytes ?? 0);
    if (!former) {
      this.#pending += 1;
      this.#unsettled.add(this.#order);
    }
    if (!this.#running) this.#running = this.#run().catch((error) => this.#stop(error));
    return former;
  }

  /** Resolves when there is room for more items. */
  room(): Promise<void> {
    if (this.#pending <= maxPending && this.#bytes <= maxPendingBytes) return Promise.resolve();
    return this.#when(() => this.#pending <= maxPending / 2 && this.#bytes <= maxPendingBytes / 2);
  }

  /** Resolves when all items that are waiting now are sent and answered. */
  flushed(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve();
    const last = this.#order;
    return this.#when(() => (this.#unsettled.values().next().value ?? Number.POSITIVE_INFINITY) > last);
  }

  #when(isDue: () => boolean): Promise<void> {
    if (this.#options.signal.aborted) return Promise.resolve();
    return new Promise((go) => void this.#waiting.push({ isDue, go }));
  }

  async #run(): Promise<void> {
    while (this.#pending > 0) {
      if (this.#pending < maxItems) await pause(lingerMs, undefined, { signal: this.#options.signal });
      const states = take(this.#states.values(), Number.POSITIVE_INFINITY);
      await this.#deliver(states, this.#states);
      const before = this.#states.values().next().value?.order ?? Number.POSITIVE_INFINITY;
      await Promise.all(Object.values(this.#parts).map((own) => this.#deliver(take(own.values(), before), own)));
    }
    this.#running = undefined;
  }

  async #deliver(items: readonly Item[], own: Map<string, Item>): Promise<void> {
    if (items.length === 0) return;
    for (const { lane, key } of items) own.delete(`${lane} ${key}`);
    let again: Item[] = [];
    try {
      const wasSent = items.map(({ sent }) => sent);
      const results = await this.#options.send(items, (attempt) => {
        for (const [i, item] of items.entries()) {
          if (attempt > 0) wasSent[i] = true;
          item.sent = true;
        }
      });
      for (const [i, item] of items.entries()) {
        const result = results[i] ?? { outcome: null, error: { code: 'INTERNAL', message: 'There is no result.' } };
        if (result.error && isTransient(result.error.code) && result.error.code !== 'FORBIDDEN') again.push(item);
        else this.#settle(item, result, !wasSent[i]);
      }
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (items.length === 1) this.#settle(items[0]!, { outcome: null, error }, false);
      else {
        // One item can be the cause: the halves are sent separately, down to it.
        const half = Math.ceil(items.length / 2);
        await this.#deliver(items.slice(0, half), own);
        await this.#deliver(items.slice(half), own);
      }
      again = [];
    }
    if (again.length > 0) {
      await pause(retryItemMs, undefined, { signal: this.#options.signal });
      await this.#deliver(again, own);
    }
  }

  #settle(item: Item, result: Result, isFirst: boolean): void {
    this.#pending -= 1;
    this.#unsettled.delete(item.order);
    this.#bytes -= item.bytes;
    this.#options.settled(item, result, isFirst);
    item.settle?.(result);
    this.#wake();
  }

  #wake(): void {
    for (const one of this.#waiting.filter(({ isDue }) => isDue())) {
      this.#waiting.splice(this.#waiting.indexOf(one), 1);
      one.go();
    }
  }

  /** The signal has ended the outbox. What is not sent stays in the journal. */
  #stop(error: unknown): void {
    if (!this.#options.signal.aborted) throw error;
    for (const { go } of this.#waiting.splice(0)) go();
  }
}

/** The first items that fit into one request. */
function take(items: Iterable<Item>, before: number): Item[] {
  const taken: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    if (item.order >= before || taken.length === maxItems || (taken.length > 0 && bytes + item.bytes > maxBytes)) break;
    taken.push(item);
    bytes += item.bytes;
  }
  return taken;
}
