import { atMost } from '../lib/at-most.ts';
import type { Log } from '../lib/log.ts';
import { Gather } from './read-batcher.ts';
import type { Wake } from './wake.ts';

const channel = 'gatehouse';
const maxRetryMs = 2_000;
const closeMs = 500;

/** What is used of a client of the library. */
interface Client {
  readonly isReady: boolean;
  on(event: string, listener: (error: Error) => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  publish(channel: string, message: string): Promise<unknown>;
  destroy(): void;
}

async function connectionsTo(url: string): Promise<Client[]> {
  // Loaded where it is asked for: who has no Redis needs no client for it.
  const { createClient } = await import('@redis/client');
  const options = {
    url,
    // Pub/sub takes a connection of its own this way, with every version of Redis.
    RESP: 2 as const,
    disableOfflineQueue: true,
    // A connection on which nothing comes back, not even to a ping, is made anew.
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
 * Wakes over Redis. What is said while Redis is away is lost: everybody polls, so nothing fails and nothing is missed,
 * it is only heard of later.
 */
export function createRedisWake(url: string, log: Log, gatherMs = 5): Wake {
  let clients: Client[] = [];
  let failing = false;
  let closed = false;

  const failed = (error: Error) => {
    // Told once for each time that it goes, not for every try.
    if (!failing && !closed)
      log.error('Redis does not answer; gateways hear of each other by their polls', { error: error.message });
    failing = true;
  };
  const begin = async () => {
    clients = await connectionsTo(url);
    if (closed) return;
    const [speaker, hearer] = clients as [Client, Client];
    for (const client of clients) client.on('error', failed);
    hearer.on('ready', () => {
      if (failing) log.info('Redis answers again');
      failing = false;
      // What was said while nobody listened is not repeated: everybody looks once.
      gather.tell('*');
    });
    await Promise.all([
      speaker.connect(),
      hearer.connect().then(() =>
        hearer.subscribe(channel, (message) => {
          for (const topic of message.split(',')) gather.tell(topic);
        }),
      ),
    ]);
  };
  void begin().catch(failed);

  let sending: Promise<unknown> = Promise.resolve();
  const gather = new Gather(gatherMs, (topics) => {
    const [speaker] = clients;
    if (speaker?.isReady) sending = speaker.publish(channel, topics).catch(() => undefined);
  });

  return {
    get isHealthy() {
      return !failing && clients[1]?.isReady === true;
    },
    send: gather.send,
    on: gather.on,
    async close() {
      gather.flush();
      closed = true;
      await atMost(closeMs, sending);
      for (const client of clients) client.destroy();
    },
  };
}
