import { setTimeout as sleep } from 'node:timers/promises';
import { withoutDeadline } from '../db/deadline.ts';
import type { AuditEvent } from '../db/generated/client.ts';
import { GatehouseError } from '../errors.ts';

/** Number of events per read. */
export const batch = 200;
/** Milliseconds between two reads of a chain. */
const gatherMs = 30;
/** Max events and characters in memory, from which subscribers near the end are served. */
const kept = 1_000;
const keptCharacters = 10_000_000;

/** Returns the newest events within these limits, and always the last one. */
function newest(events: AuditEvent[]): AuditEvent[] {
  let characters = 0;
  let from = events.length;
  while (from > 0 && events.length - from < kept && characters < keptCharacters) {
    from -= 1;
    characters += events[from]!.patchText.length;
  }
  return from === 0 ? events : events.slice(from);
}

/** Shares the reads of a chain among its followers. */
export class Tail {
  readonly #read: (after: bigint) => Promise<AuditEvent[]>;
  #events: AuditEvent[] = [];
  /** Start of reading, which was the end of the chain then. */
  #from: bigint | undefined;
  #reading: Promise<void> | undefined;
  #again = false;
  #epoch = 0;
  readonly #waiting = new Set<() => void>();
  followers = 0;

  constructor(read: (after: bigint) => Promise<AuditEvent[]>) {
    this.#read = read;
  }

  /** Returns the events after `seq` in memory, or undefined if memory does not reach back that far. */
  after(seq: bigint, count = batch): AuditEvent[] | undefined {
    const first = this.#events[0];
    if (!first) return seq === this.#from ? [] : undefined;
    if (seq + 1n < first.seq) return undefined;
    const start = Number(seq - first.seq) + 1;
    return this.#events.slice(start, start + count);
  }

  /** Reads on after the newest known event. The first call starts at `seq`. */
  look(seq?: bigint): void {
    this.#from ??= seq;
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = withoutDeadline(async () => {
      do {
        this.#again = false;
        const last = this.#events.at(-1);
        const from = last?.seq ?? this.#from;
        if (from === undefined) return;
        const epoch = this.#epoch;
        const events = await this.#read(from);
        if (events.length === 0 || epoch !== this.#epoch) continue;
        if (last && events[0]!.prevHash !== last.hash) return this.forget();
        this.#events.push(...events);
        this.#events = newest(this.#events);
        this.#again ||= events.length === batch;
        this.wake();
        // While there are many writes, each read covers many events.
        if (events.length < batch) await sleep(gatherMs);
      } while (this.#again);
    })
      .catch((error: unknown) => {
        if (!(error instanceof GatehouseError)) return;
        // The next events were removed. Each follower gets the error with its own read.
        this.forget();
      })
      .finally(() => {
        this.#reading = undefined;
      });
  }

  /** Clears the memory. Each follower then reads the database and checks whether its position is still valid. */
  forget(): void {
    this.#epoch += 1;
    this.#events = [];
    this.#from = undefined;
    this.wake();
  }

  wake(): void {
    for (const listener of [...this.#waiting]) listener();
  }

  /**
   * Calls back for new events.
   * @returns a function to unsubscribe, so that a quiet chain does not collect ended followers.
   */
  onChange(listener: () => void): () => void {
    this.#waiting.add(listener);
    return () => this.#waiting.delete(listener);
  }

  get waiting(): number {
    return this.#waiting.size;
  }
}
