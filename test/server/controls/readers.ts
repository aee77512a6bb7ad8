/** Follows an audit feed on many WebSockets. A seq on standard input: tells how it went once all have had that event. */
import { createInterface } from 'node:readline';
import WebSocket from 'ws';

const [url = '', headers = '{}', query = '', count = '1'] = process.argv.slice(2);
const readers = Array.from({ length: Number(count) }, () => ({ next: 0, missing: 0, doubled: 0 }));
const took: number[] = [];
let begun = 0;
let last = Number.POSITIVE_INFINITY;

const percentile = (part: number) => Math.round(took.sort((a, b) => a - b)[Math.floor(took.length * part)] ?? 0);
function tell(): void {
  if (!readers.every(({ next }) => next > last)) return;
  const told = {
    readers: readers.map(({ missing, doubled }) => ({ missing, doubled })),
    p50: percentile(0.5),
    p99: percentile(0.99),
  };
  console.log(`told ${JSON.stringify(told)}`);
}

for (const reader of readers) {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: JSON.parse(headers) })));
  socket.on('close', (code, reason) => console.error('closed', code, String(reason)));
  socket.on('message', (data) => {
    const text = String(data);
    // Read by expressions, not parsed: these readers are many, and not what is measured.
    const seq = Number(/"seq":"(\d+)"/.exec(text)?.[1] ?? 0);
    if (seq === 0) {
      if (text.includes('connection_ack'))
        return socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
      begun += 1;
      if (begun === readers.length) console.log('following');
      return;
    }
    if (reader.next > 0 && seq > reader.next) reader.missing += seq - reader.next;
    if (seq < reader.next) reader.doubled += 1;
    reader.next = seq + 1;
    // Of the large events that come first nobody is asked.
    if (text.length < 1_000) took.push(Date.now() - Date.parse(/"at":"([^"]+)"/.exec(text)![1]!));
    if (reader.next > last) tell();
  });
}
createInterface({ input: process.stdin }).on('line', (line) => {
  last = Number(line);
  tell();
});
