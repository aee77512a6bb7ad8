import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { badInput, unauthenticated } from '../errors.ts';
import { loadPrincipal } from '../policy/principals/principal.ts';
import {
  type Acceptor,
  type AcceptServices,
  acceptInvitation,
  type Opened,
  openInvitation,
} from '../resources/identity/invitation/accept.ts';
import { acceptPath } from '../resources/identity/invitation/service.ts';
import { type Begun, beginSession, byPassword } from '../resources/identity/session/sign-in.ts';
import { hashedPassword } from '../resources/identity/user/service.ts';
import { username as userName } from '../resources/rules.ts';
import { acceptPage, deadLinkPage } from './accept-page.ts';
import type { AuthOptions } from './auth.ts';
import { originOf } from './oidc-options.ts';
import { pageHeaders } from './page.ts';
import { pageSession } from './page-session.ts';
import type { Route } from './route.ts';
import { createRoutes, fieldsOf, inTime, jsonHeaders, queryParameter } from './routes.ts';
import { askForSecondFactor, SecondFactorRequired, secondFactorCookie } from './second-factor.ts';
import { errorResponse } from './send-error.ts';
import { sessionCookie, sessionCookieOf } from './session-cookie.ts';
import { shownProviders } from './sign-in-page.ts';

export interface AcceptOptions extends AuthOptions {
  readonly acceptance: AcceptServices;
}

const content = z.strictObject({
  token: z.string(),
  username: z.string().optional(),
  password: z.string().optional(),
});
type Content = z.infer<typeof content>;

/** Serves /auth/accept: a person accepts an invitation, as a new user or as the user who is signed in. */
export function createAcceptRoutes(options: AcceptOptions): (path: string) => Route | undefined {
  return createRoutes(options.mask, {
    [acceptPath]: {
      GET: (request, response) => show(options, request, response),
      POST: (request, response) => accept(options, request, response),
    },
  });
}

/** Returns the user whose session the browser has, or whose password the request has. Undefined without one. */
async function signedInUser(options: AcceptOptions, request: IncomingMessage) {
  const session = await pageSession(options, request);
  const { principal, identity } = session ?? {};
  return principal?.kind === 'USER' && identity?.credential.kind !== 'api-token' ? principal : undefined;
}

async function show(options: AcceptOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const token = queryParameter(request, 'token') ?? '';
  await withPage(options, request, response, token, undefined, async (invitation) => {
    const user = await signedInUser(options, request).catch(() => undefined);
    response.writeHead(200, pageHeaders).end(pageOf(options, invitation, token, user?.name));
  });
}

const pageOf = (
  { acceptance: { passwordLength }, providers }: AcceptOptions,
  { tenant, email }: Opened,
  token: string,
  signedInAs: string | undefined,
  more: { readonly username?: string; readonly fault?: string } = {},
): string =>
  acceptPage({
    token,
    tenant: tenant.name,
    email,
    passwordLength,
    signedInAs,
    providers: shownProviders(providers),
    ...more,
  });

async function accept(options: AcceptOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sent = await fieldsOf(options.rule, request, response);
  if (!sent) return;
  const { success, data } = content.safeParse(sent.fields);
  if (!success)
    throw badInput(
      ['body'],
      'Send { "token": "…", "username": "…", "password": "…" }, or the token alone if signed in.',
    );
  const answer = async (invitation: Opened): Promise<void> => {
    const { name, begun, enrolment } = await complete(options, request, invitation, data);
    const value = begun ? sessionCookie(request, begun.cookie) : enrolment && secondFactorCookie(request, enrolment);
    const cookie = value !== undefined && { 'Set-Cookie': value };
    const location = enrolment ? '/auth/enrol?next=/' : '/';
    if (sent.isForm)
      return void response.writeHead(303, { Location: location, 'Cache-Control': 'no-store', ...cookie }).end();
    const { key, name: tenantName } = invitation.tenant;
    const tenant = { key, name: tenantName };
    const more = begun ? { expiresAt: begun.expiresAt } : enrolment && { asks: enrolment.asks };
    const body = { user: { name }, tenant, ...more };
    response.writeHead(200, { ...jsonHeaders, ...cookie }).end(JSON.stringify(body));
  };
  if (sent.isForm) return withPage(options, request, response, data.token, data.username, answer);
  await inTime(options.requestMs, async () => answer(await openInvitation(options.acceptance, data.token)));
}

/** Runs work about an invitation. If it fails, the page says why. */
async function withPage(
  options: AcceptOptions,
  request: IncomingMessage,
  response: ServerResponse,
  token: string,
  username: string | undefined,
  work: (invitation: Opened) => Promise<void>,
): Promise<void> {
  let invitation: Opened | undefined;
  try {
    await inTime(options.requestMs, async () => {
      invitation = await openInvitation(options.acceptance, token);
      await work(invitation);
    });
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    const { status, headers, message: fault } = errorResponse(error, options.mask);
    const user = await signedInUser(options, request).catch(() => undefined);
    const isDead = invitation === undefined || status === 404;
    const more = { fault, ...(username !== undefined && { username: username.slice(0, 200) }) };
    const text = isDead ? deadLinkPage(fault) : pageOf(options, invitation!, token, user?.name, more);
    response.writeHead(status, { ...pageHeaders, ...headers }).end(text);
  }
}

interface Accepted {
  readonly name: string;
  /** The session of a new user. A user who was signed in keeps theirs. */
  readonly begun: Begun | undefined;
  /** Set if a new user must enrol a second factor before the session begins. */
  readonly enrolment?: SecondFactorRequired;
}

async function complete(
  options: AcceptOptions,
  request: IncomingMessage,
  invitation: Opened,
  { username, password }: Content,
): Promise<Accepted> {
  const { acceptance, sessions } = options;
  const from = originOf(options, request);
  if (username === undefined && password === undefined) {
    // The cookie of a form counts, if a page of the gateway sent it.
    const isOwn = request.headers.authorization !== undefined || options.rule.isFromPage(request);
    const user = isOwn ? await signedInUser(options, request) : undefined;
    if (!user) throw unauthenticated({ message: 'Sign in, or choose a user name and a password.' });
    const { username: name } = await acceptInvitation(acceptance, invitation, { userId: user.id }, from);
    return { name, begun: undefined };
  }
  const user = await acceptInvitation(acceptance, invitation, await newAccount(options, username, password), from);
  await acceptance.freshness.confirmWithin(1_000);
  const { username: name } = user;
  try {
    askForSecondFactor(options, (await loadPrincipal(sessions.store.prisma, user.id))!);
  } catch (error) {
    if (error instanceof SecondFactorRequired) return { name, begun: undefined, enrolment: error };
    throw error;
  }
  const browser = { userAgent: request.headers['user-agent'], former: sessionCookieOf(request) };
  const doer = { kind: 'USER', id: user.id, name, ...from } as const;
  return { name, begun: await beginSession(sessions, doer, byPassword(user), browser) };
}

/** Hashes the password before the transaction. */
async function newAccount(
  { acceptance: { passwordLength } }: AcceptOptions,
  username = '',
  password = '',
): Promise<Acceptor> {
  const checked = userName.safeParse(username);
  if (!checked.success) throw badInput(['body', 'username'], checked.error.issues[0]!.message);
  const secret = await hashedPassword(password, passwordLength, 'invitations');
  return { username: checked.data, password, secret };
}
