import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { clearFailures } from '../auth/lockout.ts';
import { siteOf } from '../auth/passkeys/site.ts';
import { type Authentication, creationOptions, requestOptions } from '../auth/passkeys/webauthn.ts';
import { badInput, GatehouseError, unauthenticated } from '../errors.ts';
import {
  newChallenge,
  type Purpose,
  pruneChallenges,
  storeChallenge,
} from '../resources/identity/passkey/challenge.ts';
import { type Accepted, checkedPasskey, noteCounter, usePasskey } from '../resources/identity/passkey/use.ts';
import { beginSession, byPasskey, byPasswordAndFactor } from '../resources/identity/session/sign-in.ts';
import type { AuthOptions, SignedIn } from './auth.ts';
import { originOf } from './oidc-options.ts';
import { pendingOf } from './pending.ts';
import type { Route } from './route.ts';
import { createRoutes, fieldsOf, inTime, jsonHeaders } from './routes.ts';
import { sessionCookieOf } from './session-cookie.ts';

const asked = z.strictObject({ for: z.enum(['sign-in', 'second-factor', 'step-up', 'enrol']) });

/** Serves /auth/passkey: what a browser needs to use a passkey. */
export const createPasskeyRoutes = (options: AuthOptions): ((path: string) => Route | undefined) =>
  createRoutes(options.mask, {
    '/auth/passkey': { POST: (request, response) => begin(options, request, response) },
  });

export const siteFor = ({ links, origins }: AuthOptions) => siteOf(links, origins);

const purposes = {
  'sign-in': 'SIGN_IN',
  'second-factor': 'SECOND_FACTOR',
  'step-up': 'STEP_UP',
  enrol: 'ENROL',
} as const satisfies Record<string, Purpose>;

/** The user who is asked. Undefined if the passkey says who signs in. @throws UNAUTHENTICATED. */
async function askedUser(
  options: AuthOptions,
  request: IncomingMessage,
  purpose: z.infer<typeof asked>['for'],
): Promise<string | undefined> {
  if (purpose === 'sign-in') return undefined;
  if (purpose === 'second-factor' || purpose === 'enrol') {
    const pending = pendingOf(options, request);
    if (!pending || pending.enrols !== (purpose === 'enrol')) throw tookTooLong();
    return pending.userId;
  }
  const session = options.authenticator.session({ ...options.claimsOf(request), impersonate: undefined });
  await session.refresh();
  if (session.identity.credential.kind !== 'session')
    throw new GatehouseError('FORBIDDEN', 'Only a session can be stepped up. Sign in at /auth/sign-in.');
  return session.principal.id;
}

export const tookTooLong = () =>
  unauthenticated({ message: 'The sign-in took too long. Begin again with the password.' });

async function begin(options: AuthOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sent = await fieldsOf(options.rule, request, response);
  if (!sent) return;
  const { success, data } = asked.safeParse(sent.fields);
  if (!success || sent.isForm)
    throw badInput(['body'], 'Send { "for": "…" } with sign-in, second-factor, step-up or enrol.');
  const { store, keys } = options.sessions;
  const body = await inTime(options.requestMs, async () => {
    const site = siteFor(options);
    const userId = await askedUser(options, request, data.for);
    const allowed = userId === undefined ? [] : await store.prisma.passkey.findMany({ where: { userId } });
    const isNew = data.for === 'enrol';
    if (userId !== undefined && allowed.length === 0 && !isNew) throw badInput(['body'], 'You have no passkey.');
    const { ip } = originOf(options, request);
    const challenge = newChallenge();
    await pruneChallenges(store);
    await storeChallenge(store.prisma, keys, challenge, { purpose: purposes[data.for], userId: userId ?? null, ip });
    if (!isNew) return requestOptions(site, challenge, allowed);
    const user = await store.prisma.user.findFirstOrThrow({ where: { id: userId! } });
    return creationOptions(site, challenge, user, allowed);
  });
  response.writeHead(200, jsonHeaders).end(JSON.stringify(body));
}

const refused = () =>
  unauthenticated({ message: 'The passkey could not be verified, or took longer than five minutes. Try again.' });

/**
 * Ends a sign-in with a passkey: as the second factor of a browser that has just given a right password, else as the whole
 * sign-in. No one can guess a signature, so a locked account does not refuse it.
 */
export async function signInByPasskey(
  options: AuthOptions,
  request: IncomingMessage,
  given: Authentication,
): Promise<SignedIn> {
  const { sessions } = options;
  const { store, keys } = sessions;
  const pending = pendingOf(options, request);
  const site = siteFor(options);
  const from = originOf(options, request);
  const accepted: Accepted[] = [{ purpose: 'SIGN_IN', userId: null }];
  if (pending && !pending.enrols) accepted.push({ purpose: 'SECOND_FACTOR', userId: pending.userId });
  const used = await checkedPasskey({ store, keys, site }, accepted, given);
  if (!used) throw refused();
  const { user } = used.passkey;
  const doer = { kind: 'USER', id: user.id, name: user.username, ...from } as const;
  const proof =
    pending && used.purpose === 'SECOND_FACTOR'
      ? byPasswordAndFactor(pending, used, (tx) => usePasskey(tx, used))
      : byPasskey(used);
  const browser = { userAgent: request.headers['user-agent'], former: sessionCookieOf(request) };
  const begun = await beginSession(sessions, doer, proof, browser).catch(async (error: unknown) => {
    if (!(error instanceof GatehouseError && error.code === 'UNAUTHENTICATED')) throw error;
    await noteCounter(store, used, from);
    throw refused();
  });
  await clearFailures(store, user.usernameKey, from.ip ?? 'unknown');
  return { ...begun, name: user.username };
}
