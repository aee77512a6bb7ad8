import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Links } from '../auth/links.ts';
import { badInput, conflict, unavailable } from '../errors.ts';
import { FairQueue } from '../lib/fair-queue.ts';
import { peerOf } from '../lib/peer.ts';
import { requestPasswordLink } from '../resources/identity/password-link/request.ts';
import {
  type OpenedLink,
  openPasswordLink,
  type ResetServices,
  resetPassword,
} from '../resources/identity/password-link/reset.ts';
import { resetPath } from '../resources/identity/password-link/service.ts';
import { hashedPassword } from '../resources/identity/user/service.ts';
import { deadLinkPage } from './accept-page.ts';
import type { CookieRule } from './cookie-rule.ts';
import { type OidcOptions, originOf } from './oidc-options.ts';
import { pageHeaders } from './page.ts';
import { askedPage, askPage, resetPage } from './reset-page.ts';
import type { Route } from './route.ts';
import { createRoutes, fieldsOf, inTime, jsonHeaders, queryParameter } from './routes.ts';
import { errorResponse } from './send-error.ts';

export interface ResetOptions extends Pick<OidcOptions, 'claimsOf' | 'mask' | 'log' | 'requestMs'> {
  readonly rule: CookieRule;
  readonly links: Links;
  readonly resets: ResetServices;
}

const content = z.union([
  z.strictObject({ username: z.string().min(1) }),
  z.strictObject({ token: z.string(), password: z.string() }),
]);

/** Max requests that wait, and max of one address. */
const waiting = { total: 1_000, perOwner: 20 };

/** Serves /auth/reset-password: a person asks for a link by mail, and sets a new password by a link. */
export function createResetRoutes(options: ResetOptions): (path: string) => Route | undefined {
  const queue = new FairQueue({ width: 4, share: 1, ...waiting, refusal: () => unavailable('Too many requests.') });
  return createRoutes(options.mask, {
    [resetPath]: {
      GET: (request, response) => show(options, request, response),
      POST: (request, response) => post(options, queue, request, response),
    },
  });
}

async function show(options: ResetOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const token = queryParameter(request, 'token');
  if (token === null) return void response.writeHead(200, pageHeaders).end(askPage(options.links.areSent));
  await withPage(options, response, token, (link) => {
    response.writeHead(200, pageHeaders).end(pageOf(options, token, link));
    return Promise.resolve();
  });
}

const pageOf = ({ resets: { passwordLength } }: ResetOptions, token: string, { user }: OpenedLink, fault?: string) =>
  resetPage({ token, username: user.username, passwordLength, ...(fault !== undefined && { fault }) });

async function post(
  options: ResetOptions,
  queue: FairQueue,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const sent = await fieldsOf(options.rule, request, response);
  if (!sent) return;
  const { success, data } = content.safeParse(sent.fields);
  if (!success)
    throw badInput(['body'], 'Send { "username": "…" } to get a link, or { "token": "…", "password": "…" }.');
  if ('username' in data) return ask(options, queue, request, response, data.username, sent.isForm);
  const set = async (link: OpenedLink): Promise<void> => {
    const { passwordLength } = options.resets;
    const secret = await hashedPassword(data.password, passwordLength, 'password links');
    await resetPassword(options.resets, link, { password: data.password, secret }, originOf(options, request));
    const headers = { 'Cache-Control': 'no-store' };
    if (sent.isForm) response.writeHead(303, { ...headers, Location: '/auth/sign-in' }).end();
    else response.writeHead(204, headers).end();
  };
  if (sent.isForm) return withPage(options, response, data.token, set);
  await inTime(options.requestMs, async () => set(await openPasswordLink(options.resets, data.token)));
}

/** Runs work about a link. If it fails, the page says why. */
async function withPage(
  options: ResetOptions,
  response: ServerResponse,
  token: string,
  work: (link: OpenedLink) => Promise<void>,
): Promise<void> {
  let link: OpenedLink | undefined;
  try {
    await inTime(options.requestMs, async () => {
      link = await openPasswordLink(options.resets, token);
      await work(link);
    });
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    const { status, headers, message } = errorResponse(error, options.mask);
    const text = !link || status === 404 ? deadLinkPage(message) : pageOf(options, token, link, message);
    response.writeHead(status, { ...pageHeaders, ...headers }).end(text);
  }
}

/**
 * Answers before the name is looked up, so that neither the answer nor its time says whether it exists. The rest is done
 * in the turn of the address.
 */
function ask(
  options: ResetOptions,
  queue: FairQueue,
  request: IncomingMessage,
  response: ServerResponse,
  username: string,
  isForm: boolean,
): void {
  const { links, resets, log } = options;
  if (!links.areSent) {
    const message = 'This gateway sends no mails. Ask an administrator for a link.';
    if (isForm) return void response.writeHead(409, pageHeaders).end(askPage(false));
    throw conflict(message);
  }
  if (queue.waiting >= waiting.total) throw unavailable('Too many requests at once. Try again.');
  const from = originOf(options, request);
  void queue
    .run(peerOf(from.ip), () => requestPasswordLink({ ...resets, links }, username, from))
    .catch((error: Error) => log.error('a request for a password link failed', { error: error.message }));
  if (isForm) response.writeHead(200, pageHeaders).end(askedPage());
  else response.writeHead(202, jsonHeaders).end('{}');
}
