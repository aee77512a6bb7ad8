import { encodePosition, markOf, type Position } from '../../../audit/cursor.ts';
import { checkMs } from '../../../audit/feed.ts';
import type { AuditEvent } from '../../../db/generated/client.ts';
import type { Context } from '../../../graphql/context.ts';
import type { StreamChannel } from '../../../graphql/streams/stream-channel.ts';
import { assertTenant } from '../../../graphql/streams/stream-ends.ts';
import { remember } from '../../../lib/remember.ts';
import type { Turns } from '../../../lib/turns.ts';
import type { Room } from './room.ts';
import type { FeedItem } from './schema.ts';
import { type Asker, executed, type Grounds, type Selection } from './shared-answers.ts';
import type { Judge, SharedFilter } from './shared-filters.ts';
import { type AuditFilter, toCondition } from './where.ts';

/** Max items of one turn, before the next follower's turn. */
const perTurn = 50;
/** Max interval between cursors of a stream that shows no events. */
const bookmarkMs = 1_000;
/** Checks of all followers fall into the same moment, so that they share them. */
const checkOf = (now: number): number => Math.floor(now / checkMs);

/** Gives followers their turns. */
export interface Delivery {
  readonly turns: Turns<Follower>;
  leave(room: Room<Follower>, follower: Follower): void;
}

export interface FollowerOptions {
  readonly context: Context;
  readonly channel: StreamChannel;
  readonly position: Position;
  readonly where: AuditFilter | null | undefined;
  readonly selection: Selection;
  /** ID of the event that records this stream: it is not sent on it. */
  readonly opening: string;
}

/**
 * One subscriber of a feed, with its own position: uses the shared texts of the next events, decides by its
 * own access, and sends as fast as its network allows.
 */
export class Follower implements Asker {
  readonly context: Context;
  readonly channel: StreamChannel;
  readonly selection: Selection;
  readonly #delivery: Delivery;
  readonly #room: Room<Follower>;
  readonly #where: AuditFilter | null | undefined;
  readonly #opening: string;
  readonly #done = Promise.withResolvers<IteratorReturnResult<undefined>>();
  #at: Position;
  /** Hash of the event at that position, once an event has passed. */
  #hash: string | undefined;
  #judge: Judge | undefined;
  /** Known facts about this subscriber, by its current access. */
  #agreed: Grounds | undefined;
  /** The subscriber's filter, for each chain whose content it searches. */
  readonly #filters = new Map<string, SharedFilter>();
  #isWaiting = false;
  #hasEnded = false;
  /** Events from the database, if the tail does not reach back far enough. */
  #behind: readonly AuditEvent[] = [];
  /** True at the head: the tail delivers the next events. */
  #isAtEnd = false;
  /** Result that was computed during others' turns. Discarded if the access of the subscriber is loaded again. */
  #ready: { readonly event: AuditEvent; readonly text: string; readonly identity: object } | undefined;
  #hasSkipped = true;
  /** Number of events that this stream passed. */
  #passed = 0;
  #toldAt = 0;
  /** Restores of the store, and the check, up to which the position is known to be valid. */
  #epoch: number;
  #checked = checkOf(Date.now());

  constructor(
    delivery: Delivery,
    room: Room<Follower>,
    { context, channel, position, where, selection, opening }: FollowerOptions,
  ) {
    this.#delivery = delivery;
    this.#room = room;
    this.context = context;
    this.channel = channel;
    this.selection = selection;
    this.#where = where;
    this.#opening = opening;
    this.#at = position;
    this.#epoch = room.feed.epoch;
    channel.cursor = () => encodePosition(context.keys.cursor, this.#position());
  }

  /** Resolves at the end of the stream. @throws the cause of the end. */
  get done(): Promise<IteratorReturnResult<undefined>> {
    return this.#done.promise;
  }

  end(fault?: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.channel.cursor = undefined;
    this.#delivery.leave(this.#room, this);
    if (fault === undefined) this.#done.resolve({ done: true, value: undefined });
    else this.#done.reject(fault);
  }

  /** True if it needs a turn without an event. Revoked access ends the stream without an event. */
  isDue(now: number): boolean {
    const { session } = this.context;
    return !session.isCurrent || !session.holds || this.#isBookmarkDue(now) || this.#isCheckDue(now);
  }

  /** True if more events can follow. */
  wake(): void {
    this.#isAtEnd = false;
    this.#delivery.turns.ask(this);
  }

  turn(): void {
    if (this.#hasEnded || this.#isWaiting) return;
    try {
      const work = this.#goOn();
      if (work) this.#wait(work);
    } catch (error) {
      this.end(error);
    }
  }

  /** @returns a promise to await before the next turn. */
  #goOn(): Promise<unknown> | undefined {
    const { session } = this.context;
    if (!session.isCurrent) return this.#renew();
    this.#decide();
    if (this.channel.isFull) return this.channel.drained();
    if (this.#isCheckDue(Date.now())) return this.#check();
    if (this.#toldAt === 0) return this.#bookmark();
    const isBehind = this.#behind.length > 0;
    const events = isBehind ? this.#behind.slice(0, perTurn) : this.#room.tail.after(this.#at, perTurn)?.items;
    if (events === undefined && !this.#isAtEnd) return this.#readBack();
    if (events?.[0] && !this.#isNext(events[0])) return this.#checkHeld();
    const passed = this.#passed;
    const now = Date.now();
    const work = events?.length ? this.channel.together(() => this.#send(events, now)) : undefined;
    if (isBehind) this.#behind = this.#behind.slice(this.#passed - passed);
    if (work) return work;
    if (this.#isBookmarkDue(now)) return this.#bookmark();
    if (events?.length) this.#delivery.turns.ask(this);
    return undefined;
  }

  async #renew(): Promise<void> {
    await this.context.session.refresh();
    const { tenantId } = this.#room;
    if (tenantId !== undefined) await assertTenant(this.context, tenantId);
  }

  /** The current access. @throws FORBIDDEN, POLICY_ERROR. */
  #decide(): void {
    const { session } = this.context;
    if (this.#judge && session.holds) return;
    session.forget();
    this.#agreed = undefined;
    this.#filters.clear();
    const { judges, tenantId } = this.#room;
    this.#judge = judges.of(session.grant('AUDITLOG:READ', { tenantId }).where);
  }

  /** The subscriber's filter by its current access. A search of texts depends on what it sees of that chain. */
  #filterOf(chain: string): SharedFilter | undefined {
    const where = this.#where;
    if (where == null) return undefined;
    return remember(this.#filters, where.text == null ? '' : chain, () =>
      this.#room.filterOf(this.context.db, toCondition(where, this.context, [chain])),
    );
  }

  #filter(events: readonly AuditEvent[]): Promise<unknown> {
    const asked = Map.groupBy(events, ({ tenantId }) => this.#filterOf(tenantId)!);
    return Promise.all([...asked].map(([filter, own]) => filter.ask(own)));
  }

  /** @returns a promise to await: an answer in progress. */
  #send(events: readonly AuditEvent[], now: number): Promise<unknown> | undefined {
    const { session } = this.context;
    for (const event of events) {
      if (this.channel.isFull) break;
      // Within a turn, only the time changes.
      if (!session.isSteady) this.#decide();
      const filter = this.#filterOf(event.tenantId);
      const passes = event.id !== this.#opening && (filter ? filter.passes(event) : true);
      if (passes === undefined) return this.#filter(events);
      const number = this.#room.numberOf(event);
      if (!passes || !this.#judge!.reaches(event, number)) {
        this.#pass(event);
        this.#hasSkipped = true;
        continue;
      }
      const text = this.#textOf(event, number);
      if (typeof text !== 'string') return text;
      this.#pass(event);
      this.#deliver(text, now);
    }
    return undefined;
  }

  #textOf(event: AuditEvent, number: number): string | Promise<void> {
    const ready = this.#ready;
    if (ready) {
      this.#ready = undefined;
      if (ready.event === event && ready.identity === this.context.session.identity) return ready.text;
    }
    const text = this.selection.textOf(this, event, number);
    if (typeof text === 'string') return text;
    const { identity } = this.context.session;
    return text.then((made) => {
      if (made !== undefined) this.#ready = { event, text: made, identity };
    });
  }

  itemOf = (event: AuditEvent): FeedItem => {
    const { cursor } = this.context.keys;
    const position = { ...this.#room.tail.source.pass(this.#at, event), mark: markOf(cursor, event.hash) };
    return { cursor: encodePosition(cursor, position), event };
  };

  agrees(grounds: Grounds): boolean {
    if (grounds === this.#agreed) return true;
    const agrees = grounds.questions.every(([question, answer]) => question(this.context) === answer);
    if (agrees && grounds.isStanding) this.#agreed = grounds;
    return agrees;
  }

  #pass(event: AuditEvent): void {
    this.#at = this.#room.tail.source.pass(this.#at, event);
    this.#hash = event.hash;
    this.#passed += 1;
  }

  /** The position with the mark of its event, computed on demand. */
  #position(): Position {
    return this.#hash === undefined ? this.#at : { ...this.#at, mark: markOf(this.context.keys.cursor, this.#hash) };
  }

  /** A restored store has other events after this position. Across chains, no hash links them. */
  #isNext({ prevHash }: AuditEvent): boolean {
    if (this.#room.tenantId === undefined) return true;
    if (this.#hash !== undefined) return prevHash === this.#hash;
    const { mark } = this.#at;
    return mark === undefined || markOf(this.context.keys.cursor, prevHash) === mark;
  }

  /** @throws CURSOR_EXPIRED if events in memory belong to another history. */
  async #checkHeld(): Promise<void> {
    await this.#room.feed.assertHeld(this.#position());
    this.#behind = [];
    this.#room.tail.forget();
  }

  /** Across all chains, only this detects a restore, and events that were pruned before they were read. */
  #isCheckDue(now: number): boolean {
    const { tenantId, feed } = this.#room;
    return tenantId === undefined && (feed.epoch !== this.#epoch || checkOf(now) !== this.#checked);
  }

  /** @throws CURSOR_EXPIRED if the position is no longer valid. */
  async #check(): Promise<void> {
    const { feed } = this.#room;
    const { epoch } = feed;
    const checked = checkOf(Date.now());
    const position = this.#position();
    const isRestored = epoch !== this.#epoch;
    // Without a delivered event, the position may belong to a former history.
    await feed.assertHeld(isRestored && position.mark === undefined ? { ...position, mark: '' } : position);
    if (isRestored) this.#behind = [];
    this.#epoch = epoch;
    this.#checked = checked;
  }

  #deliver(text: string, now: number): void {
    this.channel.send(text);
    this.#hasSkipped = false;
    this.#toldAt = now;
  }

  #isBookmarkDue(now: number): boolean {
    return now - this.#toldAt >= (this.#hasSkipped ? bookmarkMs : this.context.limits.bookmarkMs);
  }

  async #bookmark(): Promise<void> {
    const cursor = encodePosition(this.context.keys.cursor, this.#position());
    const result = await executed(this, { cursor, event: null });
    if (!this.#hasEnded) this.#deliver(this.channel.textOf(result), Date.now());
  }

  async #readBack(): Promise<void> {
    // A wake-up in the meantime causes another look.
    this.#isAtEnd = true;
    this.#behind = await this.#room.feed.readBack(this.#room.tail, this.#position());
    if (this.#behind.length > 0) this.#isAtEnd = false;
  }

  /** Continues afterwards. */
  #wait(work: Promise<unknown>): void {
    this.#isWaiting = true;
    work.then(
      () => {
        this.#isWaiting = false;
        this.#delivery.turns.ask(this);
      },
      (error: unknown) => this.end(error),
    );
  }
}
