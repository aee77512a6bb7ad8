import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { openCommandCode, provesChallenge, sealCommandCode, usedCode } from '../auth/command-code.ts';
import type { Tx } from '../db/transaction.ts';
import { badInput, GatehouseError, unauthenticated } from '../errors.ts';
import { globalId } from '../graphql/node.ts';
import { newId } from '../lib/ids.ts';
import { polledDevice, useDevice } from '../resources/identity/command-line/device.ts';
import {
  assertMayCreate,
  type CommandServices,
  commandTokenDays,
  createCommandToken,
} from '../resources/identity/command-line/token.ts';
import { useOnce } from '../resources/identity/single-sign-on/single-use.ts';
import type { AuthOptions } from './auth.ts';
import { commandFaultPage, grantPage } from './command-line-page.ts';
import { originOf } from './oidc-options.ts';
import { pageHeaders, pageHeadersFor } from './page.ts';
import { assertFromPage, browserSession } from './page-session.ts';
import type { Route } from './route.ts';
import { createRoutes, fieldsOf, inTime, jsonHeaders } from './routes.ts';
import { errorResponse } from './send-error.ts';

export interface CommandOptions extends AuthOptions {
  readonly commands: CommandServices;
}

/** Base64url of SHA-256. */
export const challenge = z.string().regex(/^[\w-]{43}$/);
/** The name of the machine, as the command states it. */
export const client = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}]*$/u)
  .refine((text) => text.isWellFormed());
const asked = z.object({
  port: z
    .string()
    .regex(/^\d{1,5}$/)
    .refine((text) => Number(text) > 0 && Number(text) < 65_536),
  challenge,
  /** Returned to the command, which knows by it that the answer belongs to its question. */
  state: z.string().regex(/^[\w-]{16,100}$/),
  client,
});
const answered = asked.extend({ answer: z.enum(['allow', 'deny']) });
const verifier = z.string().regex(/^[\w-]{43,128}$/);
const exchanged = z.union([
  z.strictObject({ code: z.string(), verifier }),
  z.strictObject({ deviceCode: z.string(), verifier }),
]);

const incomplete = 'The link is incomplete. Run gatehouse login again.';

/** Serves /auth/cli: a person allows the command line on their own machine to act for them. */
export function createCommandRoutes(options: CommandOptions): (path: string) => Route | undefined {
  return createRoutes(options.mask, {
    '/auth/cli': {
      GET: (request, response) => withPage(options, response, () => show(options, request, response)),
      POST: (request, response) => withPage(options, response, () => answer(options, request, response)),
    },
    '/auth/cli/token': { POST: (request, response) => exchange(options, request, response) },
  });
}

/** Runs a step of a page. If it fails, the page says why. */
export async function withPage(
  { mask, requestMs }: AuthOptions,
  response: ServerResponse,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await inTime(requestMs, work);
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    const { status, headers, message } = errorResponse(error, mask);
    response.writeHead(status, { ...pageHeaders, ...headers }).end(commandFaultPage(message));
  }
}

/** Sends the person to the sign-in page, and then back. */
export const toSignIn = (request: IncomingMessage, response: ServerResponse): void => {
  const location = `/auth/sign-in?next=${encodeURIComponent(request.url ?? '/')}`;
  response.writeHead(303, { Location: location, 'Cache-Control': 'no-store' }).end();
};

/** The code is sent to a port of the browser's own machine, and to no other host. */
const loopback = (port: string): string => `http://127.0.0.1:${port}`;

async function show(options: CommandOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const query = Object.fromEntries(new URLSearchParams(request.url?.split('?')[1] ?? ''));
  const { data } = asked.safeParse(query);
  if (!data) throw badInput(['query'], incomplete);
  const session = await browserSession(options, request);
  if (!session) return toSignIn(request, response);
  assertMayCreate(session);
  const { port, client, challenge, state } = data;
  const page = grantPage({
    username: session.principal.name,
    client,
    days: commandTokenDays,
    action: '/auth/cli',
    here: request.url ?? '/auth/cli',
    fields: { port, client, challenge, state },
  });
  response.writeHead(200, pageHeadersFor(loopback(port))).end(page);
}

async function answer(options: CommandOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sent = await fieldsOf(options.rule, request, response);
  if (!sent) return;
  assertFromPage(options, request);
  const { data } = answered.safeParse(sent.fields);
  if (!data) throw badInput(['body'], incomplete);
  const session = await browserSession(options, request);
  if (!session) throw unauthenticated({ message: 'Your session has ended. Run gatehouse login again.' });
  const { port, state, challenge, client } = data;
  const back = new URL(loopback(port));
  back.searchParams.set('state', state);
  if (data.answer === 'deny') back.searchParams.set('error', 'access_denied');
  else {
    assertMayCreate(session);
    const code = { id: newId(), sessionId: session.identity.credential.id!, challenge, client, begunAt: Date.now() };
    back.searchParams.set('code', sealCommandCode(options.sessions.keys, code));
  }
  const headers = { Location: back.href, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' };
  response.writeHead(303, headers).end();
}

const notValid = () =>
  new GatehouseError('NOT_FOUND', 'The sign-in was denied or used, or has expired. Run gatehouse login again.');

/** What the person allowed, and how it is used. Undefined while a sign-in on a device waits for them. */
async function permissionOf({ sessions: { keys, store } }: CommandOptions, data: z.infer<typeof exchanged>) {
  if ('code' in data) {
    const code = openCommandCode(keys, data.code);
    if (!code || !provesChallenge(code.challenge, data.verifier)) throw notValid();
    const expiresAt = new Date(Date.now() + 10 * 60_000);
    return { ...code, use: (tx: Tx) => useOnce(tx, usedCode(keys, code), expiresAt) };
  }
  const device = await polledDevice({ store, keys }, data.deviceCode);
  if (!device || device.deniedAt || !provesChallenge(device.challenge, data.verifier)) throw notValid();
  const { sessionId, client } = device;
  return sessionId === null ? undefined : { sessionId, client, use: (tx: Tx) => useDevice(tx, device) };
}

/** Exchanges a permission for the token. The command polls here, until the person has answered. */
async function exchange(options: CommandOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sent = await fieldsOf(options.rule, request, response);
  if (!sent) return;
  const { success, data } = exchanged.safeParse(sent.fields);
  if (!success)
    throw badInput(['body'], 'Send { "code": "…", "verifier": "…" } or { "deviceCode": "…", "verifier": "…" }.');
  const body = await inTime(options.requestMs, async () => {
    const permission = await permissionOf(options, data);
    if (!permission) return undefined;
    const session = options.authenticator.sessionOf(permission.sessionId, originOf(options, request));
    const minted = await createCommandToken(options.commands, session, permission.client, permission.use);
    if (!minted) throw notValid();
    const { token, fullToken } = minted;
    return {
      token: fullToken,
      id: globalId('ApiToken', token.id),
      expiresAt: token.expiresAt,
      user: { name: session.principal.name },
    };
  });
  response.writeHead(body ? 200 : 202, jsonHeaders).end(JSON.stringify(body ?? { pending: true }));
}
