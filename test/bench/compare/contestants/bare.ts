import { createServer } from 'node:http';
import { createYoga } from 'graphql-yoga';
import { place } from '../documents.ts';
import { bareSchema } from './bare-schema.ts';
import { openHand } from './hand.ts';

const own = place();
const hand = await openHand(own);
const yoga = createYoga({
  schema: bareSchema(own),
  graphiql: false,
  logging: false,
  context: ({ request }) => hand.callerOf(request.headers.get('authorization') ?? undefined),
});
createServer(yoga).listen(own.port, () => console.log('ready'));
