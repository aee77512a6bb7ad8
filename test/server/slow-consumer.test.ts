import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket as NetSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { append, envelope } from '../../src/audit/record.ts';
import type { Tenant } from '../../src/db/generated/client.ts';
import type { Client } from '../support/client.ts';
import { World } from '../support/world.ts';
import { json, jsonType, startPlainYoga, until } from './tools.ts';

/** A subscriber over SSE whose socket is not read from. */
async function pausedSse(url: string, headers: object, query: string): Promise<NetSocket> {
  const sent = request(url, { method: 'POST', headers: { ...jsonType, accept: 'text/event-stream', ...headers } });
  sent.on('error', () => undefined);
  sent.end(json(query));
  const [response] = (await once(sent, 'response')) as [
    { socket: NetSocket; pause(): void; on(n: string, f: () => void): void },
  ];
  response.on('error', () => undefined);
  response.pause();
  response.socket.pause();
  return response.socket;
}

async function pausedSocket(url: string, payload: object, query: string): Promise<WebSocket> {
  const ws = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  ws.on('error', () => undefined);
  await once(ws, 'open');
  ws.send(JSON.stringify({ type: 'connection_init', payload }));
  await once(ws, 'message');
  ws.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query } }));
  await once(ws, 'message');
  ws.pause();
  return ws;
}

describe('subscribers that stop reading', () => {
  let world: World;
  let main: Tenant;
  let client: Client;
  const count = 4_000;
  const query = 'subscription { auditEvents(tenant: "main") { cursor event { resourceKey reason } } }';

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    const owner = await world.user('owner', [main]);
    await world.grant(main, owner, ['AUDITLOG:READ']);
    client = await world.as(owner);
  });
  afterAll(() => world.close());

  /** Not the READ events of the streams themselves. */
  const isWritten = (event: { resourceKey: string } | null | undefined) => event?.resourceKey.startsWith('n') ?? false;

  /** Events of two kilobytes each, a hundred in a transaction: more than the buffers of the network hold. */
  const write = async () => {
    for (let i = 0; i < count; i += 100) {
      await world.write(async (tx) => {
        for (let k = i; k < i + 100; k += 1)
          append(tx, {
            ...envelope({
              kind: 'SYSTEM',
              id: '',
              name: 'test',
              requestId: 'test',
              reason: 'r'.repeat(2_000),
            } as never),
            tenantId: main.id,
            tenantKey: main.key,
            type: 'UPDATE',
            action: 'namespace.update',
            outcome: 'SUCCESS',
            resource: 'NAMESPACE',
            resourceId: `n${k}`,
            resourceKey: `n${k}`,
            namespace: `n${k}`,
            patchText: '',
          });
      });
    }
  };

  it('cost no memory and nobody else anything, and are closed with a code after a while', async () => {
    const url = `${world.urls[0]}/graphql`;
    // How many events each subscriber was given, in the order in which they came.
    const { feed } = world.app.services;
    const given: number[] = [];
    const original = feed.follow.bind(feed);
    feed.follow = async function* (position, signal) {
      const own = given.push(0) - 1;
      for await (const events of original(position, signal)) {
        given[own]! += events.filter(isWritten).length;
        yield events;
      }
    };
    const slowSse = await pausedSse(url, client.headers, query);
    const slow = await pausedSocket(url, client.headers, query);
    const paused = Date.now();
    let closedWith: number | undefined;
    slow.on('close', (code) => {
      closedWith = code;
    });
    const left = new AbortController();
    const received = Array.from({ length: 10 }, () => [] as string[]);
    for (const [i, list] of received.entries()) {
      if (i % 2 === 0) {
        const stream = client.sse(query, {}, left.signal);
        await stream.next();
        void (async () => {
          for await (const { data } of stream)
            if (isWritten(data?.auditEvents.event)) list.push(data!.auditEvents.event!.resourceKey);
        })();
      } else {
        const begun = Promise.withResolvers<void>();
        const socket = client.socket();
        left.signal.addEventListener('abort', () => void socket.dispose());
        socket.subscribe<{ auditEvents: { event: { resourceKey: string } | null } }>(
          { query },
          {
            next: ({ data }) => {
              if (isWritten(data?.auditEvents.event)) list.push(data!.auditEvents.event!.resourceKey);
              else begun.resolve();
            },
            error: () => undefined,
            complete: () => undefined,
          },
        );
        await begun.promise;
      }
    }
    // What is held, without what only waits to be collected: clients and gateway share this process.
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const used = () => {
      collect();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    // The first round warms the process up: what it needs for ten healthy clients is not the question here.
    await write();
    await until('all events with all of the healthy', () => received.every((list) => list.length === count), 20_000);
    const before = used();
    for (const list of received) list.length = 0;
    await write();
    await until('all events again', () => received.every((list) => list.length === count), 20_000);
    const grown = (used() - before) / 1_048_576;
    const wanted = Array.from({ length: count }, (_, i) => `n${i}`);
    for (const list of received) expect(list).toEqual(wanted);
    expect(grown).toBeLessThan(100);
    // Nothing was read ahead of the one over SSE that does not take; all was read for the others.
    expect(given.slice(1).every((events) => events === 2 * count)).toBe(true);
    expect(given[0]! < count, String(given)).toBe(true);
    // The one that takes nothing is told to come back; it learns so when it reads again.
    await sleep(Math.max(0, paused + 14_000 - Date.now()));
    slow.resume();
    await until('the close', () => closedWith !== undefined, 15_000);
    expect(closedWith).toBe(1013);
    left.abort();
    slowSse.destroy();
    slow.terminate();
    expect((await client.ok('{ viewer { name } }')).viewer.name).toBe('owner');
  });

  it('control: the stock pub/sub of yoga takes the whole server down', async () => {
    const plain = await startPlainYoga();
    const socket = await pausedSse(`${plain.url}/graphql`, {}, 'subscription { tick }');
    plain.child.stdin!.on('error', () => undefined);
    plain.child.stdin!.write('publish 60000\n');
    const end = await Promise.race([plain.ended, sleep(20_000, undefined)]);
    socket.destroy();
    if (plain.isRunning) await plain.kill();
    expect(end?.code).toBe(1);
    expect(plain.error).toContain('RepeaterOverflowError');
  });
});
