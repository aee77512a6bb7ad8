import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Links } from '../auth/links.ts';
import type { Providers } from '../auth/oidc/providers.ts';
import { Deadline, withDeadline } from '../db/deadline.ts';
import { badInput, GatehouseError, unauthenticated } from '../errors.ts';
import type { Mask } from '../graphql/mask.ts';
import {
  type Begun,
  beginSession,
  byPassword,
  endSession,
  type SessionServices,
} from '../resources/identity/session/sign-in.ts';
import type { ClaimsOf } from './claims.ts';
import { type CookieRule, isFormType } from './cookie-rule.ts';
import { pageHeaders } from './page.ts';
import { publicOrigin } from './public-origin.ts';
import type { Route } from './route.ts';
import { createRoutes, fieldsOf, jsonHeaders, queryParameter } from './routes.ts';
import { errorResponse } from './send-error.ts';
import { removedCookie, sessionCookie, sessionCookieOf } from './session-cookie.ts';
import { providerPath, safeNext, shownProviders, signInPage } from './sign-in-page.ts';

export interface AuthOptions {
  readonly authenticator: Authenticator;
  readonly sessions: SessionServices;
  readonly claimsOf: ClaimsOf;
  readonly rule: CookieRule;
  readonly mask: Mask;
  readonly providers: Providers;
  readonly links: Links;
  /** GATEHOUSE_PUBLIC_URL. */
  readonly publicUrl: string | undefined;
  readonly requestMs: number;
}

const credentials = z.strictObject({ username: z.string(), password: z.string() });

interface SignedIn extends Begun {
  readonly name: string;
}

/** Serves /auth/: the ways for browsers to sign in and out. Everything else about sessions is GraphQL. */
export function createAuthRoutes(options: AuthOptions): (path: string) => Route | undefined {
  return createRoutes(options.mask, {
    '/auth/sign-in': {
      GET: (request, response) => showPage(options, request, response),
      POST: (request, response) => signIn(options, request, response),
    },
    '/auth/sign-out': { POST: (request, response) => signOut(options, request, response) },
    '/auth/providers': { GET: (_request, response) => listProviders(options, response) },
  });
}

const shownOf = ({ providers, links }: AuthOptions) => ({
  providers: shownProviders(providers),
  canReset: links.areSent,
});

function showPage(options: AuthOptions, request: IncomingMessage, response: ServerResponse): void {
  const next = safeNext(queryParameter(request, 'next'));
  response.writeHead(200, pageHeaders).end(signInPage({ next, ...shownOf(options) }));
}

function listProviders(options: AuthOptions, response: ServerResponse): void {
  const providers = shownProviders(options.providers).map((one) => ({ ...one, url: providerPath(one) }));
  response.writeHead(200, jsonHeaders).end(JSON.stringify({ password: true, providers }));
}

async function signIn(options: AuthOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sent = await fieldsOf(options.rule, request, response);
  if (!sent) return;
  if (!sent.isForm) {
    const { name, cookie, expiresAt } = await begin(options, request, parsed(sent.fields));
    response.writeHead(200, { ...jsonHeaders, 'Set-Cookie': sessionCookie(request, cookie) });
    response.end(JSON.stringify({ user: { name }, expiresAt: expiresAt.toISOString() }));
    return;
  }
  const { username = '', password = '', next: path } = sent.fields as Record<string, string | undefined>;
  const next = safeNext(path);
  try {
    const { cookie } = await begin(options, request, { username, password });
    const headers = { Location: next, 'Set-Cookie': sessionCookie(request, cookie), 'Cache-Control': 'no-store' };
    response.writeHead(303, headers).end();
  } catch (error) {
    const { status, headers, message } = errorResponse(error, options.mask);
    const page = signInPage({
      next,
      providers: shownProviders(options.providers),
      username: username.slice(0, 200),
      fault: message,
    });
    response.writeHead(status, { ...pageHeaders, ...headers }).end(page);
  }
}

function parsed(fields: unknown): z.infer<typeof credentials> {
  const { success, data } = credentials.safeParse(fields);
  if (!success) throw badInput(['body'], 'Send { "username": "…", "password": "…" }.');
  return data;
}

/** Verifies the password in the same way as Basic authentication, and begins a session. */
async function begin(
  { authenticator, sessions, claimsOf, requestMs }: AuthOptions,
  request: IncomingMessage,
  { username, password }: z.infer<typeof credentials>,
): Promise<SignedIn> {
  const former = sessionCookieOf(request);
  const userAgent = request.headers['user-agent'];
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const claims = { ...claimsOf(request), authorization, impersonate: undefined };
  const session = authenticator.session(claims);
  const deadline = new Deadline(requestMs);
  deadline.owner = () => (session.isProved ? session.accountId : undefined);
  const work = async (): Promise<SignedIn> => {
    // Basic authentication would read the rest of the name as a part of the password.
    if (username.includes(':')) throw unauthenticated();
    await session.refresh();
    const { doer, principal } = session;
    const begun = await beginSession(sessions, doer, byPassword(principal), { userAgent, former });
    return { ...begun, name: principal.name };
  };
  try {
    return await Promise.race([withDeadline(deadline, work), deadline.over]);
  } catch (error) {
    throw error instanceof GatehouseError && error.code === 'UNAUTHENTICATED' ? refused(error) : error;
  } finally {
    deadline.clear();
  }
}

/** The same for unknown names, wrong passwords, and disabled and locked accounts. */
function refused({ extensions }: GatehouseError): GatehouseError {
  const { retryAfter } = extensions as { retryAfter?: number };
  const minutes = Math.ceil((retryAfter ?? 0) / 60);
  const wait = retryAfter === undefined ? '' : ` Too many sign-ins failed. Try again in ${minutes} minutes.`;
  return unauthenticated({ retryAfter, message: `The user name or the password is incorrect.${wait}` });
}

async function signOut(
  { sessions, claimsOf, rule, providers, publicUrl }: AuthOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const cookie = sessionCookieOf(request);
  // The answer removes the cookie, also one that the browser has but did not send to another site.
  if (cookie === undefined ? !rule.maySignIn(request) : !rule.isFromPage(request))
    throw new GatehouseError('FORBIDDEN', 'Sign out from a page of the gateway or of GATEHOUSE_ORIGINS.');
  const { ip, requestId, callerRequestId } = claimsOf(request);
  const ended = await endSession(sessions, cookie, {
    requestId,
    ...(ip !== undefined && { ip }),
    ...(callerRequestId !== undefined && { callerRequestId }),
  });
  const headers = { 'Cache-Control': 'no-store', 'Set-Cookie': removedCookie(request) };
  // The person may still be signed in at the provider. The session here has ended in any case.
  const provider = ended && providers.get(ended.provider);
  const returnTo = `${publicOrigin(request, publicUrl) ?? ''}/auth/sign-in`;
  const url = (await provider?.endSessionUrl(returnTo, ended?.idToken))?.href;
  if (isFormType(request.headers['content-type']))
    return void response.writeHead(303, { ...headers, Location: url ?? '/auth/sign-in' }).end();
  if (url === undefined) return void response.writeHead(204, headers).end();
  response.writeHead(200, { ...jsonHeaders, ...headers }).end(JSON.stringify({ endSessionUrl: url }));
}
