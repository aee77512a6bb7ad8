import type { IncomingMessage } from 'node:http';
import type { Authenticator } from '../auth/authenticate.ts';
import { Deadline, withDeadline } from '../db/deadline.ts';
import type { AccessSession } from '../policy/session/session.ts';
import type { ClaimsOf } from './claims.ts';

interface SignedIn {
  readonly session: AccessSession;
  /** The deadline of the whole request: sign-in counts against it. */
  readonly deadline: Deadline;
  readonly isProved: boolean;
}
/** By HTTP request. WebSockets sign in before their first operation. */
const signedIn = new WeakMap<IncomingMessage, SignedIn>();

export const signedInOf = (request: IncomingMessage): SignedIn | undefined => signedIn.get(request);
/** Returns true if the sender of the document is not signed in. */
export const isUnauthenticated = (request: IncomingMessage): boolean => signedIn.get(request)?.isProved === false;

export type SignIn = (request: IncomingMessage) => Promise<void>;

/**
 * Signs a request in before its document is parsed, because unauthenticated callers can send small documents only.
 * Never throws.
 */
export function createSignIn(authenticator: Authenticator, claimsOf: ClaimsOf, requestMs: number): SignIn {
  return async (request) => {
    if (signedIn.has(request)) return;
    const session = authenticator.session(claimsOf(request));
    const deadline = new Deadline(requestMs);
    let isProved = false;
    try {
      await Promise.race([withDeadline(deadline, () => session.refresh()), deadline.over]);
      isProved = true;
    } catch {
      // The first field that requires an identity reports the error.
    }
    signedIn.set(request, { session, deadline, isProved });
  };
}
