/** Sends one document from several connections, each when the last is answered, and prints the figures. */
import autocannon from 'autocannon';

const { url, connections, duration, token, query } = JSON.parse(process.argv[2]!);
const result: any = await autocannon({
  url,
  connections,
  duration,
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
  body: JSON.stringify({ query }),
});
console.log(
  JSON.stringify({
    total: result.requests.total,
    rate: result.requests.total / result.duration,
    p99: result.latency.p99,
    failed: result.errors + result.timeouts + result.non2xx,
  }),
);
