import type { IncomingMessage } from 'node:http';
import type { Authenticator } from '../auth/authenticate.ts';
import { GatehouseError } from '../errors.ts';
import type { AccessSession } from '../policy/session/session.ts';
import type { ClaimsOf } from './claims.ts';
import type { CookieRule } from './cookie-rule.ts';

export interface PageSessionOptions {
  readonly authenticator: Authenticator;
  readonly claimsOf: ClaimsOf;
  readonly rule: CookieRule;
}

/**
 * Returns the session of a request for a page. Undefined without one. The page is shown also after a link on another
 * site: showing it changes nothing. A form must come from a page of the gateway. @throws UNAUTHENTICATED.
 */
export async function pageSession(
  { authenticator, claimsOf }: Pick<PageSessionOptions, 'authenticator' | 'claimsOf'>,
  request: IncomingMessage,
): Promise<AccessSession | undefined> {
  const claims = { ...claimsOf(request), impersonate: undefined };
  if (claims.authorization === undefined && claims.cookie === undefined) return undefined;
  const session = authenticator.session({ ...claims, cookieFault: undefined });
  await session.refresh();
  return session;
}

/** Returns the session of a browser for a page. Undefined if the person must sign in first. */
export async function browserSession(
  options: PageSessionOptions,
  request: IncomingMessage,
): Promise<AccessSession | undefined> {
  if (request.headers.authorization !== undefined) return undefined;
  const session = await pageSession(options, request).catch((error: unknown) => {
    if (error instanceof GatehouseError && error.code === 'UNAUTHENTICATED') return undefined;
    throw error;
  });
  return session?.identity.credential.kind === 'session' ? session : undefined;
}

/** @throws FORBIDDEN unless a page of the gateway or of GATEHOUSE_ORIGINS sent the form. */
export function assertFromPage({ rule }: PageSessionOptions, request: IncomingMessage): void {
  if (!rule.isFromPage(request))
    throw new GatehouseError('FORBIDDEN', 'The form must come from a page of the gateway. Open the page again.');
}
