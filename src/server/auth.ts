import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Links } from '../auth/links.ts';
import type { SecondFactorKind } from '../auth/methods.ts';
import type { Providers } from '../auth/oidc/providers.ts';
import { authenticationResponse } from '../auth/passkeys/webauthn.ts';
import { Deadline, withDeadline } from '../db/deadline.ts';
import { badInput, GatehouseError, unauthenticated } from '../errors.ts';
import type { Mask } from '../graphql/mask.ts';
import { rightsOf } from '../policy/principals/rights.ts';
import {
  type Begun,
  beginSession,
  byPassword,
  endSession,
  type SessionServices,
} from '../resources/identity/session/sign-in.ts';
import type { ClaimsOf } from './claims.ts';
import { type CookieRule, isFormType } from './cookie-rule.ts';
import { toEnrolment } from './enrol.ts';
import { signInByPasskey } from './passkey.ts';
import { publicOrigin } from './public-origin.ts';
import type { Route } from './route.ts';
import { createRoutes, fieldsOf, inTime, jsonHeaders, queryParameter } from './routes.ts';
import {
  askForSecondFactor,
  pendingAsks,
  SecondFactorRequired,
  secondFactorCookie,
  signInByCode,
} from './second-factor.ts';
import { errorResponse } from './send-error.ts';
import { pendingCookie, pendingCookieOf, removedCookie, sessionCookie, sessionCookieOf } from './session-cookie.ts';
import { codePage, providerPath, safeNext, shownProviders, signInHeaders, signInPage } from './sign-in-page.ts';

export interface AuthOptions {
  readonly authenticator: Authenticator;
  readonly sessions: SessionServices;
  readonly claimsOf: ClaimsOf;
  readonly rule: CookieRule;
  readonly mask: Mask;
  readonly providers: Providers;
  readonly links: Links;
  /** GATEHOUSE_ORIGINS. */
  readonly origins: readonly string[] | undefined;
  /** GATEHOUSE_PUBLIC_URL. */
  readonly publicUrl: string | undefined;
  readonly requestMs: number;
}

const password = z.strictObject({ username: z.string(), password: z.string() });
const credentials = z.union([
  password,
  z.strictObject({ code: z.string() }),
  z.strictObject({ passkey: authenticationResponse }),
]);
type Password = z.infer<typeof password>;
type Credentials = z.infer<typeof credentials>;

export interface SignedIn extends Begun {
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
  response.writeHead(200, signInHeaders).end(signInPage({ next, ...shownOf(options) }));
}

function listProviders(options: AuthOptions, response: ServerResponse): void {
  const providers = shownProviders(options.providers).map((one) => ({ ...one, url: providerPath(one) }));
  response.writeHead(200, jsonHeaders).end(JSON.stringify({ password: true, providers }));
}

async function signIn(options: AuthOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sent = await fieldsOf(options.rule, request, response);
  if (!sent) return;
  const next = sent.isForm ? safeNext((sent.fields as Form).next) : '/';
  try {
    const given = sent.isForm ? formOf(sent.fields as Form) : parsed(sent.fields);
    const { name, cookie, expiresAt } = await begin(options, request, given);
    const isPending = pendingCookieOf(request) !== undefined;
    const cookies = [sessionCookie(request, cookie), ...(isPending ? [pendingCookie(request, '', 0)] : [])];
    if (sent.isForm)
      response.writeHead(303, { Location: next, 'Set-Cookie': cookies, 'Cache-Control': 'no-store' }).end();
    else
      response
        .writeHead(200, { ...jsonHeaders, 'Set-Cookie': cookies })
        .end(JSON.stringify({ user: { name }, expiresAt: expiresAt.toISOString() }));
  } catch (error) {
    if (error instanceof SecondFactorRequired) response.setHeader('Set-Cookie', secondFactorCookie(request, error));
    if (!sent.isForm) throw error;
    if (error instanceof SecondFactorRequired && error.enrols) return toEnrolment(response, next);
    const { status, headers, message } = errorResponse(error, options.mask);
    const page = await faultPageOf(options, request, sent.fields as Form, next, error, message);
    response.writeHead(status, { ...signInHeaders, ...headers }).end(page);
  }
}

type Form = Readonly<Record<'username' | 'password' | 'code' | 'next', string | undefined>>;
const formOf = ({ username = '', password = '', code }: Form): Credentials =>
  code === undefined ? { username, password } : { code };

/** The page that asks again: for the code, as long as the password counts, or for both. */
async function faultPageOf(
  options: AuthOptions,
  request: IncomingMessage,
  { username = '', code }: Form,
  next: string,
  error: unknown,
  fault: string,
): Promise<string> {
  if (error instanceof SecondFactorRequired) return codePage({ next, asks: error.asks as SecondFactorKind[] });
  const asks = code === undefined ? undefined : await pendingAsks(options, request);
  if (asks) return codePage({ next, asks, fault });
  return signInPage({ next, ...shownOf(options), username: username.slice(0, 200), fault });
}

function parsed(fields: unknown): Credentials {
  const { success, data } = credentials.safeParse(fields);
  if (!success)
    throw badInput(
      ['body'],
      'Send { "username": "…", "password": "…" }, the { "code": "…" } of the second factor, or a { "passkey": … }.',
    );
  return data;
}

const begin = (options: AuthOptions, request: IncomingMessage, given: Credentials): Promise<SignedIn> => {
  if ('code' in given) return inTime(options.requestMs, () => signInByCode(options, request, given.code));
  if ('passkey' in given) return inTime(options.requestMs, () => signInByPasskey(options, request, given.passkey));
  return beginByPassword(options, request, given);
};

/** Verifies the password in the same way as Basic authentication, and begins a session. */
async function beginByPassword(
  options: AuthOptions,
  request: IncomingMessage,
  { username, password }: Password,
): Promise<SignedIn> {
  const { authenticator, sessions, claimsOf, requestMs } = options;
  const former = sessionCookieOf(request);
  const userAgent = request.headers['user-agent'];
  const session = authenticator.passwordSession(claimsOf(request), username, password);
  const deadline = new Deadline(requestMs);
  deadline.owner = () => (session.isProved ? session.accountId : undefined);
  const work = async (): Promise<SignedIn> => {
    // Basic authentication would read the rest of the name as a part of the password.
    if (username.includes(':')) throw unauthenticated();
    await session.refresh();
    const { doer, principal } = session;
    askForSecondFactor(options, principal);
    const begun = await beginSession(sessions, doer, byPassword(principal, false, rightsOf(principal)), {
      userAgent,
      former,
    });
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
