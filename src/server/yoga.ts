import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import { Readings } from '../audit/readings.ts';
import type { Authenticator, Claims } from '../auth/authenticate.ts';
import { Deadline } from '../db/deadline.ts';
import type { Context, Services } from '../graphql/context.ts';
import type { Mask } from '../graphql/mask.ts';
import type { DirectWay } from '../graphql/streams/direct-delivery.ts';
import { claimsOf } from './claims.ts';
import { createDocumentCache, noErrorCache } from './document-cache.ts';
import { type SignIn, signedInOf } from './sign-in.ts';
import { useDeadline } from './use-deadline.ts';
import { useHttpRules } from './use-http-rules.ts';
import { useLimits } from './use-limits.ts';
import { useMultipartSubscriptions } from './use-multipart-subscriptions.ts';
import { usePlainFaults } from './use-plain-faults.ts';
import { useReadings } from './use-readings.ts';
import { useSignIn } from './use-sign-in.ts';
import { useToldFaults } from './use-told-faults.ts';
import { useTurns } from './use-turns.ts';

/** What comes with a request beside its body: the socket's own for WebSocket, the message's for HTTP. */
export interface ServerContext {
  req: IncomingMessage;
  res?: ServerResponse;
  /** Set by the WebSocket server: who opened the socket. */
  claims?: Claims;
  /** Set by the WebSocket server: how the operation may send its items itself. */
  own?: { readonly direct?: DirectWay };
}

export interface YogaOptions {
  readonly schema: GraphQLSchema;
  readonly services: Services;
  readonly authenticator: Authenticator;
  readonly addressOf: (request: IncomingMessage) => string | undefined;
  readonly signIn: SignIn;
  readonly mask: Mask;
}

export type Gateway = YogaServerInstance<ServerContext, Context>;

export function createGateway({ schema, services, authenticator, addressOf, signIn, mask }: YogaOptions): Gateway {
  const { limits, store } = services;
  return createYoga<ServerContext, Context>({
    schema,
    logging: false,
    landingPage: false,
    multipart: false,
    batching: false,
    maxRequestBodySize: limits.bodyBytes,
    healthCheckEndpoint: '/healthz',
    // Both are served by src/server/http.ts.
    graphiql: false,
    cors: false,
    maskedErrors: { maskError: mask },
    parserAndValidationCache: { documentCache: createDocumentCache(), errorCache: noErrorCache },
    // Everything a request needs is made here, so that it is the same for HTTP, SSE and WebSocket.
    context: ({ req, res, claims, own }) => {
      // A WebSocket brings its claims; over HTTP, it was asked before the document was looked at.
      const known = claims ? undefined : signedInOf(req);
      const session = known?.session ?? authenticator.session(claims ?? claimsOf(req, addressOf));
      const deadline = known?.deadline ?? new Deadline(limits.requestMs);
      deadline.owner = () => (session.isProved ? session.accountId : undefined);
      return {
        ...services,
        db: store.prisma,
        session,
        deadline,
        loaders: new Map(),
        readings: new Readings(),
        direct: own?.direct,
        cutOff: res && (() => res.destroy()),
        onClosed: res && ((work) => (res.closed ? work() : void res.once('close', work))),
      };
    },
    // The life of a request, top to bottom.
    plugins: [
      // around everything
      useToldFaults(mask),
      // before the body is read
      useHttpRules(),
      useSignIn(signIn),
      // before execution
      usePlainFaults(),
      useLimits(limits),
      // how an answer is sent
      useMultipartSubscriptions(),
      // around execution, from the inside out
      useReadings(),
      useTurns(),
      useDeadline(),
    ],
  });
}
