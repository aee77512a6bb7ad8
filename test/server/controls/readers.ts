/**
 * Follows an audit feed on many WebSockets. After a line with a seq on standard input, prints a report once all have
 * received that event.
 */
import { createInterface } from 'node:readline';
import WebSocket from 'ws';

const [url = '', headers = '{}', query = '', count = '1'] = process.argv.slice(2);
const readers = Array.from({ length: Number(count) }, () => ({ next: 0, missing: 0, doubled: 0 }));
const took: number[] = [];
let begun = 0;
let last = Number.POSITIVE_INFINITY;

const percentile = (part: number) => Math.round(took.sort((a, b) => a - b)[Math.floor(took.length * part)] ?? 0);
function printReport(): void {
  if (!readers.every(({ next }) => next > last)) return;
  const report = {
    readers: readers.map(({ missing, doubled }) => ({ missing, doubled })),
    p50: percentile(0.5),
    p99: percentile(0.99),
  };
  console.log(`report ${JSON.stringify(report)}`);
}

for (const reader of readers) {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: JSON.parse(headers) })));
  socket.on('close', (code, reason) => console.error('closed', code, String(reason)));
  socket.on('message', (data) => {
    const text = String(data);
    // Matched by patterns, not parsed: these many readers are not what is measured.
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
    // The large events at the start are not measured.
    if (text.length < 1_000) took.push(Date.now() - Date.parse(/"at":"([^"]+)"/.exec(text)![1]!));
    if (reader.next > last) printReport();
  });
}
createInterface({ input: process.stdin }).on('line', (line) => {
  last = Number(line);
  printReport();
});
