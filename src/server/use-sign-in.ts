import type { IncomingMessage } from 'node:http';
import type { Plugin } from 'graphql-yoga';
import type { Authenticator } from '../auth/authenticate.ts';
import { Deadline, withDeadline } from '../db/deadline.ts';
import type { AccessSession } from '../policy/session.ts';
import { claimsOf } from './claims.ts';

interface SignIn {
  readonly session: AccessSession;
  /** Of the whole request: signing in takes of it. */
  readonly deadline: Deadline;
  readonly isProved: boolean;
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
      const over = new Promise<false>((resolve) => {
        deadline.signal.addEventListener('abort', () => resolve(false), { once: true });
      });
      // Why it is not proved is told by the first field that needs to know.
      const proved = withDeadline(deadline, () => session.refresh()).then(
        () => true,
        () => false,
      );
      signIns.set(req, { session, deadline, isProved: await Promise.race([proved, over]) });
    },
  };
}
