import pg from 'pg';
import type { App } from '../../src/app.ts';
import { remember } from '../../src/lib/remember.ts';

/** A statement with the number of its round trip on its connection. */
export interface Sent {
  readonly text: string;
  readonly trip: number;
}
export interface RoundTrips {
  /** The statements in order. */
  readonly sent: readonly Sent[];
  /** How often an answer was awaited before the next statement was sent, over all connections. */
  readonly count: number;
}

interface Line {
  trip: number;
  pending: number;
  answered: boolean;
}

/**
 * Lists the statements that a gateway's pool sends for this work. Statements that are sent without waiting for an
 * answer share a round trip.
 */
export async function roundTrips({ database: { pool } }: App, work: () => Promise<unknown>): Promise<RoundTrips> {
  const own = new Set<unknown>((pool as unknown as { _clients: unknown[] })._clients);
  const onConnect = (client: pg.PoolClient) => own.add(client);
  pool.on('connect', onConnect);
  const prototype = pg.Client.prototype as unknown as { query: (...args: any[]) => any };
  const { query } = prototype;
  const lines = new Map<unknown, Line>();
  const sent: Sent[] = [];
  let count = 0;
  prototype.query = function (this: unknown, ...args: any[]) {
    if (!own.has(this)) return query.apply(this, args);
    const at = remember(lines, this, () => ({ trip: 0, pending: 0, answered: true }));
    if (at.answered || at.pending === 0) {
      count += 1;
      at.trip = count;
      at.answered = false;
    }
    at.pending += 1;
    sent.push({ text: typeof args[0] === 'string' ? args[0] : args[0].text, trip: at.trip });
    const answered = () => {
      at.pending -= 1;
      at.answered = true;
    };
    const last = args.at(-1);
    if (typeof last === 'function') {
      const done = (...results: unknown[]) => {
        answered();
        last(...results);
      };
      return query.apply(this, [...args.slice(0, -1), done]);
    }
    const result = query.apply(this, args) as Promise<unknown>;
    result.then(answered, answered);
    return result;
  };
  try {
    await work();
  } finally {
    prototype.query = query;
    pool.off('connect', onConnect);
  }
  return { sent, count };
}
