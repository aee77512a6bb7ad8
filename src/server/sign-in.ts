import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authenticator } from '../auth/authenticate.ts';
import { Deadline, withDeadline } from '../db/deadline.ts';
import { inStep } from '../lib/request-scope.ts';
import type { Rotation } from '../policy/session/identity.ts';
import type { AccessSession } from '../policy/session/session.ts';
import type { ClaimsOf } from './claims.ts';
import { rotate } from './rotation.ts';

interface SignedIn {
  readonly session: AccessSession;
  /** The deadline of the whole request: sign-in counts against it. */
  readonly deadline: Deadline;
  readonly isProved: boolean;
  readonly rotation: Rotation | undefined;
}
/** By HTTP request. WebSockets sign in before their first operation. */
const signedIn = new WeakMap<IncomingMessage, SignedIn>();

export const signedInOf = (request: IncomingMessage): SignedIn | undefined => signedIn.get(request);
/** Returns true if the sender of the document is not signed in. */
export const isUnauthenticated = (request: IncomingMessage): boolean => signedIn.get(request)?.isProved === false;

/** @param response gets the cookie of a session whose ID changes. */
export type SignIn = (request: IncomingMessage, response: ServerResponse | undefined) => Promise<void>;

/**
 * Signs a request in before its document is parsed, because unauthenticated callers can send small documents only.
 * Never throws.
 */
export function createSignIn(authenticator: Authenticator, claimsOf: ClaimsOf, requestMs: number): SignIn {
  return async (request, response) => {
    if (signedIn.has(request)) return;
    const session = authenticator.session(claimsOf(request));
    const deadline = new Deadline(requestMs);
    let isProved = false;
    let rotation: Rotation | undefined;
    try {
      await Promise.race([
        withDeadline(deadline, () => inStep('authenticate', () => session.refresh())),
        deadline.over,
      ]);
      isProved = true;
      ({ rotation } = session.identity);
      // The ID that someone could have seen before does not have the new rights for long.
      if (rotation?.isDue && response) await rotate(rotation, request, response);
    } catch {
      // The first field that requires an identity reports the error.
    }
    signedIn.set(request, { session, deadline, isProved, rotation });
  };
}

/** Gives the session of a request a new ID, if the operation asks for it. */
export async function rotateIfAsked(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { session, rotation } = signedIn.get(request) ?? {};
  if (session?.rotates) await rotate(rotation, request, response);
}
