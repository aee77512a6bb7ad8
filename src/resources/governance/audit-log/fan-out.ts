import type { FieldNode } from 'graphql';
import type { AuditFeed } from '../../../audit/feed.ts';
import { remember } from '../../../lib/remember.ts';
import { Turns } from '../../../lib/turns.ts';
import { type Delivery, Follower, type FollowerOptions } from './follower.ts';
import { Room } from './room.ts';
import { Selection, selectionKey } from './shared-answers.ts';

/** Interval of the check for followers that need to act without an event. */
const lookMs = 500;
/** Max cached text, in characters, over all selections. */
const maxTexts = 16_000_000;

export interface Following extends Omit<FollowerOptions, 'selection'> {
  /** Root field of the operation. */
  readonly roots: readonly FieldNode[];
}

/**
 * Sends the events of a tenant, or of all tenants, to many subscribers on any transport: authorized once per event and
 * distinct access, rendered once per event and distinct selection, and sent to each as fast as its network allows.
 */
export class FanOut implements Delivery {
  readonly turns = new Turns<Follower>((follower) => follower.turn());
  /** Counters since the start. */
  readonly figures = { judged: 0, made: 0 };
  readonly #feed: AuditFeed;
  /** By tenant; undefined for the feed across all tenants. */
  readonly #rooms = new Map<string | undefined, Room<Follower>>();
  #timer: NodeJS.Timeout | undefined;
  #texts = 0;

  constructor(feed: AuditFeed) {
    this.#feed = feed;
    feed.closing.addEventListener('abort', () => {
      for (const follower of this.#followers()) follower.end();
    });
  }

  /** Number of followers. */
  get size(): number {
    return [...this.#followers()].length;
  }

  /** A stream that only ends: its items are sent on another path. */
  follow({ roots, ...options }: Following): AsyncGenerator<never, undefined> {
    let follower: Follower | undefined;
    let begun: Promise<IteratorReturnResult<undefined>> | undefined;
    const begin = () => {
      const tenantId = options.position.feed === 'tenant' ? options.position.tenantId : undefined;
      const room = remember(this.#rooms, tenantId, () => new Room<Follower>(this.#feed, tenantId, this.#judged));
      const key = selectionKey(options.channel.operation, roots);
      const selection = remember(room.selections, key, () => new Selection(key, (size) => this.#note(size)));
      follower = new Follower(this, room, { ...options, selection });
      room.followers.add(follower);
      selection.followers += 1;
      this.#timer ??= setInterval(() => this.#look(), lookMs).unref();
      this.turns.ask(follower);
      return follower.done;
    };
    const over = { done: true, value: undefined } as const;
    const end = async (): Promise<IteratorReturnResult<undefined>> => {
      // A follower that left before it started leaves no state.
      begun ??= Promise.resolve(over);
      follower?.end();
      return over;
    };
    return {
      next() {
        begun ??= begin();
        return begun;
      },
      return: end,
      throw: end,
      [Symbol.asyncIterator]() {
        return this;
      },
      async [Symbol.asyncDispose]() {
        await end();
      },
    };
  }

  leave(room: Room<Follower>, follower: Follower): void {
    this.turns.leave(follower);
    room.followers.delete(follower);
    const { selection } = follower;
    selection.followers -= 1;
    if (selection.followers === 0) room.selections.delete(selection.key);
    if (room.followers.size > 0) return;
    room.close();
    this.#rooms.delete(room.tenantId);
    if (this.#rooms.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const now = Date.now();
    for (const follower of this.#followers()) if (follower.isDue(now)) this.turns.ask(follower);
  }

  *#followers(): Generator<Follower> {
    for (const { followers } of this.#rooms.values()) yield* followers;
  }

  readonly #judged = (): void => {
    this.figures.judged += 1;
  };

  #note(characters: number): void {
    this.figures.made += 1;
    this.#texts += characters;
    if (this.#texts < maxTexts) return;
    this.#texts = 0;
    for (const { selections } of this.#rooms.values()) for (const selection of selections.values()) selection.clear();
  }
}

const fanOuts = new WeakMap<AuditFeed, FanOut>();
/** Returns the fan-out of a gateway. */
export const fanOutOf = (feed: AuditFeed): FanOut => remember(fanOuts, feed, () => new FanOut(feed));
