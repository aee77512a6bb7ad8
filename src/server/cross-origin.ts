import type { IncomingMessage, ServerResponse } from 'node:http';

/** Seconds that a browser keeps the answer to a preflight: the most that Chromium keeps. */
const preflightSeconds = 7_200;
/** Headers of answers that a page of another origin may read. */
const exposed = 'X-Request-Id, Retry-After, Content-Disposition, Gatehouse-Audit-Head, Gatehouse-Audit-Unprovable';

/** Lets the page of an allowed origin read the answer. A cache keeps answers apart by what they differ by. */
export function shareAnswer(request: IncomingMessage, response: ServerResponse, isAllowed: boolean): void {
  const { origin } = request.headers;
  response.setHeader('Vary', 'Origin, Accept-Encoding');
  if (origin === undefined || !isAllowed) return;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', exposed);
}

/** Answers OPTIONS: with which methods and headers an allowed origin may ask. */
export function answerPreflight(request: IncomingMessage, response: ServerResponse, methods: readonly string[]): void {
  const allow = [...methods, 'OPTIONS'].join(', ');
  const headers: Record<string, string> = { Allow: allow, 'Content-Length': '0' };
  if (request.headers.origin !== undefined) {
    headers['Access-Control-Allow-Methods'] = allow;
    headers['Access-Control-Max-Age'] = String(preflightSeconds);
    const asked = request.headers['access-control-request-headers'];
    // No request rests on what a browser adds by itself, so no header of an allowed page is refused.
    if (asked !== undefined) headers['Access-Control-Allow-Headers'] = asked;
    headers['Vary'] = 'Origin, Access-Control-Request-Headers';
  }
  response.writeHead(204, headers).end();
}
