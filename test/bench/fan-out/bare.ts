import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

const sdl = `
  type Query { hello: String }
  type Event { seq: String! at: String! kind: String! action: String! outcome: String! actorName: String!
    resource: String! resourceKey: String! namespaceName: String requestId: String! }
  type Item { cursor: String! event: Event }
  type Subscription { auditEvents(tenantKey: String!): Item! }
`;

/** graphql-ws as in its documentation, with a plain list of waiting items per subscriber. */
export async function startBare() {
  const subscribers = new Set<(item: object) => void>();
  async function* follow(): AsyncGenerator<object> {
    const items: object[] = [{ auditEvents: { cursor: 'begin', event: null } }];
    let wake: () => void = () => undefined;
    const push = (item: object) => {
      items.push({ auditEvents: item });
      wake();
    };
    subscribers.add(push);
    try {
      for (;;) {
        while (items.length > 0) yield items.shift()!;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      subscribers.delete(push);
    }
  }
  const server = createServer();
  useServer(
    { schema: buildSchema(sdl), roots: { subscription: { auditEvents: () => follow() } } as never },
    new WebSocketServer({ server, path: '/graphql', perMessageDeflate: false }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    publish(item: object): void {
      for (const push of subscribers) push(item);
    },
    close: () => server.close(),
  };
}
