/**
 * The subscribers of the benchmark, in a separate process. They count the items and measure the latency of one in a
 * hundred.
 */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';

export type Command =
  | {
      readonly open: string;
      readonly url: string;
      readonly tokens: readonly string[];
      readonly query: string;
      readonly over?: 'SSE';
    }
  | { readonly expect: string; readonly items: number };
export interface Report {
  readonly group: string;
  /** Latencies of a sample of items, in milliseconds. */
  readonly took: readonly number[];
}

interface Group {
  subscribers: number;
  received: number;
  wanted: number;
  took: number[];
}
const groups = new Map<string, Group>();
const report = (group: string, took: readonly number[] = []): void => void process.send!({ group, took });

/** Items of one SSE response. */
function readEvents(url: string, token: string, query: string, take: (data: string) => void): void {
  const headers = {
    'Content-Type': 'application/json',
    Accept: 'text/event-stream',
    Authorization: `Bearer ${token}`,
  };
  const sent = request(url, { method: 'POST', headers }, (response) => {
    response.setEncoding('utf8');
    let rest = '';
    response.on('data', (chunk: string) => {
      const events = (rest + chunk).split('\n\n');
      rest = events.pop()!;
      for (const event of events) if (event.startsWith('event: next')) take(event);
    });
  });
  sent.on('error', (error) => console.error(error));
  sent.end(JSON.stringify({ query }));
}

async function open(name: string, url: string, tokens: readonly string[], query: string, over?: 'SSE'): Promise<void> {
  const group: Group = { subscribers: tokens.length, received: 0, wanted: 0, took: [] };
  groups.set(name, group);
  let begun = 0;
  const take = (text: Buffer | string) => {
    group.received += 1;
    if (group.received % 100 === 0) {
      const sentAt = /"requestId":"([\d.]+)"/.exec(String(text))?.[1];
      if (sentAt !== undefined) group.took.push(performance.timeOrigin + performance.now() - Number(sentAt));
    }
    if (group.received === group.wanted) report(name, group.took);
  };
  for (const [i, token] of tokens.entries()) {
    if (over === 'SSE') {
      let first = true;
      readEvents(url, token, query, (event) => {
        if (!first) return take(event);
        first = false;
        begun += 1;
      });
      if (i % 50 === 49) await sleep(20);
      continue;
    }
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { perMessageDeflate: false });
    socket.on('error', (error) => console.error(error));
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })),
    );
    const begin = (data: Buffer) => {
      const { type } = JSON.parse(String(data)) as { type: string };
      if (type === 'connection_ack')
        return socket.send(JSON.stringify({ id: String(i), type: 'subscribe', payload: { query } }));
      if (type !== 'next') throw new Error(String(data));
      begun += 1;
      socket.off('message', begin);
      socket.on('message', take);
    };
    socket.on('message', begin);
    if (i % 50 === 49) await sleep(20);
  }
  while (begun < tokens.length) await sleep(20);
  report(name);
}

process.on('message', (command: Command) => {
  if ('open' in command) return void open(command.open, command.url, command.tokens, command.query, command.over);
  const group = groups.get(command.expect)!;
  group.received = 0;
  group.took = [];
  group.wanted = command.items * group.subscribers;
  process.send!({ group: command.expect, took: [] });
});
