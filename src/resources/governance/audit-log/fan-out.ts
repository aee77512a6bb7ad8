import type { FieldNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { AuditFeed, AuditTail } from '../../../audit/feed.ts';
import type { PrismaClient } from '../../../db/generated/client.ts';
import type { Condition } from '../../../graphql/connection/connection-type.ts';
import { canonicalJson } from '../../../lib/json.ts';
import { remember } from '../../../lib/remember.ts';
import { Turns } from '../../../lib/turns.ts';
import { Follower, type FollowerOptions } from './follower.ts';
import { Selection, selectionKey } from './shared-answers.ts';
import { Judges, SharedFilter } from './shared-filters.ts';

/** Interval of the check for followers that need to act without an event. */
const lookMs = 500;
/** Max cached text, in characters, over all selections. */
const maxTexts = 16_000_000;

/** State that the followers of one tenant's feed share. */
export class Room {
  readonly tenantId: string;
  readonly feed: AuditFeed;
  readonly tail: AuditTail;
  readonly followers = new Set<Follower>();
  readonly selections = new Map<string, Selection>();
  readonly #filters = new LRUCache<string, SharedFilter>({ max: 200 });
  readonly #off: () => void;

  constructor(feed: AuditFeed, tenantId: string) {
    this.feed = feed;
    this.tenantId = tenantId;
    this.tail = feed.join(tenantId);
    this.#off = this.tail.onChange(() => {
      for (const follower of this.followers) follower.wake();
    });
  }

  filterOf(db: PrismaClient, condition: Condition): SharedFilter {
    return remember(this.#filters, canonicalJson(condition), () => new SharedFilter(db, condition));
  }

  close(): void {
    this.#off();
    this.feed.leave(this.tenantId);
  }
}

export interface Following extends Omit<FollowerOptions, 'selection'> {
  /** Root field of the operation. */
  readonly roots: readonly FieldNode[];
}

/**
 * Sends the events of tenants to many WebSockets: authorized once per event and distinct access, rendered once per
 * event and distinct selection, and sent to each as fast as its network allows.
 */
export class FanOut {
  readonly turns = new Turns<Follower>((follower) => follower.turn());
  /** Counters since the start. */
  readonly figures = { judged: 0, made: 0 };
  readonly judges = new Judges(() => {
    this.figures.judged += 1;
  });
  readonly #feed: AuditFeed;
  readonly #rooms = new Map<string, Room>();
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
  follow({ context, way, position, where, opening, roots }: Following): AsyncGenerator<never, undefined> {
    let follower: Follower | undefined;
    let begun: Promise<IteratorReturnResult<undefined>> | undefined;
    const begin = () => {
      const room = remember(this.#rooms, position.tenantId, () => new Room(this.#feed, position.tenantId));
      const key = selectionKey(way.operation, roots);
      const selection = remember(room.selections, key, () => new Selection(key, (size) => this.#note(size)));
      follower = new Follower(this, room, { context, way, position, where, opening, selection });
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

  leave(room: Room, follower: Follower): void {
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
