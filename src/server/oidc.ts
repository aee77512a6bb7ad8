import type { IncomingMessage, ServerResponse } from 'node:http';
import * as client from 'openid-client';
import { SignInFault } from '../auth/oidc/fault.ts';
import type { Provider } from '../auth/oidc/provider.ts';
import {
  isState,
  openTransaction,
  sealTransaction,
  type Transaction,
  transactionMs,
  usedTransaction,
} from '../auth/oidc/transaction.ts';
import { recordFailure } from '../resources/identity/single-sign-on/failure.ts';
import { signInPerson } from '../resources/identity/single-sign-on/sign-in.ts';
import { useOnce } from '../resources/identity/single-sign-on/single-use.ts';
import { backChannelLogout } from './back-channel-logout.ts';
import { type OidcOptions, originOf } from './oidc-options.ts';
import { pageHeaders } from './page.ts';
import { publicOrigin } from './public-origin.ts';
import type { Route } from './route.ts';
import { inTime } from './routes.ts';
import { errorResponse } from './send-error.ts';
import { sessionCookie, sessionCookieOf, transactionCookie, transactionCookieOf } from './session-cookie.ts';
import { faultPage, providerPath, safeNext } from './sign-in-page.ts';

/** A longer path would not fit into the cookie. */
const maxNext = 1_000;

type Serve = (
  options: OidcOptions,
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>;
const parts: Readonly<Record<string, { readonly methods: readonly string[]; readonly serve: Serve }>> = {
  '': { methods: ['GET'], serve: begin },
  '/callback': { methods: ['GET'], serve: callback },
  '/back-channel-logout': { methods: ['POST'], serve: backChannelLogout },
};

/** Serves /auth/oidc/NAME: single sign-on at a provider. */
export function createOidcRoutes(options: OidcOptions): (path: string) => Route | undefined {
  return (path) => {
    const [, name = '', part = ''] = /^\/auth\/oidc\/([a-z0-9-]+)(\/[a-z-]+)?$/.exec(path) ?? [];
    const provider = options.providers.get(name);
    const found = Object.hasOwn(parts, part) ? parts[part] : undefined;
    if (!provider || !found) return undefined;
    const { methods, serve } = found;
    return { methods, serve: (request, response) => serve(options, provider, request, response) };
  };
}

const queryOf = ({ url }: IncomingMessage): string => /\?(.*)$/s.exec(url ?? '')?.[1] ?? '';

function redirectUri({ publicUrl }: OidcOptions, { settings }: Provider, request: IncomingMessage): string {
  const origin = publicOrigin(request, publicUrl);
  if (origin === undefined) throw new SignInFault('NO_PUBLIC_URL', settings);
  return `${origin}${providerPath(settings)}/callback`;
}

/** Sends the browser to the provider. The transaction stays in a cookie, which binds the sign-in to this browser. */
async function begin(
  options: OidcOptions,
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const next = safeNext(new URLSearchParams(queryOf(request)).get('next'));
  const transaction: Transaction = {
    provider: provider.settings.name,
    state: client.randomState(),
    nonce: client.randomNonce(),
    verifier: client.randomPKCECodeVerifier(),
    next: next.length > maxNext ? '/' : next,
    begunAt: Date.now(),
  };
  await withPage(options, provider, request, response, next, async () => {
    const url = await provider.authorizationUrl(redirectUri(options, provider, request), transaction);
    const cookie = sealTransaction(options.sessions.keys, transaction);
    response
      .writeHead(302, {
        Location: url.href,
        'Cache-Control': 'no-store',
        'Set-Cookie': transactionCookie(request, cookie, transactionMs / 1_000),
      })
      .end();
  });
}

/** Ends a sign-in: the provider has sent the browser back. */
async function callback(
  options: OidcOptions,
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { sessions, settled } = options;
  const { settings } = provider;
  const cookie = transactionCookieOf(request);
  const transaction = cookie === undefined ? undefined : openTransaction(sessions.keys, cookie);
  await withPage(options, provider, request, response, transaction?.next ?? '/', async () => {
    const query = queryOf(request);
    const isOwn =
      transaction?.provider === settings.name && isState(transaction, new URLSearchParams(query).get('state'));
    // The cookie of another sign-in is kept: a page of another site can open this URL.
    if (!isOwn) throw new SignInFault('NO_TRANSACTION', settings);
    response.setHeader('Set-Cookie', transactionCookie(request, '', 0));
    const expiresAt = new Date(transaction.begunAt + transactionMs);
    if (expiresAt <= new Date()) throw new SignInFault('EXPIRED', settings);
    if (!(await useOnce(sessions.store.prisma, usedTransaction(sessions.keys, transaction), expiresAt)))
      throw new SignInFault('USED', settings);
    const from = originOf(options, request);
    const proved = await settled(from.ip, () =>
      provider.exchange(redirectUri(options, provider, request), query, transaction),
    );
    const begun = await signInPerson(sessions, provider, proved, {
      ...from,
      userAgent: request.headers['user-agent'],
      former: sessionCookieOf(request),
    });
    response
      .writeHead(303, {
        Location: transaction.next,
        'Cache-Control': 'no-store',
        'Set-Cookie': [transactionCookie(request, '', 0), sessionCookie(request, begun.cookie)],
      })
      .end();
  });
}

/** Runs a step of a sign-in. If it fails, the person sees why and a way back, and the failure is recorded. */
async function withPage(
  options: OidcOptions,
  { settings }: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  next: string,
  work: () => Promise<void>,
): Promise<void> {
  const { mask, log, requestMs } = options;
  try {
    await inTime(requestMs, work);
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    const { status, headers, message, reason, detail } = shown(error, mask);
    const isApart = await recordFailure(options, originOf(options, request), {
      provider: settings.name,
      cause: reason,
      outcome: status >= 500 ? 'ERROR' : 'DENIED',
      action: 'session.login-failure',
      details: detail,
    }).catch((fault: unknown) => mask(fault) !== undefined);
    // A caller without an account can repeat a failure: the log is as short as the audit log.
    if (status >= 500 && isApart) log.error('a sign-in failed', { provider: settings.name, reason, ...detail });
    response.writeHead(status, { ...pageHeaders, ...headers }).end(faultPage(message, next));
  }
}

/** What the page and the event say about an error. */
function shown(error: unknown, mask: OidcOptions['mask']) {
  if (error instanceof SignInFault) return { ...error, message: error.message, headers: {} };
  const { extensions, ...rest } = errorResponse(error, mask);
  return { ...rest, reason: String(extensions['code']), detail: {} };
}
