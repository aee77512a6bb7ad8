import type { IncomingMessage, ServerResponse } from 'node:http';

/** How long browsers cache a preflight response, in seconds. Chromium's maximum. */
const preflightSeconds = 7_200;
/** Response headers that pages of other origins can read. */
const exposed = 'X-Request-Id, Retry-After, Content-Disposition, Gatehouse-Audit-Head, Gatehouse-Audit-Unprovable';

/**
 * Sets the CORS headers of a response. `Vary` makes caches store one response per origin and encoding.
 * @param allowsCookies true if pages of this origin can use the session cookie.
 */
export function setCorsHeaders(
  request: IncomingMessage,
  response: ServerResponse,
  isAllowed: boolean,
  allowsCookies: boolean,
): void {
  const { origin } = request.headers;
  response.setHeader('Vary', 'Origin, Accept-Encoding');
  if (origin === undefined || !isAllowed) return;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', exposed);
  if (allowsCookies) response.setHeader('Access-Control-Allow-Credentials', 'true');
}

/** Responds to OPTIONS with the methods and headers that an allowed origin can use. */
export function respondToPreflight(
  request: IncomingMessage,
  response: ServerResponse,
  methods: readonly string[],
): void {
  const allow = [...methods, 'OPTIONS'].join(', ');
  const headers: Record<string, string> = { Allow: allow, 'Content-Length': '0' };
  if (request.headers.origin !== undefined) {
    headers['Access-Control-Allow-Methods'] = allow;
    headers['Access-Control-Max-Age'] = String(preflightSeconds);
    const asked = request.headers['access-control-request-headers'];
    // An allowed page can send any header.
    if (asked !== undefined) headers['Access-Control-Allow-Headers'] = asked;
    headers['Vary'] = 'Origin, Access-Control-Request-Headers';
  }
  response.writeHead(204, headers).end();
}
