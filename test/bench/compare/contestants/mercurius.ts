/** Mercurius with a compiled executor, hand-written SQL, loaders and an authentication hook. */
import fastify from 'fastify';
import mercurius from 'mercurius';
import { place } from '../documents.ts';
import { idOf, openHand } from './hand.ts';

const { port, ...own } = place();
const hand = await openHand({ port, ...own });
const app = fastify();

await app.register(mercurius as any, {
  jit: 1,
  schema: `
    type Viewer { name: String! }
    type Flow { id: ID! flowId: String! revision: Int! triggers(first: Int): TriggerConnection! }
    type Trigger { id: ID! triggerId: String! disabled: Boolean! flow: Flow }
    type TriggerConnection { nodes: [Trigger!]! }
    type FlowConnection { nodes: [Flow!]! }
    type Tenant { triggers(first: Int): TriggerConnection! flows(first: Int): FlowConnection! }
    type Query { viewer: Viewer! tenant(key: String!): Tenant }`,
  context: (request: any) => ({ caller: hand.callerOf(request.headers.authorization) }),
  resolvers: {
    Query: { viewer: (_: unknown, __: unknown, { caller }: any) => caller, tenant: () => ({}) },
    Tenant: {
      triggers: async () => ({ nodes: (await hand.run('triggers')).slice(0, 20) }),
      flows: async () => ({ nodes: (await hand.run('flows')).slice(0, 20) }),
    },
    Flow: { id: ({ id }: any) => idOf('Flow', id) },
    Trigger: { id: ({ id }: any) => idOf('Trigger', id) },
  },
  loaders: {
    Trigger: {
      async flow(queries: any[]) {
        const rows = await hand.run('flowsById', [[...new Set(queries.map(({ obj }) => obj.flowKey))]]);
        const byId = new Map(rows.map((row) => [row.id, row]));
        return queries.map(({ obj }) => byId.get(obj.flowKey));
      },
    },
    Flow: {
      async triggers(queries: any[]) {
        const rows = await hand.run('triggersOf', [queries.map(({ obj }) => obj.id)]);
        return queries.map(({ obj }) => ({ nodes: rows.filter(({ flowKey }) => flowKey === obj.id).slice(0, 5) }));
      },
    },
  },
});
await app.listen({ port });
console.log('ready');
