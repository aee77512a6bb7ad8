import type { IncomingMessage } from 'node:http';
import { isPlainLoopback } from './session-cookie.ts';

/**
 * A browser adds a cookie to every request, also to one that a page of another site causes. So a cookie counts only if
 * the browser says that an allowed page sent the request.
 */
export interface CookieRule {
  /** True if the page of this request can use cookies: its origin is the gateway's own, or in GATEHOUSE_ORIGINS. */
  readonly isAllowedOrigin: (request: IncomingMessage) => boolean;
  /** True if the request has no origin, or an allowed one, and a browser does not say that it is of another site. */
  readonly maySignIn: (request: IncomingMessage) => boolean;
  /** True if the request comes from an allowed page. */
  readonly isFromPage: (request: IncomingMessage) => boolean;
  /** Returns why the cookie of a request does not count. Undefined if it does. */
  readonly fault: (request: IncomingMessage) => string | undefined;
}

const jsonTypes = new Set(['application/json', 'application/graphql+json']);
/** True for a content type that a page of another origin can send only after a preflight request. */
export const isJsonType = (type: string | undefined): boolean =>
  type === 'application/json' || jsonTypes.has(type?.split(';')[0]?.trim().toLowerCase() ?? '');

export const isFormType = (type: string | undefined): boolean =>
  type?.split(';')[0]?.trim().toLowerCase() === 'application/x-www-form-urlencoded';

/** @param origins GATEHOUSE_ORIGINS. */
export function createCookieRule(origins: readonly string[] | undefined): CookieRule {
  const listed = new Set(origins);
  const isAllowedOrigin = (request: IncomingMessage): boolean => {
    const { origin, host } = request.headers;
    if (origin === undefined) return false;
    if (listed.has(origin)) return true;
    if (origin === `https://${host}`) return true;
    // A page of the same host over plain HTTP may be an attacker's on the network.
    return origin === `http://${host}` && isPlainLoopback(request);
  };
  /** Browsers send no origin with a GET request to the page's own origin. */
  const isFromPage = (request: IncomingMessage): boolean =>
    request.headers.origin === undefined
      ? request.headers.upgrade === undefined && request.headers['sec-fetch-site'] === 'same-origin'
      : isAllowedOrigin(request);
  return {
    isAllowedOrigin,
    isFromPage,
    maySignIn: (request) => {
      const site = request.headers['sec-fetch-site'];
      return request.headers.origin === undefined
        ? site === undefined || site === 'same-origin'
        : isAllowedOrigin(request);
    },
    fault(request) {
      if (!isFromPage(request))
        return 'The session cookie does not count: the request does not come from an allowed page. Send an Origin of the gateway or of GATEHOUSE_ORIGINS.';
      if (request.method === 'POST' && !isJsonType(request.headers['content-type']))
        return 'The session cookie does not count. Send application/json.';
      return undefined;
    },
  };
}
