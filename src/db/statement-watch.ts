import type pg from 'pg';
import { remember } from '../lib/remember.ts';

/** Statements without a response for longer than this are checked. */
const suspectMs = 3_000;
const roundMs = 1_000;
/** After this number of rounds in which the check failed, waiting statements are cut off. */
const maxFailures = 3;

type Client = pg.Client & { readonly processID: number };

/** Ends a connection without a regular close, which would wait for a response. Its pending statements fail. */
export const cutOff = (client: pg.Client | pg.PoolClient): void =>
  void (client as pg.Client).connection.stream.destroy();

/**
 * Finds connections that only this side considers open: a network that drops packets reports an error to neither side.
 * A long-waiting statement on which the database does not work never gets a response. Its connection is cut off,
 * together with the idle ones.
 */
export class RunningStatements {
  readonly #waiting = new Map<Client, { since: number; statements: number }>();
  readonly #idle = new Set<Client>();
  readonly #apart: pg.Pool;
  readonly #timer: NodeJS.Timeout;
  #asking = false;
  #failures = 0;

  /** @param apart connections for checks while the others are in use. */
  constructor(apart: pg.Pool) {
    this.#apart = apart;
    this.#timer = setInterval(() => void this.#round(), roundMs);
    this.#timer.unref();
  }

  watch(pool: pg.Pool): void {
    pool.on('acquire', (client) => void this.#idle.delete(client as unknown as Client));
    pool.on('release', (_error, client) => void this.#idle.add(client as unknown as Client));
    pool.on('remove', (client) => void this.#idle.delete(client as unknown as Client));
  }

  /** Called when a statement is sent. @returns a function to call at its end. */
  began(client: pg.Client): () => void {
    const own = client as Client;
    const waiting = remember(this.#waiting, own, () => ({ since: performance.now(), statements: 0 }));
    waiting.statements += 1;
    return () => {
      waiting.statements -= 1;
      waiting.since = performance.now();
      if (waiting.statements === 0) this.#waiting.delete(own);
    };
  }

  /** True if a statement of the connection has no response yet. */
  isWaiting(client: pg.Client): boolean {
    return this.#waiting.has(client as Client);
  }

  /** Cuts off statements that have waited for longer than this, while the database is known to be silent. */
  giveUp(milliseconds: number): void {
    const before = performance.now() - milliseconds;
    for (const [client, { since }] of this.#waiting) if (since < before) cutOff(client);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #round(): Promise<void> {
    const before = performance.now() - suspectMs;
    const suspects = [...this.#waiting].filter(([, { since }]) => since < before);
    if (suspects.length === 0 || this.#asking) return;
    this.#asking = true;
    const working = await this.#working(suspects.map(([{ processID }]) => processID));
    this.#asking = false;
    const lost = suspects
      .map(([client]) => client)
      // A later statement on the same connection is not suspect.
      .filter((client) => (this.#waiting.get(client)?.since ?? before) < before && !working(client.processID));
    for (const client of lost) cutOff(client);
    if (lost.length > 0) for (const client of this.#idle) cutOff(client);
  }

  /** Returns which of these backends are working. If the check fails, all of them count as working for some rounds. */
  async #working(pids: number[]): Promise<(pid: number) => boolean> {
    try {
      const client = await this.#apart.connect();
      try {
        const { rows } = await client.query<{ own: number; active: number[] }>(
          `SELECT pg_backend_pid() AS own, ARRAY(
             SELECT pid FROM pg_stat_activity WHERE pid = ANY($1::int[]) AND state = 'active') AS active`,
          [pids],
        );
        client.release();
        this.#failures = 0;
        const { own, active } = rows[0]!;
        // With a pooler, the process IDs are not the database's.
        return (pid) => own !== (client as unknown as Client).processID || active.includes(pid);
      } catch (error) {
        client.release(true);
        throw error;
      }
    } catch {
      this.#failures += 1;
      return () => this.#failures < maxFailures;
    }
  }
}
