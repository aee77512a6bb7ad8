import { setMaxListeners } from 'node:events';
import { type Source, Tail } from './tail.ts';
import type { Wake } from './wake.ts';

interface Followed<Item, Position> {
  readonly tail: Tail<Item, Position>;
  readonly timer: NodeJS.Timeout;
  followers: number;
}

/** The tails that are followed at this time. Each reads on when it is notified, and at intervals. */
export class Tails<Item, Position> {
  readonly #followed = new Map<string, Followed<Item, Position>>();
  readonly #off: () => void;
  readonly #closing = new AbortController();

  constructor(wake: Wake) {
    setMaxListeners(0, this.#closing.signal);
    this.#off = wake.on((topic) => {
      for (const { tail } of this.#followed.values()) if (topic === '*' || tail.source.concerns(topic)) tail.look();
    });
  }

  get isFollowed(): boolean {
    return this.#followed.size > 0;
  }

  /** Number of followers of all sources. */
  get followers(): number {
    return this.#followed.values().reduce((sum, { followers }) => sum + followers, 0);
  }

  /** Aborted for a shutdown. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Returns the tail that the followers of a source share. Call `leave` at the end. */
  join(name: string, sourceOf: () => Source<Item, Position>): Tail<Item, Position> {
    let followed = this.#followed.get(name);
    if (!followed) {
      const tail = new Tail(sourceOf());
      // The poll covers a lost notification, and items that become readable when an older transaction ends.
      const timer = setInterval(() => tail.look(), tail.source.pollMs).unref();
      followed = { tail, timer, followers: 0 };
      this.#followed.set(name, followed);
    }
    followed.followers += 1;
    return followed.tail;
  }

  leave(name: string): void {
    const followed = this.#followed.get(name);
    if (!followed) return;
    followed.followers -= 1;
    if (followed.followers > 0) return;
    clearInterval(followed.timer);
    this.#followed.delete(name);
  }

  /** Clears all memory, after a restore of the store. */
  forget(): void {
    for (const { tail } of this.#followed.values()) tail.forget();
  }

  /** Ends every stream, for a shutdown. */
  close(): void {
    for (const { timer } of this.#followed.values()) clearInterval(timer);
    this.#off();
    this.#closing.abort();
  }
}
