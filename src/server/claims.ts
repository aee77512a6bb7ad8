import type { IncomingMessage } from 'node:http';
import type { Claims } from '../auth/authenticate.ts';
import { newId } from '../lib/ids.ts';
import { remember } from '../lib/remember.ts';

const header = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

/** What the caller calls the request: kept only where it is harmless in a log, and beside our own id. */
const callerIdOf = (req: IncomingMessage): string | undefined => {
  const given = header(req.headers['x-request-id']);
  return given !== undefined && /^[\w.:-]{1,100}$/.test(given) ? given : undefined;
};

const ids = new WeakMap<IncomingMessage, { readonly id: string }>();
/** Our own id of a request, which nobody can choose: events of one request are known by it. */
export const requestIdOf = (req: IncomingMessage): string => remember(ids, req, () => ({ id: newId() })).id;

/** What an HTTP request says about who sends it. */
export const claimsOf = (
  req: IncomingMessage,
  addressOf: (request: IncomingMessage) => string | undefined,
): Claims => ({
  authorization: header(req.headers.authorization),
  impersonate: header(req.headers['x-gatehouse-impersonate']),
  ip: addressOf(req),
  requestId: requestIdOf(req),
  callerRequestId: callerIdOf(req),
});
