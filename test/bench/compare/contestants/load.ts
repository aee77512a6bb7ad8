/**
 * Sends documents from several connections, each when the last is answered, and prints the figures. Bodies of changes are
 * filled in for each request.
 */
import autocannon from 'autocannon';
import { filled } from '../changes.ts';

const { url, connections, duration, token, cookie, bodies } = JSON.parse(process.argv[2]!);
let sent = 0;
const result: any = await autocannon({
  url,
  connections,
  duration,
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    ...(cookie ? { cookie, origin: new URL(url).origin } : { authorization: `Bearer ${token}` }),
  },
  requests: bodies.map((body: object) => {
    const text = JSON.stringify(body);
    const setupRequest = (request: object) => {
      sent += 1;
      return { ...request, body: JSON.stringify(filled(body, sent)) };
    };
    return /NUMBER|VALUE/.test(text) ? { setupRequest } : { body: text };
  }),
});
console.log(
  JSON.stringify({
    total: result.requests.total,
    rate: result.requests.total / result.duration,
    p99: result.latency.p99,
    failed: result.errors + result.timeouts + result.non2xx,
  }),
);
