import pg from 'pg';
import { atMost } from '../lib/at-most.ts';
import type { Log } from '../lib/log.ts';
import type { Connection } from './embedded.ts';
import { Gather } from './read-batcher.ts';
import { isConnectionLost } from './sql-state.ts';
import { cutOff } from './statement-watch.ts';

/** Tells all gateways that something may have changed. It may lose a message: every listener polls as well. */
export interface Wake {
  /** Sends topics after commit; those of a few milliseconds go together. */
  send(topic: string): void;
  /** Is what others say heard, as far as is known? Where it is not, everybody polls more often. */
  readonly isHealthy?: boolean;
  /** @returns how to stop listening. */
  on(listener: (topic: string) => void): () => void;
  close(): Promise<void>;
}

const channel = 'gatehouse';
const reconnectMs = 500;
/** A connection that does not answer for so long is given up: nothing tells that a network swallows packets. */
const answerMs = 2_000;
/** Polls cover what is lost until then. */
const heartbeatMs = 20_000;
const closeMs = 500;

/** Wakes over PostgreSQL's LISTEN and NOTIFY, outside every transaction of a mutation. */
export function createPostgresWake(connection: Connection, log: Log, gatherMs = 5): Wake {
  let client: pg.Client | undefined;
  let closed = false;
  let failing = false;
  let sending: Promise<unknown> = Promise.resolve();
  let retry: NodeJS.Timeout | undefined;

  const reconnect = () => {
    client = undefined;
    if (closed || retry) return;
    retry = setTimeout(() => {
      retry = undefined;
      void connect();
    }, reconnectMs);
    retry.unref();
  };
  const connect = async () => {
    const next = new pg.Client({
      ...connection,
      connectionTimeoutMillis: 2_000,
      query_timeout: answerMs,
      keepAlive: true,
    });
    const lost = () => {
      if (client === next || client === undefined) reconnect();
    };
    next.on('error', lost);
    next.on('end', lost);
    next.on('notification', ({ payload }) => {
      for (const topic of (payload ?? '').split(',')) gather.tell(topic);
    });
    try {
      await next.connect();
      await next.query(`LISTEN ${channel}`);
      client = next;
      if (failing) log.info('gateways can wake each other again');
      failing = false;
      // What was said while nobody listened is not repeated: everybody looks once.
      gather.tell('*');
    } catch (error) {
      // Told once for each time that it goes. That the database itself is silent is told elsewhere.
      const level = failing || closed || isConnectionLost(error) ? 'debug' : 'error';
      failing ||= level === 'error';
      log[level]('gateways cannot wake each other; they hear of changes by their polls', {
        error: (error as Error).message,
      });
      cutOff(next);
      reconnect();
    }
  };
  /** One after the other: a connection runs one statement at a time. */
  const ask = (text: string, values: string[] = []) => {
    sending = sending.then(async () => {
      const asked = client;
      await asked?.query(text, values).catch(() => cutOff(asked));
    });
  };
  const gather = new Gather(gatherMs, (topics) => ask('SELECT pg_notify($1, $2)', [channel, topics]));
  const heartbeat = setInterval(() => ask('SELECT 1'), heartbeatMs);
  heartbeat.unref();
  void connect();

  return {
    get isHealthy() {
      return client !== undefined;
    },
    send: gather.send,
    on: gather.on,
    async close() {
      closed = true;
      clearTimeout(retry);
      clearInterval(heartbeat);
      gather.flush();
      await atMost(
        closeMs,
        sending.then(() => client?.end()),
      );
    },
  };
}
