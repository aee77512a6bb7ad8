/**
 * The stock parts without the gateway's cures, in a process of their own: graphql-yoga with graphql-ws as their
 * documentation sets them up, and a `ticks` subscription on yoga's own pub/sub. Prints its port. A line `publish N` on
 * standard input publishes N events.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import type { ExecutionArgs } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createSchema, createYoga } from 'graphql-yoga';
import { WebSocketServer } from 'ws';

const pubSub = createPubSub<{ tick: [string] }>();
const yoga = createYoga({
  logging: false,
  schema: createSchema({
    typeDefs: `
      type Query { a: Query, hello: String }
      type Subscription { tick: String }
    `,
    resolvers: {
      Query: { a: () => ({}), hello: () => 'world' },
      Subscription: { tick: { subscribe: () => pubSub.subscribe('tick'), resolve: (text: string) => text } },
    },
  }),
});
const server = createServer(yoga);
useServer(
  {
    execute: (args: ExecutionArgs) => (args.rootValue as { execute: (args: ExecutionArgs) => never }).execute(args),
    subscribe: (args: ExecutionArgs) =>
      (args.rootValue as { subscribe: (args: ExecutionArgs) => never }).subscribe(args),
    async onSubscribe(context, _id, params) {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...context,
        req: (context.extra as { request: unknown }).request,
        params,
      });
      const args = {
        schema,
        operationName: params.operationName,
        document: parse(params.query),
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      };
      const errors = validate(args.schema, args.document);
      return errors.length > 0 ? errors : (args as ExecutionArgs);
    },
  },
  new WebSocketServer({ server, path: '/graphql' }),
);
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`));

createInterface({ input: process.stdin }).on('line', async (line) => {
  const count = Number(/^publish (\d+)$/.exec(line)?.[1] ?? 0);
  for (let i = 0; i < count; i += 1) {
    pubSub.publish('tick', `${i} ${'x'.repeat(350)}`);
    if (i % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  console.log('published');
});
