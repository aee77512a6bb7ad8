import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestScope } from '../lib/request-scope.ts';
import { secondsSince, type Telemetry } from '../lib/telemetry.ts';
import { requestIdOf } from './claims.ts';

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const routes = new Set(['/graphql', '/auth', '/scim', '/tenants', '/audit', '/assets']);

/** The first part of a known path. Callers invent the others. */
function routeOf(path: string): string {
  const [, first = ''] = /^(\/[^/]*)/.exec(path) ?? [];
  return routes.has(first) ? first : '_OTHER';
}

const isStream = (type: unknown): boolean => /^(text\/event-stream|multipart\/mixed)/.test(String(type));

/** Creates the scope of an HTTP request, and measures it until its response has ended. */
export function observeRequest(
  telemetry: Telemetry | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): RequestScope {
  const scope: RequestScope = { requestId: requestIdOf(request), statements: 0, span: undefined };
  if (!telemetry) return scope;
  const began = performance.now();
  const method = methods.has(request.method ?? '') ? request.method! : '_OTHER';
  const route = routeOf(path);
  const labels = { 'http.request.method': method, 'http.route': route };
  const span = telemetry.trace(`${method} ${route}`, labels);
  scope.span = span;
  response.once('close', () => {
    const ended = response.writableFinished
      ? { 'http.response.status_code': response.statusCode }
      : { 'error.type': 'aborted' };
    // How long a stream is open says nothing about the gateway.
    if (!isStream(response.getHeader('content-type')))
      telemetry.record('http.server.request.duration', secondsSince(began), { ...labels, ...ended });
    span?.end(ended, response.writableFinished && response.statusCode < 500 ? undefined : 'failed');
  });
  return scope;
}
