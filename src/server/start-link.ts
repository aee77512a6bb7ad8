import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { unauthenticated } from '../errors.ts';
import { loadPrincipal, mustEnrol } from '../policy/principals/principal.ts';
import { beginSession, byPassword, type SessionServices } from '../resources/identity/session/sign-in.ts';
import type { AuthOptions } from './auth.ts';
import { originOf } from './oidc-options.ts';
import { pageHeaders } from './page.ts';
import type { Route } from './route.ts';
import { createRoutes, inTime, queryParameter } from './routes.ts';
import { errorResponse } from './send-error.ts';
import { isPlainLoopback, sessionCookie, sessionCookieOf } from './session-cookie.ts';
import { faultPage } from './sign-in-page.ts';

/** Time in which the link that the start prints works. */
const linkMs = 10 * 60_000;

const isLocal = (address: string | undefined): boolean =>
  address !== undefined && /^(127\.|::1$|::ffff:127\.)/.test(address);

/** The link that the start of a demo prints. Only this process knows it, and it works once. */
export class StartLink {
  #open: { readonly secret: Buffer; readonly userId: string; readonly until: number } | undefined;

  /**
   * Prepares the link of a user, before the gateway listens.
   * @returns a function that creates it for an origin of the gateway. Undefined for a user whose password alone would not
   * sign in.
   */
  async prepare(
    { store }: Pick<SessionServices, 'store'>,
    userId: string,
  ): Promise<((origin: string) => string) | undefined> {
    const principal = await loadPrincipal(store.prisma, userId);
    if (!principal || principal.disabled || !principal.authMethods.includes('PASSWORD')) return undefined;
    if (principal.secondFactors?.length || mustEnrol(principal)) return undefined;
    return (origin) => {
      const secret = randomBytes(32);
      this.#open = { secret, userId, until: Date.now() + linkMs };
      return `${origin}/auth/start?token=${secret.toString('base64url')}`;
    };
  }

  /** @returns the user of the link, once. */
  use(token: string | null): string | undefined {
    const open = this.#open;
    const given = Buffer.from(token ?? '', 'base64url');
    if (!open || open.until <= Date.now() || given.length !== open.secret.length) return undefined;
    if (!timingSafeEqual(given, open.secret)) return undefined;
    this.#open = undefined;
    return open.userId;
  }
}

export interface StartOptions extends AuthOptions {
  readonly startLink: StartLink;
}

/** Serves /auth/start: signs in the browser of the machine that started a demo. */
export const createStartRoutes = (options: StartOptions): ((path: string) => Route | undefined) =>
  createRoutes(options.mask, { '/auth/start': { GET: (request, response) => open(options, request, response) } });

async function open(options: StartOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await inTime(options.requestMs, async () => {
      const { sessions, startLink } = options;
      // A proxy on this machine could pass on the requests of others.
      const isOwn = isLocal(request.socket.remoteAddress) && isPlainLoopback(request);
      const userId = isOwn ? startLink.use(queryParameter(request, 'token')) : undefined;
      const user = userId === undefined ? null : await sessions.store.prisma.user.findFirst({ where: { id: userId } });
      if (!user) throw unauthenticated({ message: 'This link was used or has expired. Sign in by password.' });
      const doer = { kind: 'USER', id: user.id, name: user.username, ...originOf(options, request) } as const;
      const proof = { ...byPassword(user), details: { cause: 'START_LINK' } };
      const browser = { userAgent: request.headers['user-agent'], former: sessionCookieOf(request) };
      const { cookie } = await beginSession(sessions, doer, proof, browser);
      const headers = { Location: '/', 'Cache-Control': 'no-store', 'Set-Cookie': sessionCookie(request, cookie) };
      response.writeHead(303, { ...headers, 'Referrer-Policy': 'no-referrer' }).end();
    });
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    const { status, headers, message } = errorResponse(error, options.mask);
    response.writeHead(status, { ...pageHeaders, ...headers }).end(faultPage(message, '/'));
  }
}
