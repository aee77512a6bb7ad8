import type { IncomingMessage } from 'node:http';
import type { Plugin } from 'graphql-yoga';
import type { Authenticator } from '../auth/authenticate.ts';
import { Deadline } from '../db/deadline.ts';
import type { AccessSession } from '../policy/session.ts';
import { claimsOf } from './claims.ts';

interface SignIn {
  readonly session: AccessSession;
  readonly isProved: boolean;
  /** The time that the request has, of which signing in took the first part. */
  readonly deadline: Deadline;
}
/** By HTTP request. A WebSocket has signed in before its first operation. */
const signIns = new WeakMap<IncomingMessage, SignIn>();

export const signInOf = (request: IncomingMessage): SignIn | undefined => signIns.get(request);
/** Is the document of somebody who has not proved who they are? */
export const isStranger = (request: IncomingMessage): boolean => signIns.get(request)?.isProved === false;

/** Who asks is known before their document is parsed and validated: from strangers only a small one is taken. */
export function useSignIn(
  authenticator: Authenticator,
  addressOf: (request: IncomingMessage) => string | undefined,
  requestMs: number,
): Plugin {
  return {
    async onParams({ context }) {
      const { req } = context as unknown as { req: IncomingMessage };
      const session = authenticator.session(claimsOf(req, addressOf));
      const deadline = new Deadline(requestMs);
      // Why it is not proved is told by the first field that needs to know. Others may wait for the same proof: it goes
      // on where this request gives up.
      const proving = session.refresh().then(
        () => true,
        () => false,
      );
      const isProved = await Promise.race([proving, deadline.over]);
      if (deadline.signal.aborted) throw deadline.signal.reason;
      signIns.set(req, { session, isProved: isProved === true, deadline });
    },
  };
}
