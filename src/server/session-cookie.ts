import type { IncomingMessage } from 'node:http';

/** A browser accepts this name only from a secure page of the same host, so no other site or port can set it. */
const secureName = '__Host-gatehouse';
const plainName = 'gatehouse';

const loopback = /^(?:localhost|[\w-]+\.localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/i;

/**
 * True for a request to a loopback host over plain HTTP, where a browser may not keep a secure cookie. A proxy that
 * replaces the Host header is detected by the origin of the page and the headers that it adds.
 */
export function isPlainLoopback({ headers }: IncomingMessage): boolean {
  const { host, origin, forwarded } = headers;
  if (host === undefined || !loopback.test(host)) return false;
  if (forwarded !== undefined || headers['x-forwarded-proto'] === 'https') return false;
  return origin === undefined || (origin.startsWith('http://') && loopback.test(origin.slice('http://'.length)));
}

/** Returns the value of the request's session cookie. */
export function sessionCookieOf(request: IncomingMessage): string | undefined {
  const { cookie } = request.headers;
  if (cookie === undefined) return undefined;
  return namedIn(cookie, secureName) ?? (isPlainLoopback(request) ? namedIn(cookie, plainName) : undefined);
}

/** Every request of a browser has a cookie, so it is found without a list of all of them. */
function namedIn(header: string, name: string): string | undefined {
  const wanted = `${name}=`;
  for (let at = header.indexOf(wanted); at >= 0; at = header.indexOf(wanted, at + 1)) {
    const isWhole = at === 0 || header[at - 1] === ' ' || header[at - 1] === ';';
    if (!isWhole) continue;
    const end = header.indexOf(';', at);
    return header.slice(at + wanted.length, end < 0 ? undefined : end).trim();
  }
  return undefined;
}

/** Short-lived cookies of a sign-in: one that began at a provider, and one whose second factor is still asked for. */
const transactionName = '-sign-in';
const pendingName = '-second-factor';

const ownCookieOf =
  (suffix: string) =>
  (request: IncomingMessage): string | undefined => {
    const { cookie } = request.headers;
    if (cookie === undefined) return undefined;
    return namedIn(cookie, `${isPlainLoopback(request) ? plainName : secureName}${suffix}`);
  };
/** Returns the Set-Cookie header of the cookie; of none, to remove it. */
const ownCookie =
  (suffix: string) =>
  (request: IncomingMessage, value: string, seconds: number): string => {
    const attributes = `Path=/; HttpOnly; SameSite=Lax; Max-Age=${value === '' ? 0 : seconds}`;
    return isPlainLoopback(request)
      ? `${plainName}${suffix}=${value}; ${attributes}`
      : `${secureName}${suffix}=${value}; ${attributes}; Secure`;
  };

export const transactionCookieOf = ownCookieOf(transactionName);
export const transactionCookie = ownCookie(transactionName);
export const pendingCookieOf = ownCookieOf(pendingName);
export const pendingCookie = ownCookie(pendingName);

/** Returns the Set-Cookie header of a session. It has no Max-Age: it ends with the browser, or when the session does. */
export const sessionCookie = (request: IncomingMessage, value: string): string =>
  isPlainLoopback(request)
    ? `${plainName}=${value}; Path=/; HttpOnly; SameSite=Lax`
    : `${secureName}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax`;

/** Returns the Set-Cookie header that removes the cookie. */
export const removedCookie = (request: IncomingMessage): string => `${sessionCookie(request, '')}; Max-Age=0`;
