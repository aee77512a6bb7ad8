import type { IncomingMessage, ServerResponse } from 'node:http';
import { remember } from '../lib/remember.ts';
import type { RequestScope } from '../lib/request-scope.ts';
import { type Labels, secondsSince, type Telemetry } from '../lib/telemetry.ts';
import { requestIdOf } from './claims.ts';

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const routes = new Set(['/graphql', '/auth', '/scim', '/tenants', '/audit', '/assets']);

/** The first part of a known path. Callers invent the others. */
function routeOf(path: string): string {
  const [, first = ''] = /^(\/[^/]*)/.exec(path) ?? [];
  return routes.has(first) ? first : '_OTHER';
}

const labels = new Map<string, Labels>();
const labelsOf = (method: string, route: string, status: number | undefined): Labels =>
  remember(labels, `${method} ${route} ${status}`, () => ({
    'http.request.method': method,
    'http.route': route,
    ...(status === undefined ? { 'error.type': 'aborted' } : { 'http.response.status_code': status }),
  }));

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
  const span = telemetry.trace(`${method} ${route}`);
  scope.span = span;
  response.once('close', () => {
    const { writableFinished, statusCode } = response;
    const ended = labelsOf(method, route, writableFinished ? statusCode : undefined);
    // How long a stream is open says nothing about the gateway.
    if (!isStream(response.getHeader('content-type')))
      telemetry.record('http.server.request.duration', secondsSince(began), ended);
    span?.end(ended, writableFinished && statusCode < 500 ? undefined : 'failed');
  });
  return scope;
}
