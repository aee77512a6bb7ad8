import type { AuditEvent } from '../../../db/generated/client.ts';

/** A little more than two turns: followers that keep up are within one turn of each other. */
const size = 128;

/** Cache for the newest events, indexed by their number. */
export class EventRing<V> {
  readonly #events: (AuditEvent | undefined)[] = new Array<undefined>(size).fill(undefined);
  readonly #values: (V | undefined)[] = new Array<undefined>(size).fill(undefined);

  /** @param number number of the event in the room. */
  get(event: AuditEvent, number: number): V | undefined {
    const place = number % size;
    const known = this.#events[place];
    return known === event || known?.id === event.id ? this.#values[place] : undefined;
  }

  set(event: AuditEvent, number: number, value: V): void {
    this.#events[number % size] = event;
    this.#values[number % size] = value;
  }

  clear(): void {
    this.#events.fill(undefined);
    this.#values.fill(undefined);
  }
}
