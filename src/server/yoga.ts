import type { GraphQLSchema } from 'graphql';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import { Readings } from '../audit/readings.ts';
import type { Authenticator } from '../auth/authenticate.ts';
import { Deadline } from '../db/deadline.ts';
import type { Context, Services } from '../graphql/context.ts';
import type { Mask } from '../graphql/mask.ts';
import type { ClaimsOf } from './claims.ts';
import { createDocumentCache, noErrorCache } from './document-cache.ts';
import type { ServerContext } from './server-context.ts';
import { type SignIn, signedInOf } from './sign-in.ts';
import { useDeadline } from './use-deadline.ts';
import { useHttpRules } from './use-http-rules.ts';
import { useLimits } from './use-limits.ts';
import { useMaskedFaults } from './use-masked-faults.ts';
import { useMultipartSubscriptions } from './use-multipart-subscriptions.ts';
import { usePlainFaults } from './use-plain-faults.ts';
import { useReadings } from './use-readings.ts';
import { useSignIn } from './use-sign-in.ts';
import { useStreamChannel } from './use-stream-channel.ts';
import { useTurns } from './use-turns.ts';

export interface YogaOptions {
  readonly schema: GraphQLSchema;
  readonly services: Services;
  readonly authenticator: Authenticator;
  readonly claimsOf: ClaimsOf;
  readonly signIn: SignIn;
  readonly mask: Mask;
}

export type Gateway = YogaServerInstance<ServerContext, Context>;

export function createGateway({ schema, services, authenticator, claimsOf, signIn, mask }: YogaOptions): Gateway {
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
    // Everything that a request needs is created here, so that HTTP, SSE and WebSocket behave the same.
    context: ({ req, res, claims, own }) => {
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
    },
    // The life of a request, top to bottom.
    plugins: [
      // around everything
      useMaskedFaults(mask),
      // before the body is read
      useHttpRules(),
      useSignIn(signIn),
      // before execution
      usePlainFaults(),
      useLimits(limits),
      // how a response is sent
      useStreamChannel(mask),
      useMultipartSubscriptions(),
      // around execution, innermost first
      useReadings(),
      useTurns(),
      useDeadline(),
    ],
  });
}
