import type pg from 'pg';
import { remember } from '../lib/remember.ts';

/** Statements without an answer for longer than this are asked about. */
const suspectMs = 3_000;
const roundMs = 1_000;
/** After so many rounds in which the database could not be asked, what waits for it is given up. */
const maxFailures = 3;

type Client = pg.Client & { readonly processID: number };

/** Ends a connection without a goodbye, which would wait for an answer. Whoever waits on it is told. */
export const cutOff = (client: pg.Client | pg.PoolClient): void =>
  void (client as pg.Client).connection.stream.destroy();

/**
 * Finds connections that are open here and gone for everybody else: a network that swallows packets tells neither side.
 * A statement that waits long, and that the database does not work on, will never be answered: its connection is cut
 * off, and so are those that lie idle beside it.
 */
export class RunningStatements {
  readonly #waiting = new Map<Client, { since: number; statements: number }>();
  readonly #idle = new Set<Client>();
  readonly #apart: pg.Pool;
  readonly #timer: NodeJS.Timeout;
  #asking = false;
  #failures = 0;

  /** @param apart connections by which the database can be asked while the others are taken. */
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

  /** A statement was sent. @returns to be called at its end. */
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

  /** Cuts off whatever has waited for longer than this, where the database is known to be silent. */
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
      // A later statement is another matter.
      .filter((client) => (this.#waiting.get(client)?.since ?? before) < before && !working(client.processID));
    for (const client of lost) cutOff(client);
    if (lost.length > 0) for (const client of this.#idle) cutOff(client);
  }

  /** On which of these does the database work? Where it cannot be asked: on all of them, for some rounds. */
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
        // Behind a pooler the numbers are not the database's.
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
