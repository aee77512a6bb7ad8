import type { IncomingMessage } from 'node:http';
import type { Claims } from '../auth/authenticate.ts';
import { newId } from '../lib/ids.ts';
import { remember } from '../lib/remember.ts';
import type { CookieRule } from './cookie-rule.ts';
import { sessionCookieOf } from './session-cookie.ts';

const header = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

/** The caller's request id. Used only if it is harmless in a log, and never instead of the gateway's own id. */
const callerIdOf = (req: IncomingMessage): string | undefined => {
  const given = header(req.headers['x-request-id']);
  return given !== undefined && /^[\w.:-]{1,100}$/.test(given) ? given : undefined;
};

const ids = new WeakMap<IncomingMessage, { readonly id: string }>();
/**
 * Returns the gateway's own id of a request. Callers cannot choose it, so it reliably groups the events of one request.
 */
export const requestIdOf = (req: IncomingMessage): string => remember(ids, req, () => ({ id: newId() })).id;

/** Returns the credentials and origin that an HTTP request claims. */
export type ClaimsOf = (request: IncomingMessage) => Claims;

export const createClaimsOf =
  (addressOf: (request: IncomingMessage) => string | undefined, rule: CookieRule): ClaimsOf =>
  (request) => {
    const authorization = header(request.headers.authorization);
    const cookie = authorization === undefined ? sessionCookieOf(request) : undefined;
    return {
      authorization,
      cookie,
      cookieFault: cookie === undefined ? undefined : rule.fault(request),
      impersonate: header(request.headers['x-gatehouse-impersonate']),
      ip: addressOf(request),
      requestId: requestIdOf(request),
      callerRequestId: callerIdOf(request),
    };
  };
