/**
 * Follows the audit feed without end, with any GraphQL client that supports subscriptions over SSE or WebSocket. It has
 * no imports, so that it can be copied into a frontend.
 */

/** An event, or a bookmark (null) that only advances the cursor. */
export interface FeedItem<Event> {
  readonly cursor: string;
  readonly event: Event | null;
}
interface Fault {
  readonly message?: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}
/** A result of the subscription, whose only root field is `auditEvents`. */
export interface FeedResult {
  readonly data?: unknown;
  readonly errors?: readonly Fault[] | null | undefined;
}

/** Reports that events between the last received one and the oldest retained one were removed. */
export interface Gap {
  /** The retained events are after this cursor. */
  readonly oldestCursor: string;
  /** True if the store is older than the last received event, because it was restored from a backup. */
  readonly ahead: boolean;
}

export interface FollowOptions<Event> {
  /** Subscribes with this `after` (null for new events only) until the signal aborts. */
  readonly subscribe: (after: string | null, signal: AbortSignal) => AsyncIterable<FeedResult>;
  /** Cursor of the last item that was received in an earlier session. */
  readonly after?: string;
  /**
   * Lists the existing events, which are delivered first (in this order), with the `streamCursor` of the list. Not
   * called with `after`.
   */
  readonly list?: () => Promise<{ readonly items: readonly FeedItem<Event>[]; readonly streamCursor: string }>;
  /** Returns the cursor to continue from (null for new events only). Without it, a gap throws its error. */
  readonly onGap?: (gap: Gap) => string | null | Promise<string | null>;
  /** Returns the identity of an event. Defaults to the cursor of the item. */
  readonly keyOf?: (item: FeedItem<Event>) => string;
  /** Called before each retry, with the fault and the delay. */
  readonly onRetry?: (fault: unknown, milliseconds: number) => void;
  readonly signal?: AbortSignal;
}

/** Ends the following. `code` is one of Gatehouse's error codes. */
export class FollowError extends Error {
  readonly code: string;
  readonly gap: Gap | undefined;
  constructor(code: string, message: string, gap?: Gap) {
    super(message);
    this.name = 'FollowError';
    this.code = code;
    this.gap = gap;
  }
}

/** Errors for which a retry does not help. */
const final = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'BAD_INPUT', 'LIMIT_EXCEEDED', 'CURSOR_EXPIRED']);
/** The equivalent close codes of a WebSocket. */
const closeCodes: Readonly<Record<number, string>> = {
  4400: 'BAD_INPUT',
  4401: 'UNAUTHENTICATED',
  4403: 'UNAUTHENTICATED',
};
const firstWaitMs = 200;
const maxWaitMs = 2_000;
/** Max keys in memory to remove duplicates. */
const maxKnown = 10_000;

/** @yields every event once, and bookmarks between them. Store `cursor` to resume later. @throws {FollowError} */
export async function* follow<Event>(options: FollowOptions<Event>): AsyncGenerator<FeedItem<Event>, void> {
  const { subscribe, list, onGap, onRetry, keyOf = ({ cursor }) => cursor } = options;
  const ended = new AbortController();
  const end = () => ended.abort();
  options.signal?.addEventListener('abort', end, { once: true });
  if (options.signal?.aborted) end();
  const known = new Set<string>();
  const isNew = (item: FeedItem<Event>): boolean => {
    if (item.event === null) return true;
    const key = keyOf(item);
    if (known.has(key)) return false;
    known.add(key);
    if (known.size > maxKnown) known.delete(known.values().next().value!);
    return true;
  };
  let after = options.after ?? null;
  let isListed = after !== null || list === undefined;
  let failures = 0;
  try {
    while (!ended.signal.aborted) {
      let fault: unknown;
      try {
        if (!isListed) {
          const { items, streamCursor } = await list!();
          for (const item of items) if (isNew(item)) yield item;
          after = streamCursor;
          isListed = true;
        }
        for await (const result of untilAborted(subscribe(after, ended.signal), ended.signal)) {
          if (result.errors?.length) throw result.errors;
          const item = Object.values(result.data as Record<string, FeedItem<Event>>)[0]!;
          failures = 0;
          after = item.cursor;
          if (isNew(item)) yield item;
        }
      } catch (error) {
        fault = error;
      }
      if (ended.signal.aborted) return;
      const refused = refusalOf(fault);
      if (refused?.gap && onGap) after = await onGap(refused.gap);
      else if (refused) throw refused;
      const milliseconds = Math.random() * Math.min(maxWaitMs, firstWaitMs * 2 ** failures);
      failures += 1;
      onRetry?.(fault, milliseconds);
      await pause(milliseconds, ended.signal);
    }
  } finally {
    end();
    options.signal?.removeEventListener('abort', end);
  }
}

/** Returns the refusal in a fault of the client: errors of a result, a thrown error, or the close of a WebSocket. */
function refusalOf(fault: unknown): FollowError | undefined {
  const { code: closed, errors } = (fault ?? {}) as { code?: unknown; errors?: unknown };
  const [first] = (Array.isArray(fault) ? fault : Array.isArray(errors) ? errors : [fault]) as (Fault | undefined)[];
  const { code, oldestCursor, ahead } = first?.extensions ?? {};
  const known = typeof code === 'string' ? code : closeCodes[Number(closed)];
  if (known === undefined || !final.has(known)) return undefined;
  const gap = typeof oldestCursor === 'string' ? { oldestCursor, ahead: ahead === true } : undefined;
  return new FollowError(known, first?.message ?? known, gap);
}

/** Some clients do not end their iterables at the signal. */
async function* untilAborted<T>(stream: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = stream[Symbol.asyncIterator]();
  const over = new Promise<{ done: true; value: undefined }>((resolve) => {
    const end = () => resolve({ done: true, value: undefined });
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
  try {
    for (;;) {
      const { done, value } = await Promise.race([iterator.next(), over]);
      if (done) return;
      yield value;
    }
  } finally {
    // Not awaited, because the iterator may wait for the network.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end, { once: true });
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    }
  });
