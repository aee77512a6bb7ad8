import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Time that a person has to answer in the browser. */
const waitMs = 10 * 60_000;

const headers = {
  'Content-Type': 'text/plain; charset=utf-8',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

const isSame = (given: string | null, wanted: string): boolean =>
  given !== null && given.length === wanted.length && timingSafeEqual(Buffer.from(given), Buffer.from(wanted));

/**
 * Waits on a port of this machine for the code that the gateway sends by the browser.
 * @param state of the sign-in. Requests with another one are refused: they belong to another sign-in.
 * @param ready receives the port.
 * @throws if the person denies, or does not answer in time.
 */
export async function codeByLoopback(state: string, ready: (port: number) => void): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const answer = (status: number, text: string) => response.writeHead(status, headers).end(`${text}\n`);
    if (request.method !== 'GET' || url.pathname !== '/') return void answer(404, 'Not found.');
    const code = url.searchParams.get('code');
    const isDenied = url.searchParams.get('error') !== null;
    if (!isSame(url.searchParams.get('state'), state) || (code === null && !isDenied))
      return void answer(400, 'This request does not belong to the sign-in of this command.');
    answer(200, isDenied ? 'Denied. You can close this page.' : 'You can close this page, and go on in the terminal.');
    if (code === null) reject(new Error('The sign-in was denied in the browser.'));
    else resolve(code);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const timer = setTimeout(() => reject(new Error('The sign-in was not allowed in time.')), waitMs);
  try {
    ready((server.address() as AddressInfo).port);
    return await promise;
  } finally {
    clearTimeout(timer);
    server.close();
    // The browser keeps its connection open.
    setTimeout(() => server.closeAllConnections(), 100).unref();
  }
}
