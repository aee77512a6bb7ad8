import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { place } from '../documents.ts';
import { bareSchema } from './bare-schema.ts';
import { openHand } from './hand.ts';

const own = place();
const hand = await openHand(own);
const server = new ApolloServer({ schema: bareSchema(own), introspection: false });
await startStandaloneServer(server as any, {
  listen: { port: own.port },
  context: async ({ req }: any) => hand.callerOf(req.headers.authorization),
});
console.log('ready');
