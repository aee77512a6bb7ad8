import type { IncomingMessage, ServerResponse } from 'node:http';
import { SignInFault } from '../auth/oidc/fault.ts';
import { InvalidLogoutToken } from '../auth/oidc/logout-token.ts';
import type { Provider } from '../auth/oidc/provider.ts';
import { recordFailure } from '../resources/identity/single-sign-on/failure.ts';
import { endByProvider } from '../resources/identity/single-sign-on/logout.ts';
import { isFormType } from './cookie-rule.ts';
import { type OidcOptions, originOf } from './oidc-options.ts';
import { inTime } from './routes.ts';
import { errorResponse } from './send-error.ts';
import { smallBody } from './small-body.ts';

const maxBytes = 65_536;

/** A provider ends sessions here: OpenID Connect Back-Channel Logout 1.0. */
export async function backChannelLogout(
  options: OidcOptions,
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { sessions, mask, settled, requestMs } = options;
  const from = originOf(options, request);
  const answer = (status: number, error?: string, description?: string) =>
    response
      .writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
      .end(error === undefined ? undefined : JSON.stringify({ error, error_description: description }));
  try {
    if (!isFormType(request.headers['content-type'])) throw new InvalidLogoutToken('Send a form with logout_token.');
    const body = await smallBody(request, maxBytes);
    if (body === undefined) return;
    const [token, ...more] = new URLSearchParams(body).getAll('logout_token');
    if (token === undefined || more.length > 0) throw new InvalidLogoutToken('Send one logout_token.');
    const work = async () => {
      const logout = await settled(from.ip, () => provider.logoutToken(token));
      await endByProvider(sessions, provider.settings, logout, from);
    };
    await inTime(requestMs, work);
    answer(200);
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    if (!(error instanceof InvalidLogoutToken || error instanceof SignInFault)) {
      const { status, message } = errorResponse(error, mask);
      return void answer(status, 'server_error', message);
    }
    const isInvalid = error instanceof InvalidLogoutToken;
    await recordFailure(options, from, {
      provider: provider.settings.name,
      cause: isInvalid ? 'LOGOUT_TOKEN' : error.reason,
      outcome: isInvalid ? 'DENIED' : 'ERROR',
      action: 'session.logout-failure',
      details: isInvalid ? { error: error.message } : error.detail,
    }).catch((fault: unknown) => void mask(fault));
    answer(isInvalid ? 400 : error.status, isInvalid ? 'invalid_request' : 'temporarily_unavailable', error.message);
  }
}
