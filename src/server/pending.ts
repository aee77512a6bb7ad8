import type { IncomingMessage } from 'node:http';
import type { Keys } from '../auth/keys.ts';
import { openPending, type PendingSignIn } from '../auth/pending-sign-in.ts';
import { pendingCookieOf } from './session-cookie.ts';

/** Returns the sign-in of a browser that has given a right password, as long as the second factor can follow. */
export function pendingOf(
  { sessions: { keys } }: { readonly sessions: { readonly keys: Keys } },
  request: IncomingMessage,
): PendingSignIn | undefined {
  const cookie = pendingCookieOf(request);
  return cookie === undefined ? undefined : openPending(keys, cookie);
}
