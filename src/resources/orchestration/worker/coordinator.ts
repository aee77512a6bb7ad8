import pg from 'pg';
import type { Liveness } from '../../../config.ts';
import type { Connection } from '../../../db/embedded.ts';
import { isConnectionLost } from '../../../db/sql-state.ts';
import { cutOff } from '../../../db/statement-watch.ts';
import { inTransaction, type Store } from '../../../db/transaction.ts';
import { atMost } from '../../../lib/at-most.ts';
import type { Log } from '../../../lib/log.ts';
import { judgeServices } from './liveness.ts';
import { anyDue, type Calm, parametersOf } from './liveness-verdicts.ts';

const lockKey = 7_301_003;
/** A later round than this means that the gateway stalled. */
const slackMs = 1_000;
/** Timeout at shutdown, for the current round and for closing the connection each. */
const closeMs = 250;
/** If the machine of a gateway is lost, the lock is released when its connection is found dead. */
const keepalives = '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3';

interface Round {
  /** Three clocks: the database's, the machine's, and one that only runs while this process does. */
  readonly database: number;
  readonly wall: number;
  readonly steady: number;
}

export interface CoordinatorOptions {
  readonly store: Store;
  readonly connection: Connection;
  readonly settings: Liveness;
  readonly log: Log;
}

/**
 * Checks the liveness of services, on one gateway at a time: the holder of an advisory lock, on its own connection.
 * When that gateway ends, the database releases the lock and another gateway takes over. A service counts as silent
 * only for as long as this gateway could have received a heartbeat: a gateway that has just taken over, or was stopped,
 * waits for a full timeout first.
 */
export class LivenessCoordinator {
  readonly #options: CoordinatorOptions;
  readonly #pauseMs: number;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #closed = false;
  #failing = false;
  #last: Round | undefined;
  #since = new Date(0);

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.#pauseMs = options.settings.intervalMs * 2 + slackMs;
  }

  /** True if this gateway checks liveness. */
  get leads(): boolean {
    return this.#client !== undefined;
  }

  start(): void {
    if (this.#options.settings.enabled) this.#next(0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await atMost(closeMs, this.#running);
    const client = this.#client;
    this.#client = undefined;
    await atMost(closeMs, client?.end());
  }

  #next(milliseconds: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#round().finally(() => this.#next(this.#options.settings.intervalMs));
    }, milliseconds);
    this.#timer.unref();
  }

  async #round(): Promise<void> {
    const { store, settings, log } = this.#options;
    try {
      const client = this.#client ?? (await this.#takeOver());
      if (!client) return;
      const before = { since: this.#since, at: new Date(), pauseMs: 3_600_000 };
      const { rows } = await client.query<{ due: boolean; now: Date }>(anyDue, parametersOf(settings, before));
      const { due, now } = rows[0]!;
      const calm = this.#observe(now);
      if (due) await inTransaction(store, (tx) => judgeServices(tx, settings, calm));
      this.#failing = false;
    } catch (error) {
      this.#last = undefined;
      // Without closing it properly: the server may not respond.
      if (this.#client) cutOff(this.#client);
      this.#client = undefined;
      // Not logged: every request reports that the database is unavailable.
      const level = this.#failing || isConnectionLost(error) ? 'debug' : 'error';
      log[level]('liveness check of services failed', { error: (error as Error).message });
      this.#failing ||= level === 'error';
    }
  }

  /** Marks a completed round. After a pause, the timeouts start again. */
  #observe(now: Date): Calm {
    const round = { database: now.getTime(), wall: Date.now(), steady: performance.now() };
    const last = this.#last;
    const gap = last
      ? Math.max(round.database - last.database, round.wall - last.wall, round.steady - last.steady)
      : Number.POSITIVE_INFINITY;
    if (gap > this.#pauseMs) this.#since = now;
    this.#last = round;
    return { since: this.#since, at: now, pauseMs: this.#pauseMs };
  }

  async #takeOver(): Promise<pg.Client | undefined> {
    const { connection, log } = this.#options;
    const client = new pg.Client({
      ...connection,
      connectionTimeoutMillis: 2_000,
      keepAlive: true,
      query_timeout: 6_000,
      options: `-c statement_timeout=5000 -c timezone=UTC ${keepalives}`,
    });
    const lost = () => {
      if (this.#client === client) this.#client = undefined;
    };
    client.on('error', lost);
    client.on('end', lost);
    try {
      await client.connect();
      const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [lockKey]);
      if (!rows[0]!.held) {
        await client.end();
        return undefined;
      }
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    this.#client = client;
    this.#last = undefined;
    log.debug('this gateway checks the liveness of services');
    return client;
  }
}
