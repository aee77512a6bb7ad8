import { AsyncResource } from 'node:async_hooks';
import pg from 'pg';
import { FairQueue } from '../lib/fair-queue.ts';
import { currentDeadline } from './deadline.ts';
import { connectionToJoin } from './prisma-guest.ts';

type Callback = Parameters<pg.Pool['connect']>[0];
type Leave = () => void;
const none: Leave = () => undefined;

/** The error of the pool if no connection is available in time. */
const noConnection = () => new Error('timeout exceeded when trying to connect');

/** Max connections of one account. The rest is reserved for others. A dry run needs two. */
const shareOf = (size: number): number => Math.max(Math.min(size, 2), size - Math.max(1, Math.floor(size / 5)));

/**
 * A pool with fair shares: statements of an account wait for its own, and some connections are reserved for others.
 * Work continues in the context of the request that asked for it, and not of the one that released its connection.
 */
export class SharedPool extends pg.Pool {
  readonly #leaves = new Map<pg.PoolClient, Leave>();
  readonly #waitMs: number;
  readonly #queue: FairQueue;

  constructor(options: pg.PoolConfig & { readonly max: number; readonly connectionTimeoutMillis: number }) {
    super(options);
    this.#waitMs = options.connectionTimeoutMillis;
    this.#queue = new FairQueue({
      width: options.max,
      share: shareOf(options.max),
      perOwner: 500,
      total: 2_000,
      refusal: noConnection,
    });
    this.on('release', (_error, client) => {
      const leave = this.#leaves.get(client);
      this.#leaves.delete(client);
      leave?.();
    });
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<pg.PoolClient> | undefined {
    if (!callback) return this.#forTransaction();
    const next = AsyncResource.bind(callback);
    const owner = this.#owner();
    const leave = owner === undefined ? none : this.#queue.tryEnter(owner);
    if (leave) this.#connect(leave, next);
    else
      void this.#inTurn(owner!).then(
        ([client, done]) => next(undefined, client, done),
        (error: Error) => next(error, undefined, none),
      );
    return undefined;
  }

  #connect(leave: Leave, next: Callback): void {
    super.connect((error, client, done) => {
      if (client) this.#leaves.set(client, leave);
      else leave();
      next(error, client, done);
    });
  }

  /** Waits for a turn and a connection, together no longer than for a connection alone. */
  async #inTurn(owner: string): Promise<[pg.PoolClient, Leave]> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(noConnection()), this.#waitMs);
    const deadline = currentDeadline();
    const signal = deadline ? AbortSignal.any([deadline.signal, late.signal]) : late.signal;
    const leave = await this.#queue.enter(owner, { signal }).catch((error: unknown) => {
      clearTimeout(timer);
      throw error;
    });
    const { promise, resolve, reject } = Promise.withResolvers<[pg.PoolClient, Leave]>();
    const giveUp = () => reject(late.signal.reason as Error);
    late.signal.addEventListener('abort', giveUp, { once: true });
    this.#connect(leave, (error, client, done) => {
      clearTimeout(timer);
      if (!client) reject(error);
      // The caller has stopped waiting.
      else if (late.signal.aborted) done();
      else resolve([client, done]);
    });
    return promise;
  }

  async #forTransaction(): Promise<pg.PoolClient> {
    const joined = connectionToJoin();
    if (joined) return joined;
    const deadline = currentDeadline();
    const owner = this.#owner();
    const leave = owner === undefined ? none : this.#queue.tryEnter(owner);
    const client = await (leave ? this.#straight(leave) : this.#inTurn(owner!).then(([own]) => own));
    if (!deadline) return client;
    deadline.ahead += 1;
    const entered = this.#leaves.get(client)!;
    this.#leaves.set(client, () => {
      deadline.ahead -= 1;
      entered();
    });
    return client;
  }

  #straight(leave: Leave): Promise<pg.PoolClient> {
    const { promise, resolve, reject } = Promise.withResolvers<pg.PoolClient>();
    this.#connect(leave, (error, client) => (client ? resolve(client) : reject(error)));
    return promise;
  }

  /** Owner of the turn; undefined for none. A request on which others wait never waits for its own account. */
  #owner(): string | undefined {
    const deadline = currentDeadline();
    return deadline && deadline.ahead === 0 ? deadline.owner() : undefined;
  }
}
