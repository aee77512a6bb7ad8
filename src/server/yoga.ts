import type { GraphQLSchema } from 'graphql';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import type { Context } from '../graphql/context.ts';
import type { Mask } from '../graphql/mask.ts';
import type { ContextOf } from './operation/context.ts';
import type { Documents } from './operation/documents.ts';
import type { Operations } from './operation/operations.ts';
import type { ServerContext } from './server-context.ts';
import type { SignIn } from './sign-in.ts';
import { useHttpRules } from './use-http-rules.ts';
import { useMaskedFaults } from './use-masked-faults.ts';
import { useMultipartSubscriptions } from './use-multipart-subscriptions.ts';
import { useOperations } from './use-operations.ts';
import { useSignIn } from './use-sign-in.ts';
import { useStreamChannel } from './use-stream-channel.ts';

export interface YogaOptions {
  readonly schema: GraphQLSchema;
  readonly bodyBytes: number;
  readonly signIn: SignIn;
  readonly documents: Documents;
  readonly operations: Operations;
  readonly contextOf: ContextOf;
  readonly mask: Mask;
}

export type Gateway = YogaServerInstance<ServerContext, Context>;

export function createGateway(options: YogaOptions): Gateway {
  const { schema, bodyBytes, signIn, documents, operations, contextOf, mask } = options;
  return createYoga<ServerContext, Context>({
    schema,
    logging: false,
    landingPage: false,
    multipart: false,
    batching: false,
    maxRequestBodySize: bodyBytes,
    healthCheckEndpoint: '/healthz',
    // Both are served by src/server/http.ts.
    graphiql: false,
    cors: false,
    maskedErrors: { maskError: mask },
    // Documents are cached by src/server/operation/documents.ts.
    parserAndValidationCache: false,
    context: contextOf,
    // The life of a request, top to bottom.
    plugins: [
      // around everything
      useMaskedFaults(mask),
      // before the body is read
      useHttpRules(),
      useSignIn(signIn),
      // parsing, validation and execution
      useOperations(documents, operations),
      // how a response is sent
      useStreamChannel(mask),
      useMultipartSubscriptions(),
    ],
  });
}
