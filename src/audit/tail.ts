import { setTimeout as sleep } from 'node:timers/promises';
import { withoutDeadline } from '../db/deadline.ts';
import type { AuditEvent } from '../db/generated/client.ts';
import { GatehouseError } from '../errors.ts';

/** Events that are read at once. */
export const batch = 200;
/** Between two reads of one chain. */
const gatherMs = 30;
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
  #epoch = 0;
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
        // While many write, a few reads a second tell of all of them.
        if (events.length < batch) await sleep(gatherMs);
      } while (this.#again);
    })
      .catch((error: unknown) => {
        if (!(error instanceof GatehouseError)) return;
        // What came next is gone: each who follows is told so when they read for themselves.
        this.forget();
      })
      .finally(() => {
        this.#reading = undefined;
      });
  }

  /** Drops what is in memory: each who follows reads for themselves whether they may go on. */
  forget(): void {
    this.#epoch += 1;
    this.#events = [];
    this.#from = undefined;
    this.wake();
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
