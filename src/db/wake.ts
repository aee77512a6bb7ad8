import pg from 'pg';
import type { Log } from '../lib/log.ts';
import type { Connection } from './embedded.ts';

/** Tells all gateways that something may have changed. It may lose a message: every listener polls as well. */
export interface Wake {
  /** Sends topics after commit; those of a few milliseconds go together. */
  send(topic: string): void;
  /** @returns how to stop listening. */
  on(listener: (topic: string) => void): () => void;
  close(): Promise<void>;
}

const channel = 'gatehouse';

/** Wakes over PostgreSQL's LISTEN and NOTIFY, outside every transaction of a mutation. */
export function createPostgresWake(connection: Connection, log: Log, gatherMs = 5): Wake {
  const listeners = new Set<(topic: string) => void>();
  const pending = new Set<string>();
  let client: pg.Client | undefined;
  let closed = false;
  let sending: Promise<unknown> = Promise.resolve();
  let retry: NodeJS.Timeout | undefined;
  let gather: NodeJS.Timeout | undefined;

  const tell = (topic: string) => {
    for (const listener of listeners) listener(topic);
  };
  const reconnect = () => {
    client = undefined;
    if (closed || retry) return;
    retry = setTimeout(() => {
      retry = undefined;
      void connect();
    }, 500);
    retry.unref();
  };
  const connect = async () => {
    const next = new pg.Client({ ...connection, connectionTimeoutMillis: 2_000, keepAlive: true });
    next.on('error', reconnect);
    next.on('end', reconnect);
    next.on('notification', ({ payload }) => {
      for (const topic of (payload ?? '').split(',')) tell(topic);
    });
    try {
      await next.connect();
      await next.query(`LISTEN ${channel}`);
      client = next;
      // What was said while nobody listened is not repeated: everybody looks once.
      tell('*');
    } catch (error) {
      log.debug('wake connection failed', { error: (error as Error).message });
      await next.end().catch(() => undefined);
      reconnect();
    }
  };
  const flush = () => {
    gather = undefined;
    const topics = [...pending].join(',');
    pending.clear();
    // NOTIFY carries at most 8,000 bytes; more topics than fit means everybody looks.
    const payload = topics.length < 7_900 ? topics : '*';
    // One after the other: a connection runs one statement at a time.
    sending = sending.then(() => client?.query('SELECT pg_notify($1, $2)', [channel, payload])).catch(() => undefined);
  };
  void connect();

  return {
    send(topic) {
      tell(topic);
      pending.add(topic);
      gather ??= setTimeout(flush, gatherMs);
    },
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closed = true;
      clearTimeout(retry);
      clearTimeout(gather);
      await sending;
      await client?.end().catch(() => undefined);
    },
  };
}
