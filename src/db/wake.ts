import pg from 'pg';
import { atMost } from '../lib/at-most.ts';
import type { Log } from '../lib/log.ts';
import type { Connection } from './embedded.ts';
import { isConnectionLost } from './sql-state.ts';
import { cutOff } from './statement-watch.ts';
import { WakeBatcher } from './wake-batcher.ts';

/** Notifies all gateways that data may have changed. Messages can be lost, so every listener also polls. */
export interface Wake {
  /** Sends a topic after commit. Topics within a few milliseconds share a message. */
  send(topic: string): void;
  /** True if notifications of other gateways arrive, as far as known. If false, listeners poll more often. */
  readonly isHealthy?: boolean;
  /** @returns a function to unsubscribe. */
  on(listener: (topic: string) => void): () => void;
  close(): Promise<void>;
}

const channel = 'gatehouse';
const reconnectMs = 500;
/** A connection without a response for this time is closed, because dropped packets cause no error. */
const answerMs = 2_000;
/** Interval of checks. Polls cover messages that are lost until then. */
const heartbeatMs = 20_000;
const closeMs = 500;

/** Notifies gateways over PostgreSQL's LISTEN and NOTIFY, outside the transactions of mutations. */
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
    next.on('notification', ({ payload, processId }) => {
      // Its own message: the local listeners were notified when it was sent.
      if (processId === (next as unknown as { processID: number }).processID) return;
      for (const topic of (payload ?? '').split(',')) batcher.notify(topic);
    });
    try {
      await next.connect();
      await next.query(`LISTEN ${channel}`);
      client = next;
      if (failing) log.info('gateways notify each other again');
      failing = false;
      // Messages during the outage are lost, so all listeners check for changes.
      batcher.notify('*');
    } catch (error) {
      // Logged once per outage. Silence of the database itself is logged elsewhere.
      const level = failing || closed || isConnectionLost(error) ? 'debug' : 'error';
      failing ||= level === 'error';
      log[level]('gateways cannot notify each other; they notice changes by polling', {
        error: (error as Error).message,
      });
      cutOff(next);
      reconnect();
    }
  };
  /** Sequential, because a connection runs one statement at a time. */
  const ask = (text: string, values: string[] = []) => {
    sending = sending.then(async () => {
      const asked = client;
      await asked?.query(text, values).catch(() => cutOff(asked));
    });
  };
  const batcher = new WakeBatcher(gatherMs, (topics) => ask('SELECT pg_notify($1, $2)', [channel, topics]));
  const heartbeat = setInterval(() => ask('SELECT 1'), heartbeatMs);
  heartbeat.unref();
  void connect();

  return {
    get isHealthy() {
      return client !== undefined;
    },
    send: batcher.send,
    on: batcher.on,
    async close() {
      closed = true;
      clearTimeout(retry);
      clearInterval(heartbeat);
      batcher.flush();
      await atMost(
        closeMs,
        sending.then(() => client?.end()),
      );
    },
  };
}
