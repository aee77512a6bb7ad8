import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { inRequest } from '../lib/request-scope.ts';
import type { Telemetry } from '../lib/telemetry.ts';
import { requestIdOf } from './claims.ts';
import { compressResponse } from './compress-response.ts';
import type { Console } from './console.ts';
import type { CookieRule } from './cookie-rule.ts';
import { respondToPreflight, setCorsHeaders } from './cors.ts';
import type { Download } from './download.ts';
import { asksForPage, servePage } from './graphiql.ts';
import { fileMethods, graphqlMethods, methodFault } from './methods.ts';
import { observeRequest } from './observe-request.ts';
import type { Handler } from './plain-post.ts';
import { isValidTarget } from './request-target.ts';
import type { Route } from './route.ts';
import { sendError } from './send-error.ts';

export interface HttpOptions {
  /** Handles /graphql. */
  readonly graphql: Handler;
  readonly downloads: readonly Download[];
  /** Undefined if the gateway does not serve the console. */
  readonly console: Console | undefined;
  /** The routes below /auth/ and /scim/. */
  readonly auth: (path: string) => Route | undefined;
  readonly rule: CookieRule;
  readonly origins: (origin: string | undefined, host: string | undefined) => boolean;
  /** Returns true if this gateway can decide and its database responds. */
  readonly isReady: () => boolean;
  /** True if GraphiQL is served. */
  readonly hasPage: boolean;
  readonly telemetry?: Telemetry | undefined;
}

export interface HttpServer {
  readonly server: Server;
  /** Refuses new requests and waits for running ones, at most this long. */
  drain(milliseconds: number): Promise<void>;
}

function answer(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): void {
  sendError(response, { status, headers, message, extensions: { code } });
}

/** Creates the HTTP server around the GraphQL server: health checks, origins, and orderly shutdown. */
export function createHttpServer(options: HttpOptions): HttpServer {
  const { graphql, downloads, console: pages, auth, origins, rule, isReady, hasPage, telemetry } = options;
  let draining = false;
  let running = 0;
  let idle: () => void = () => undefined;
  const routeOf = (path: string): Route | undefined => {
    if (path === '/graphql') return { methods: graphqlMethods, serve: graphql };
    for (const download of downloads) {
      const serve = download(path);
      if (serve) return { methods: fileMethods, serve };
    }
    return auth(path) ?? pages?.routeOf(path);
  };

  const server = createServer(
    { requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16_384 },
    (request: IncomingMessage, response: ServerResponse) => {
      const path = request.url?.split('?', 1)[0];
      if (path === '/healthz') return void response.writeHead(200, { 'Content-Type': 'text/plain' }).end('alive\n');
      if (path === '/readyz') {
        const ready = isReady() && !draining;
        return void response
          .writeHead(ready ? 200 : 503, { 'Content-Type': 'text/plain' })
          .end(ready ? 'ready\n' : 'not ready\n');
      }
      const scope = observeRequest(telemetry, request, response, path ?? '');
      inRequest(scope, () => void handle(request, response, path ?? ''));
    },
  );

  function handle(request: IncomingMessage, response: ServerResponse, path: string): unknown {
    response.setHeader('X-Request-Id', requestIdOf(request));
    const allowsCookies = rule.isAllowedOrigin(request);
    // The gateway's own pages below /auth/ are always served.
    const isOwnPage = path.startsWith('/auth/') && allowsCookies;
    const isAllowed = origins(request.headers.origin, request.headers.host) || isOwnPage;
    setCorsHeaders(request, response, isAllowed, allowsCookies);
    // Shared caches store responses to a cookie, unlike responses to an Authorization header.
    if (request.headers.cookie !== undefined) response.setHeader('Cache-Control', 'no-store');
    if (draining)
      return answer(response, 503, 'UNAVAILABLE', 'The gateway is stopping. Try another one.', {
        Connection: 'close',
        'Retry-After': '1',
      });
    if (!isValidTarget(request.headers.host, request.url))
      return answer(response, 400, 'BAD_INPUT', 'The Host header or the URL is malformed.');
    if (path === '/' && !pages) return void response.writeHead(302, { Location: '/graphql' }).end();
    const route = routeOf(path);
    if (!route && pages && asksForPage(request)) return void pages.serveMissing(request, response);
    if (!route) return answer(response, 404, 'NOT_FOUND', 'Unknown path. The API is at /graphql.');
    if (!isAllowed) return answer(response, 403, 'FORBIDDEN', 'This origin is not allowed.');
    const { methods, serve } = route;
    if (request.method === 'OPTIONS') return respondToPreflight(request, response, methods);
    if (!methods.includes(request.method ?? ''))
      return answer(response, 405, 'BAD_INPUT', methodFault(request.method, methods), {
        Allow: [...methods, 'OPTIONS'].join(', '),
      });
    const isPage = hasPage && serve === graphql && asksForPage(request);
    if (serve === graphql) compressResponse(request, response);
    running += 1;
    response.once('close', () => {
      running -= 1;
      if (running === 0) idle();
    });
    void Promise.resolve((isPage ? servePage : serve)(request, response)).catch(() => {
      if (!response.headersSent) answer(response, 500, 'INTERNAL', 'Something went wrong.');
      else response.destroy();
    });
  }

  return {
    server,
    async drain(milliseconds) {
      draining = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      if (running > 0) {
        await Promise.race([
          new Promise<void>((resolve) => {
            idle = resolve;
          }),
          new Promise((resolve) => setTimeout(resolve, milliseconds).unref()),
        ]);
      }
      server.closeAllConnections();
      await closed;
    },
  };
}
