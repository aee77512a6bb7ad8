import { Readings } from '../../audit/readings.ts';
import type { Authenticator } from '../../auth/authenticate.ts';
import { Deadline } from '../../db/deadline.ts';
import type { Context, Services } from '../../graphql/context.ts';
import type { ClaimsOf } from '../claims.ts';
import type { ServerContext } from '../server-context.ts';
import { signedInOf } from '../sign-in.ts';

export interface ContextOptions {
  readonly services: Services;
  readonly authenticator: Authenticator;
  readonly claimsOf: ClaimsOf;
}

export type ContextOf = (request: ServerContext) => Context;

/** Creates everything that an operation needs, so that HTTP, SSE and WebSocket behave the same. */
export function createContextOf({ services, authenticator, claimsOf }: ContextOptions): ContextOf {
  const { limits, store } = services;
  return ({ req, res, claims, own }) => {
    // A WebSocket has its claims. An HTTP request was signed in before its document was parsed.
    const known = claims ? undefined : signedInOf(req);
    const session = known?.session ?? authenticator.session(claims ?? claimsOf(req));
    const deadline = known?.deadline ?? new Deadline(limits.requestMs);
    deadline.owner = () => (session.isProved ? session.accountId : undefined);
    return {
      ...services,
      db: store.prisma,
      session,
      deadline,
      loaders: new Map(),
      readings: new Readings(),
      channel: own?.channel,
      cutOff: res && (() => res.destroy()),
      onClosed: res && ((work) => (res.closed ? work() : void res.once('close', work))),
    };
  };
}
