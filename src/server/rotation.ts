import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Rotation } from '../policy/session/identity.ts';
import { sessionCookie } from './session-cookie.ts';

/** Sends the browser a new cookie of its session. If it fails, the next request tries again. */
export async function rotate(
  rotation: Rotation | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const cookie = await rotation?.perform().catch(() => undefined);
  if (cookie === undefined || response.headersSent) return;
  response.appendHeader('Set-Cookie', sessionCookie(request, cookie));
  response.setHeader('Cache-Control', 'no-store');
}
