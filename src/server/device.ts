import type { IncomingMessage, ServerResponse } from 'node:http';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { badInput, GatehouseError, unauthenticated } from '../errors.ts';
import { answerDevice, beginDevice, findDevice } from '../resources/identity/command-line/device.ts';
import { assertMayCreate, commandTokenDays } from '../resources/identity/command-line/token.ts';
import { type CommandOptions, challenge, client, toSignIn, withPage } from './command-line.ts';
import { answeredPage, grantPage, userCodePage } from './command-line-page.ts';
import { originOf } from './oidc-options.ts';
import { pageHeaders } from './page.ts';
import { assertFromPage, browserSession } from './page-session.ts';
import { publicOrigin } from './public-origin.ts';
import type { Route } from './route.ts';
import { createRoutes, fieldsOf, inTime, jsonHeaders } from './routes.ts';

const begun = z.strictObject({ challenge, client });
const entered = z.strictObject({ code: z.string().max(100), answer: z.enum(['allow', 'deny']).optional() });

const intervalSeconds = 2;
/** Max wrong codes of a user in ten minutes, on one gateway. */
const maxWrong = 10;
const wrongMs = 10 * 60_000;

/** Serves /auth/device: a person allows the command line on another machine to act for them, by the code that it shows. */
export function createDeviceRoutes(options: CommandOptions): (path: string) => Route | undefined {
  const wrong = new LRUCache<string, number>({ max: 10_000, ttl: wrongMs, noUpdateTTL: true });
  return createRoutes(options.mask, {
    '/auth/device': {
      GET: (request, response) => withPage(options, response, () => show(options, request, response)),
      POST: (request, response) => post(options, wrong, request, response),
    },
  });
}

async function show(options: CommandOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const session = await browserSession(options, request);
  if (!session) return toSignIn(request, response);
  assertMayCreate(session);
  response.writeHead(200, pageHeaders).end(userCodePage(session.principal.name));
}

async function post(
  options: CommandOptions,
  wrong: LRUCache<string, number>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const sent = await fieldsOf(options.rule, request, response);
  if (!sent) return;
  if (sent.isForm) return withPage(options, response, () => enter(options, wrong, request, response, sent.fields));
  const { success, data } = begun.safeParse(sent.fields);
  if (!success) throw badInput(['body'], 'Send { "challenge": "…", "client": "…" }.');
  const { keys, store } = options.sessions;
  const { ip } = originOf(options, request);
  const device = await inTime(options.requestMs, () => beginDevice({ keys, store }, { ...data, ip }));
  const url = `${publicOrigin(request, options.publicUrl) ?? `https://${request.headers.host}`}/auth/device`;
  response.writeHead(200, jsonHeaders).end(JSON.stringify({ ...device, url, intervalSeconds }));
}

/** The person enters the code, and then answers. */
async function enter(
  options: CommandOptions,
  wrong: LRUCache<string, number>,
  request: IncomingMessage,
  response: ServerResponse,
  fields: unknown,
): Promise<void> {
  assertFromPage(options, request);
  const { success, data } = entered.safeParse(fields);
  if (!success) throw badInput(['body'], 'Enter the code that the command shows.');
  const session = await browserSession(options, request);
  if (!session) throw unauthenticated({ message: 'Your session has ended. Sign in, and enter the code again.' });
  assertMayCreate(session);
  const { id: userId, name: username } = session.principal;
  const attempts = wrong.get(userId) ?? 0;
  if (attempts >= maxWrong)
    throw new GatehouseError('LIMIT_EXCEEDED', 'Too many wrong codes. Try again in ten minutes.', {
      limit: 'userCodes',
      allowed: maxWrong,
      retryAfter: Math.ceil(wrong.getRemainingTTL(userId) / 1_000),
    });
  const { sessions } = options;
  const device = await findDevice(sessions, data.code);
  if (!device) {
    wrong.set(userId, attempts + 1);
    const fault = 'This code is wrong, was used, or has expired. Run gatehouse login --device again for a new one.';
    return void response.writeHead(404, pageHeaders).end(userCodePage(username, fault));
  }
  if (data.answer === undefined) {
    const page = grantPage({
      username,
      client: device.client,
      ip: device.ip ?? undefined,
      begunAt: device.createdAt,
      days: commandTokenDays,
      action: '/auth/device',
      here: '/auth/device',
      fields: { code: data.code },
    });
    return void response.writeHead(200, pageHeaders).end(page);
  }
  const isAllowed = data.answer === 'allow';
  await answerDevice(sessions, device.id, isAllowed ? session.identity.credential.id! : null);
  response.writeHead(200, pageHeaders).end(answeredPage(isAllowed));
}
