import { atMost } from '../lib/at-most.ts';
import type { Log } from '../lib/log.ts';
import type { Wake } from './wake.ts';
import { WakeBatcher } from './wake-batcher.ts';

const channel = 'gatehouse';
const maxRetryMs = 2_000;
const closeMs = 500;

/** The used part of the library's client. */
interface Client {
  readonly isReady: boolean;
  on(event: string, listener: (error: Error) => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  publish(channel: string, message: string): Promise<unknown>;
  destroy(): void;
}

async function connectionsTo(url: string): Promise<Client[]> {
  // Loaded on demand, because it is needed only with Redis.
  const { createClient } = await import('@redis/client');
  const options = {
    url,
    // With RESP 2, pub/sub uses a separate connection in every version of Redis.
    RESP: 2 as const,
    disableOfflineQueue: true,
    // Reconnects if the connection receives nothing, not even a response to a ping.
    pingInterval: 3_000,
    socket: {
      connectTimeout: 2_000,
      socketTimeout: 8_000,
      reconnectStrategy: (retries: number) => Math.min(50 * 2 ** retries, maxRetryMs) + Math.random() * 100,
    },
  };
  return [createClient(options), createClient(options)] as unknown as Client[];
}

/**
 * Notifies gateways over Redis. Messages are lost while Redis is down. All gateways also poll, so changes are only
 * noticed later.
 */
export function createRedisWake(url: string, log: Log, gatherMs = 5): Wake {
  let clients: Client[] = [];
  let failing = false;
  let closed = false;

  const failed = (error: Error) => {
    // Logged once per outage, not for every retry.
    if (!failing && !closed)
      log.error('Redis does not answer; gateways notice changes by polling', { error: error.message });
    failing = true;
  };
  const begin = async () => {
    clients = await connectionsTo(url);
    if (closed) return;
    const [publisher, subscriber] = clients as [Client, Client];
    for (const client of clients) client.on('error', failed);
    subscriber.on('ready', () => {
      if (failing) log.info('Redis answers again');
      failing = false;
      // Messages during the outage are lost, so all listeners check for changes.
      batcher.notify('*');
    });
    await Promise.all([
      publisher.connect(),
      subscriber.connect().then(() =>
        subscriber.subscribe(channel, (message) => {
          for (const topic of message.split(',')) batcher.notify(topic);
        }),
      ),
    ]);
  };
  void begin().catch(failed);

  let sending: Promise<unknown> = Promise.resolve();
  const batcher = new WakeBatcher(gatherMs, (topics) => {
    const [publisher] = clients;
    if (publisher?.isReady) sending = publisher.publish(channel, topics).catch(() => undefined);
  });

  return {
    get isHealthy() {
      return !failing && clients[1]?.isReady === true;
    },
    send: batcher.send,
    on: batcher.on,
    async close() {
      batcher.flush();
      closed = true;
      await atMost(closeMs, sending);
      for (const client of clients) client.destroy();
    },
  };
}
