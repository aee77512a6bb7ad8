/**
 * The subscribers of the benchmark, in a separate process. They count the items and measure the latency of one in a
 * hundred.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';

export type Command =
  | { readonly open: string; readonly url: string; readonly tokens: readonly string[]; readonly query: string }
  | { readonly expect: string; readonly items: number };
export interface Report {
  readonly group: string;
  /** Latencies of a sample of items, in milliseconds. */
  readonly took: readonly number[];
}

interface Group {
  readonly sockets: WebSocket[];
  received: number;
  wanted: number;
  took: number[];
}
const groups = new Map<string, Group>();
const report = (group: string, took: readonly number[] = []): void => void process.send!({ group, took });

async function open(name: string, url: string, tokens: readonly string[], query: string): Promise<void> {
  const group: Group = { sockets: [], received: 0, wanted: 0, took: [] };
  groups.set(name, group);
  let begun = 0;
  const take = (text: Buffer) => {
    group.received += 1;
    if (group.received % 100 === 0) {
      const sentAt = /"requestId":"([\d.]+)"/.exec(String(text))?.[1];
      if (sentAt !== undefined) group.took.push(performance.timeOrigin + performance.now() - Number(sentAt));
    }
    if (group.received === group.wanted) report(name, group.took);
  };
  for (const [i, token] of tokens.entries()) {
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { perMessageDeflate: false });
    group.sockets.push(socket);
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
  if ('open' in command) return void open(command.open, command.url, command.tokens, command.query);
  const group = groups.get(command.expect)!;
  group.received = 0;
  group.took = [];
  group.wanted = command.items * group.sockets.length;
  process.send!({ group: command.expect, took: [] });
});
