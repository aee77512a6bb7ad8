import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { challengeIn, registrationResponse, verifyRegistration } from '../auth/passkeys/webauthn.ts';
import type { PendingSignIn } from '../auth/pending-sign-in.ts';
import { base32, totpUri } from '../auth/totp.ts';
import { badInput, conflict } from '../errors.ts';
import type { AccessSession } from '../policy/session/session.ts';
import { write } from '../policy/session/write.ts';
import { openChallenge } from '../resources/identity/passkey/challenge.ts';
import { addPasskey, invalidPasskey } from '../resources/identity/passkey/service.ts';
import { checkedCode, openSecret } from '../resources/identity/second-factor/code.ts';
import { beginSecondFactor, confirmSecondFactor, wrongCode } from '../resources/identity/second-factor/service.ts';
import { beginSession, byPasswordAndFactor } from '../resources/identity/session/sign-in.ts';
import { displayName } from '../resources/rules.ts';
import type { AuthOptions, SignedIn } from './auth.ts';
import { appPage, choicePage, enrolHeaders, recoveryPage } from './enrol-page.ts';
import { originOf } from './oidc-options.ts';
import { siteFor, tookTooLong } from './passkey.ts';
import { pendingOf } from './pending.ts';
import type { Route } from './route.ts';
import { createRoutes, fieldsOf, inTime, jsonHeaders, queryParameter } from './routes.ts';
import { errorResponse } from './send-error.ts';
import { pendingCookie, sessionCookie, sessionCookieOf } from './session-cookie.ts';
import { safeNext } from './sign-in-page.ts';

const content = z.union([
  z.strictObject({}),
  z.strictObject({ code: z.string() }),
  z.strictObject({ name: displayName, passkey: registrationResponse }),
]);
type Content = z.infer<typeof content>;

/** Sends a browser whose person must enrol a second factor to the page. */
export function toEnrolment(response: ServerResponse, next: string): void {
  const location = `/auth/enrol?next=${encodeURIComponent(next)}`;
  response.writeHead(303, { Location: location, 'Cache-Control': 'no-store' }).end();
}

/** Serves /auth/enrol: a person whose password was right sets up a second factor, and is then signed in. */
export const createEnrolRoutes = (options: AuthOptions): ((path: string) => Route | undefined) =>
  createRoutes(options.mask, {
    '/auth/enrol': {
      GET: (request, response) => show(options, request, response),
      POST: (request, response) => enrol(options, request, response),
    },
  });

interface Enrolling {
  readonly session: AccessSession;
  readonly pending: PendingSignIn;
}

/** @throws UNAUTHENTICATED unless the browser has given the right password, and must enrol a second factor. */
async function enrollingIn(options: AuthOptions, request: IncomingMessage): Promise<Enrolling> {
  const pending = pendingOf(options, request);
  if (!pending?.enrols) throw tookTooLong();
  const session = options.authenticator.enrollingSession(pending, originOf(options, request));
  await session.refresh();
  if (session.principal.secondFactors?.length)
    throw conflict('You have a second factor already. Begin again with the password.');
  return { session, pending };
}

async function show(options: AuthOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const next = safeNext(queryParameter(request, 'next'));
  const enrolling = await inTime(options.requestMs, () => enrollingIn(options, request)).catch(() => undefined);
  if (enrolling)
    return void response.writeHead(200, enrolHeaders).end(choicePage(enrolling.session.principal.name, next));
  const location = `/auth/sign-in?next=${encodeURIComponent(next)}`;
  response.writeHead(303, { Location: location, 'Cache-Control': 'no-store' }).end();
}

interface Done extends SignedIn {
  readonly recoveryCodes?: readonly string[];
}

async function enrol(options: AuthOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sent = await fieldsOf(options.rule, request, response);
  if (!sent) return;
  const { next: given, ...fields } = sent.isForm ? (sent.fields as Record<string, string>) : {};
  const next = safeNext(given);
  const { success, data } = content.safeParse(sent.isForm ? fields : sent.fields);
  if (!success) throw badInput(['body'], 'Send {}, { "code": "…" } or { "name": "…", "passkey": … }.');
  try {
    const result = await inTime(options.requestMs, async () => act(options, request, data));
    if ('secret' in result)
      return sent.isForm
        ? void response.writeHead(200, enrolHeaders).end(appPage({ next, ...result }))
        : void response.writeHead(200, jsonHeaders).end(JSON.stringify(result));
    const { name, cookie, expiresAt, recoveryCodes } = result;
    const cookies = [sessionCookie(request, cookie), pendingCookie(request, '', 0)];
    if (sent.isForm)
      response.writeHead(200, { ...enrolHeaders, 'Set-Cookie': cookies }).end(recoveryPage(recoveryCodes ?? [], next));
    else
      response.writeHead(200, { ...jsonHeaders, 'Set-Cookie': cookies }).end(
        JSON.stringify({
          user: { name },
          expiresAt: expiresAt.toISOString(),
          ...(recoveryCodes && { recoveryCodes }),
        }),
      );
  } catch (error) {
    if (!sent.isForm) throw error;
    const { status, headers, message } = errorResponse(error, options.mask);
    const text = await pageAgain(options, request, next, message).catch(() => undefined);
    if (text !== undefined) return void response.writeHead(status, { ...enrolHeaders, ...headers }).end(text);
    const location = `/auth/sign-in?next=${encodeURIComponent(next)}`;
    response.writeHead(303, { Location: location, 'Cache-Control': 'no-store' }).end();
  }
}

/** The page that asks for the code again, with the same secret; else the choice. */
async function pageAgain(options: AuthOptions, request: IncomingMessage, next: string, fault: string): Promise<string> {
  const { session } = await enrollingIn(options, request);
  const { id, name } = session.principal;
  const { store, keys } = options.sessions;
  const factor = await store.prisma.secondFactor.findFirst({ where: { userId: id } });
  return factor
    ? appPage({ next, fault, ...shownSecret(openSecret(keys, factor), name) })
    : choicePage(name, next, fault);
}

const shownSecret = (secret: Buffer, username: string) => ({ secret: base32(secret), uri: totpUri(secret, username) });

async function act(
  options: AuthOptions,
  request: IncomingMessage,
  given: Content,
): Promise<{ secret: string; uri: string } | Done> {
  const enrolling = await enrollingIn(options, request);
  const { session } = enrolling;
  const { store, keys } = options.sessions;
  const { id, name } = session.principal;
  if ('passkey' in given) {
    const challenge = challengeIn(given.passkey);
    const open = await openChallenge({ store, keys }, challenge);
    const isOwn = open?.purpose === 'ENROL' && open.userId === id;
    const made = isOwn ? await verifyRegistration(siteFor(options), challenge!, given.passkey) : undefined;
    if (!made) throw invalidPasskey(['body', 'passkey']);
    const added = { name: given.name, made, challenge: open! };
    await write(session, store, 'USER:READ', {}, (tx, grant) => addPasskey(tx, grant, added), { feedsAccess: true });
    return begin(options, request, enrolling, 'PASSKEY');
  }
  if ('code' in given) {
    const user = await store.prisma.user.findFirstOrThrow({ where: { id } });
    const giver = {
      userId: id,
      account: user.usernameKey,
      address: session.ip ?? 'unknown',
      requestId: session.requestId,
    };
    const right = await checkedCode({ store, keys }, giver, given.code);
    if (!right) throw wrongCode(['body', 'code']);
    const confirm = { feedsAccess: true };
    const { codes } = await write(
      session,
      store,
      'USER:READ',
      {},
      (tx, grant) => confirmSecondFactor(tx, grant, right),
      confirm,
    );
    return { ...(await begin(options, request, enrolling, 'TOTP')), recoveryCodes: codes };
  }
  const { secret } = await write(session, store, 'USER:READ', {}, (tx, grant) => beginSecondFactor(tx, grant, keys));
  return shownSecret(secret, name);
}

/** Begins the session: the password was right, and the factor that was just enrolled has been proved. */
async function begin(
  { sessions }: AuthOptions,
  request: IncomingMessage,
  { session, pending }: Enrolling,
  kind: 'TOTP' | 'PASSKEY',
): Promise<SignedIn> {
  const { doer, principal } = session;
  const browser = { userAgent: request.headers['user-agent'], former: sessionCookieOf(request) };
  return {
    ...(await beginSession(sessions, doer, byPasswordAndFactor(pending, { kind }), browser)),
    name: principal.name,
  };
}
