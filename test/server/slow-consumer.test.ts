import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { append, envelope } from '../../src/audit/record.ts';
import type { Tenant } from '../../src/db/generated/client.ts';
import type { Client } from '../support/client.ts';
import { World } from '../support/world.ts';
import { startReaders } from './readers.ts';
import { json, jsonType, startPlainYoga, until } from './tools.ts';

const soak = process.env['SOAK'] === '1';
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** A subscriber over SSE, or by another Accept header, that does not read from its socket. */
async function pausedHttp(url: string, headers: object, query: string): Promise<IncomingMessage> {
  const sent = request(url, { method: 'POST', headers: { ...jsonType, accept: 'text/event-stream', ...headers } });
  sent.on('error', () => undefined);
  sent.end(json(query));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  response.pause();
  response.socket.pause();
  return response;
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

/** Reads the rest when the paused subscriber continues. */
function readAll(response: IncomingMessage): { text: string } {
  const read = { text: '' };
  response.setEncoding('utf8');
  response.on('data', (chunk) => {
    read.text += chunk;
  });
  response.socket.resume();
  response.resume();
  return read;
}

describe('subscribers that stop reading', () => {
  let world: World;
  let main: Tenant;
  let client: Client;
  const query = (after = '') =>
    `subscription { auditEvents(tenantKey: "main"${after && `, after: "${after}"`}) { cursor event { seq at reason } } }`;

  beforeAll(async () => {
    world = await World.create({ limits: { socketsPerPrincipal: 100 } });
    main = await world.tenant('main');
    const owner = await world.user('owner', [main]);
    await world.grant(main, owner, ['AUDITLOG:READ']);
    client = await world.as(owner);
  });
  afterAll(() => world.close());

  const write = (events: number, reason: string) =>
    world.write(async (tx) => {
      for (let k = 0; k < events; k += 1)
        append(tx, {
          ...envelope({ kind: 'SYSTEM', id: '', name: 'test', requestId: 'test', reason }),
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
  const head = async () => Number((await world.db.auditHead.findUniqueOrThrow({ where: { tenantId: main.id } })).seq);
  /** The numbers of the events after a cursor, up to the last one. */
  const rest = async (after: string, last: number): Promise<number[]> => {
    const socket = client.socket();
    const seqs: number[] = [];
    for await (const { data } of socket.iterate<any>({ query: query(after) })) {
      const { event } = data.auditEvents;
      if (event) seqs.push(Number(event.seq));
      if (Number(event?.seq) === last) break;
    }
    await socket.dispose();
    return seqs;
  };

  it('use little memory, slow no other subscriber down, and are closed with a code and the cursor to resume from', async () => {
    const url = `${world.urls[0]}/graphql`;
    const slowSse = await pausedHttp(url, client.headers, query());
    // Of all tenants, by multipart.
    const accept = 'multipart/mixed; subscriptionSpec=1.0';
    const across = '{ auditEvents { cursor event { seq tenantKey reason } } }';
    const slowMultipart = await pausedHttp(url, { ...world.root().headers, accept }, `subscription ${across}`);
    const slow = await pausedSocket(url, client.headers, query());
    // Their own streams do not deliver the events of their openings.
    const first = await head();
    const given: number[] = [];
    slow.on('message', (data) => {
      const { type, payload } = JSON.parse(String(data)) as { type: string; payload?: any };
      if (type === 'next' && payload.data.auditEvents.event) given.push(Number(payload.data.auditEvents.event.seq));
    });
    const closed = once(slow, 'close') as Promise<[number, Buffer]>;
    const healthy = await startReaders(url, client.headers, query(), soak ? 50 : 12);
    // The memory in use, without uncollected garbage.
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const used = () => {
      collect();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    // More than the network buffers for a paused reader (18 MB); it also warms the process up.
    for (let i = 0; i < 30; i += 1) await write(50, 'r'.repeat(12_000));
    // They get the reason when they read again; a reader that stays paused much longer is disconnected.
    const closing = (async () => {
      await sleep(11_000);
      const text = readAll(slowSse);
      const parts = readAll(slowMultipart);
      slow.resume();
      const [code, reason] = await closed;
      return { text, parts, code, reason };
    })();
    const before = used();
    const began = Date.now();
    const [seconds, rate, burst] = soak ? [60, 2_000, 100] : [2, 500, 20];
    let written = 0;
    while (Date.now() - began < seconds * 1_000) {
      await write(burst, 'r'.repeat(100));
      written += burst;
      await sleep(Math.max(0, began + (written / rate) * 1_000 - Date.now()));
    }
    const last = await head();
    const report = await healthy.until(last);
    const grown = (used() - before) / 1_048_576;
    expect(grown).toBeLessThan(100);
    // A stream does not deliver the event of its own opening.
    for (const { missing, doubled } of report.readers) expect([missing <= 1, doubled]).toEqual([true, 0]);
    const perSecond = Math.round((written * 1_000) / (Date.now() - began));
    console.log(
      `${report.readers.length} healthy WebSockets with two paused subscribers: ${perSecond} events/s for ${seconds} s, p50 ${report.p50} ms, p99 ${report.p99} ms, memory ${grown.toFixed(1)} MB`,
    );
    if (soak) expect(report.p99).toBeLessThan(100);
    const { text, parts, code, reason } = await closing;
    expect(code).toBe(1013);
    const cursor = /^too slow, after (\S+)$/.exec(String(reason))?.[1];
    expect(await rest(cursor!, last)).toEqual(range(given.at(-1)! + 1, last));
    expect(given).toEqual(range(first + 1, given.at(-1)!));
    await until('the last item over SSE', () => /event: complete/.test(text.text));
    const items = [...text.text.matchAll(/^data: (\{.*\})\r?$/gm)].map((match) => JSON.parse(match[1]!) as any);
    const { code: sseCode, cursor: sseCursor } = items.at(-1).errors[0].extensions;
    expect(sseCode).toBe('TOO_SLOW');
    const seqs = items.flatMap(({ data }) => (data?.auditEvents.event ? [Number(data.auditEvents.event.seq)] : []));
    expect(seqs.length).toBeLessThan(1_500);
    expect(await rest(sseCursor, last)).toEqual(range(seqs.at(-1)! + 1, last));
    await until('the last part', () => parts.text.endsWith('--\r\n'));
    const payloads = [...parts.text.matchAll(/^(\{"payload".*\})\r$/gm)].map((match) => JSON.parse(match[1]!).payload);
    const { code: acrossCode, cursor: acrossCursor } = payloads.at(-1).errors[0].extensions;
    expect(acrossCode).toBe('TOO_SLOW');
    const ofMain = (items: any[]) =>
      items.flatMap(({ data }) =>
        data?.auditEvents.event?.tenantKey === 'main' ? [Number(data.auditEvents.event.seq)] : [],
      );
    const had = ofMain(payloads);
    expect(had.length).toBeLessThan(1_500);
    const more: any[] = [];
    const left = new AbortController();
    const continued = across.replace('auditEvents', `auditEvents(after: "${acrossCursor}")`);
    for await (const item of world.root().sse<any>(`subscription ${continued}`, {}, left.signal)) {
      more.push(item);
      if (ofMain([item])[0] === last) break;
    }
    left.abort();
    expect([...had, ...ofMain(more)]).toEqual(range(had[0]!, last));
    await healthy.stop();
    expect((await client.ok('{ viewer { name } }')).viewer.name).toBe('owner');
  });

  it('control: make the stock pub/sub of yoga crash the server', async () => {
    const plain = await startPlainYoga();
    const { socket } = await pausedHttp(`${plain.url}/graphql`, {}, 'subscription { tick }');
    plain.child.stdin!.on('error', () => undefined);
    plain.child.stdin!.write('publish 60000\n');
    const end = await Promise.race([plain.ended, sleep(20_000, undefined)]);
    socket.destroy();
    if (plain.isRunning) await plain.kill();
    expect(end?.code).toBe(1);
    expect(plain.error).toContain('RepeaterOverflowError');
  });
});
