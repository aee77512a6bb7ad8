import type { IncomingMessage } from 'node:http';
import type { Claims } from '../auth/authenticate.ts';
import { newId } from '../lib/ids.ts';

const header = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

/** A request id that the caller may have chosen: kept only where it is harmless in a log. */
const requestIdOf = (req: IncomingMessage): string => {
  const given = header(req.headers['x-request-id']);
  return given !== undefined && /^[\w.:-]{1,100}$/.test(given) ? given : newId();
};

/** What an HTTP request says about who sends it. */
export const claimsOf = (
  req: IncomingMessage,
  addressOf: (request: IncomingMessage) => string | undefined,
): Claims => ({
  authorization: header(req.headers.authorization),
  impersonate: header(req.headers['x-gatehouse-impersonate']),
  ip: addressOf(req),
  requestId: requestIdOf(req),
});
