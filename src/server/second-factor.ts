import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { SecondFactorKind } from '../auth/methods.ts';
import { authenticationResponse } from '../auth/passkeys/webauthn.ts';
import { pendingMs, sealPending } from '../auth/pending-sign-in.ts';
import type { Tx } from '../db/transaction.ts';
import { badInput, GatehouseError, unauthenticated } from '../errors.ts';
import { loadPrincipal, mustEnrol, type Principal } from '../policy/principals/principal.ts';
import type { Rotation } from '../policy/session/identity.ts';
import { checkedPasskey, noteCounter, usePasskey } from '../resources/identity/passkey/use.ts';
import { checkedCode, useCode } from '../resources/identity/second-factor/code.ts';
import { wrongCode } from '../resources/identity/second-factor/service.ts';
import { beginSession, byPasswordAndFactor } from '../resources/identity/session/sign-in.ts';
import { stepUp } from '../resources/identity/session/step-up.ts';
import { presentPassword } from '../resources/identity/user/present-password.ts';
import type { AuthOptions, SignedIn } from './auth.ts';
import { originOf } from './oidc-options.ts';
import { siteFor, tookTooLong } from './passkey.ts';
import { pendingOf } from './pending.ts';
import { rotate } from './rotation.ts';
import type { Route } from './route.ts';
import { createRoutes, fieldsOf, inTime, jsonHeaders } from './routes.ts';
import { pendingCookie, sessionCookieOf } from './session-cookie.ts';

/** What a sign-in asks for after the password. ENROL: the person has no second factor, and must set one up. */
export type Asked = SecondFactorKind | 'ENROL';

const messageOf = (asks: readonly Asked[]): string => {
  if (asks.includes('ENROL')) return 'Your organisation requires a second factor. Set one up.';
  if (!asks.includes('TOTP')) return 'Use your passkey.';
  const codes = 'Enter the code of your app, or a recovery code';
  return asks.includes('PASSKEY') ? `${codes}, or use your passkey.` : `${codes}.`;
};

/** Returns what a user with these second factors can give. */
export const askedOf = (factors: readonly ('TOTP' | 'PASSKEY')[]): SecondFactorKind[] => [
  ...(factors.includes('TOTP') ? (['TOTP', 'RECOVERY_CODE'] as const) : []),
  ...(factors.includes('PASSKEY') ? (['PASSKEY'] as const) : []),
];

/** The password was right, and the user has a second factor. */
export class SecondFactorRequired extends GatehouseError {
  /** Value of the cookie with which the code is sent. */
  readonly cookie: string;
  readonly asks: readonly Asked[];
  /** True if the person must enrol a second factor first. */
  readonly enrols: boolean;
  constructor(cookie: string, asks: readonly Asked[]) {
    super('SECOND_FACTOR_REQUIRED', messageOf(asks), { asks });
    this.cookie = cookie;
    this.asks = asks;
    this.enrols = asks.includes('ENROL');
  }
}

/** @throws {SecondFactorRequired} if a user whose password was right has a second factor, or must enrol one. */
export function askForSecondFactor({ sessions: { keys } }: AuthOptions, principal: Principal): void {
  const { id: userId, passwordChangedAt, secondFactors = [] } = principal;
  const enrols = mustEnrol(principal);
  if (secondFactors.length === 0 && !enrols) return;
  const content = { userId, passwordChangedAt: passwordChangedAt?.getTime() ?? null, begunAt: Date.now(), enrols };
  throw new SecondFactorRequired(sealPending(keys, content), enrols ? ['ENROL'] : askedOf(secondFactors));
}

export const secondFactorCookie = (request: IncomingMessage, { cookie, enrols }: SecondFactorRequired): string =>
  pendingCookie(request, cookie, pendingMs({ enrols }) / 1_000);

/** What a browser that has given a right password can still give. Undefined if it must begin again. */
export async function pendingAsks(
  options: AuthOptions,
  request: IncomingMessage,
): Promise<SecondFactorKind[] | undefined> {
  const pending = pendingOf(options, request);
  if (!pending || pending.enrols) return undefined;
  const principal = await loadPrincipal(options.sessions.store.prisma, pending.userId);
  return askedOf(principal?.secondFactors ?? []);
}

/** Ends a sign-in with a code. Wrong codes are counted with the wrong passwords of the account. */
export async function signInByCode(options: AuthOptions, request: IncomingMessage, code: string): Promise<SignedIn> {
  const { sessions } = options;
  const { store, keys } = sessions;
  const pending = pendingOf(options, request);
  // A factor that is being enrolled does not sign in.
  if (!pending || pending.enrols) throw tookTooLong();
  const { userId: id } = pending;
  const user = await store.prisma.user.findFirst({ where: { id } });
  if (!user) throw unauthenticated();
  const from = originOf(options, request);
  const address = from.ip ?? 'unknown';
  const giver = { userId: id, account: user.usernameKey, address, requestId: from.requestId };
  const right = await checkedCode({ store, keys }, giver, code);
  if (!right)
    throw unauthenticated({ message: 'The code is wrong, was used, or is no longer valid. Enter a new one.' });
  const begun = await beginSession(
    sessions,
    { kind: 'USER', id, name: user.username, ...from },
    byPasswordAndFactor(pending, right, (tx) => useCode(tx, id, right)),
    { userAgent: request.headers['user-agent'], former: sessionCookieOf(request) },
  );
  return { ...begun, name: user.username };
}

const content = z.union([
  z.strictObject({ password: z.string() }),
  z.strictObject({ code: z.string() }),
  z.strictObject({ passkey: authenticationResponse }),
]);

/** Serves /auth/step-up: a person proves again who they are, because a policy requires it. */
export const createStepUpRoutes = (options: AuthOptions): ((path: string) => Route | undefined) =>
  createRoutes(options.mask, {
    '/auth/step-up': { POST: (request, response) => prove(options, request, response) },
  });

const wrongPasskey = () => badInput(['body', 'passkey'], 'The passkey could not be verified. Try again.');

async function prove(options: AuthOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sent = await fieldsOf(options.rule, request, response);
  if (!sent) return;
  const { success, data } = content.safeParse(sent.fields);
  if (!success) throw badInput(['body'], 'Send { "password": "…" }, { "code": "…" } or { "passkey": … }.');
  const { authenticator, claimsOf, requestMs, sessions } = options;
  const { store, keys } = sessions;
  // A form cannot step up: its session cookie does not count.
  const session = authenticator.session({ ...claimsOf(request), impersonate: undefined });
  let rotation: Rotation | undefined;
  const proved = await inTime(requestMs, async () => {
    await session.refresh();
    ({ rotation } = session.identity);
    const { principal, identity, doer } = session;
    const { kind, id } = identity.credential;
    if (kind !== 'session' || id === undefined)
      throw new GatehouseError('FORBIDDEN', 'Only a session can be stepped up. Sign in at /auth/sign-in.');
    if ('password' in data) {
      const isAllowed = principal.authMethods.includes('PASSWORD');
      const { isRight } = await presentPassword(data.password, { session, store });
      if (!isRight || !isAllowed) throw badInput(['body', 'password'], 'The password is incorrect.');
      return stepUp(sessions, doer, id, undefined);
    }
    if ('passkey' in data) {
      const { id: userId } = principal;
      const services = { store, keys, site: siteFor(options) };
      const used = await checkedPasskey(services, [{ purpose: 'STEP_UP', userId }], data.passkey);
      if (!used) throw wrongPasskey();
      const use = async (tx: Tx) => {
        if (!(await usePasskey(tx, used))) throw wrongPasskey();
      };
      return stepUp(sessions, doer, id, { kind: 'PASSKEY', use }).catch(async (error: unknown) => {
        await noteCounter(store, used, originOf(options, request));
        throw error;
      });
    }
    const { usernameKey: account } = await store.prisma.user.findFirstOrThrow({ where: { id: principal.id } });
    const giver = { userId: principal.id, account, address: doer.ip ?? 'unknown', requestId: doer.requestId };
    const right = await checkedCode({ store, keys }, giver, data.code);
    if (!right) throw wrongCode(['body', 'code']);
    const use = async (tx: Tx) => {
      if (!(await useCode(tx, principal.id, right))) throw wrongCode(['body', 'code']);
    };
    return stepUp(sessions, doer, id, { kind: right.kind, use });
  });
  await rotate(rotation, request, response);
  response.writeHead(200, jsonHeaders).end(JSON.stringify(proved));
}
