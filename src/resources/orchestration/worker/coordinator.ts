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
/** Rounds come later than they should by a little; by more than this, the gateway stalled. */
const slackMs = 1_000;
/** At the end, for what is under way and for the goodbye each, where the database does not answer. */
const closeMs = 250;
/** A gateway whose machine is gone lets go of the lock when its connection is found dead. */
const keepalives = '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3';

interface Round {
  /** By three clocks: the database's, the machine's, and the one that only goes on while this process may run. */
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
 * Finds out which services are gone, on one of all gateways: the one that holds an advisory lock, on a connection of its
 * own. When that gateway ends, the database lets go of the lock, and another takes over.
 *
 * A service is silent for this gateway only as far as this gateway could have heard it: who has just taken over, and who
 * was stopped, waits for a full timeout before it judges anybody.
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

  /** Is this the gateway that judges? */
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
      // Without a goodbye: it may be that nobody hears it.
      if (this.#client) cutOff(this.#client);
      this.#client = undefined;
      // That the database is away is no news: who asks for anything is told.
      const level = this.#failing || isConnectionLost(error) ? 'debug' : 'error';
      log[level]('services cannot be judged', { error: (error as Error).message });
      this.#failing ||= level === 'error';
    }
  }

  /** Notes that a round is on; after a pause, everything begins anew. */
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
    log.debug('judges which services are gone');
    return client;
  }
}
