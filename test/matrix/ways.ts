import type { Permission } from '../../src/access/catalog.ts';
import type { Client } from '../support/client.ts';
import { idOf } from '../support/world.ts';
import type { Stage } from './stage.ts';

export type Way = 'list' | 'get' | 'node' | 'nested' | 'count' | 'subscription';

export interface Reading {
  readonly way: Way;
  /** Permissions on the way to the object, in addition to the permission itself. */
  readonly besides?: readonly Permission[];
  /** True if the client sees the object in this way. */
  readonly sees: (client: Client, stage: Stage) => Promise<boolean>;
}

export const data = async (client: Client, query: string, variables: Record<string, unknown> = {}): Promise<any> =>
  (await client.run<any>(query, variables)).data;

export const node = (id: (stage: Stage) => string): Reading => ({
  way: 'node',
  sees: async (client, stage) =>
    (await data(client, 'query($id: ID!) { node(id: $id) { id } }', { id: id(stage) }))?.node?.id === id(stage),
});

/** A connection of the tenant: its list, and its count. */
export function connection(field: string, id: (stage: Stage) => string): Reading[] {
  const query = `{ tenant(key: "a") { ${field}(first: 100) { totalCount nodes { id } } } }`;
  return [
    {
      way: 'list',
      sees: async (client, stage) =>
        (await data(client, query))?.tenant?.[field]?.nodes.some((n: any) => n.id === id(stage)) ?? false,
    },
    {
      way: 'count',
      sees: async (client) => {
        const page = (await data(client, query))?.tenant?.[field];
        if (page && page.totalCount !== page.nodes.length && page.nodes.length < 100)
          throw new Error('the count includes rows that the list does not show');
        return (page?.totalCount ?? 0) > 0;
      },
    },
  ];
}

/** A connection of the namespace company.x, with its count. */
export const inNamespace = (field: string, id: (stage: Stage) => string): Reading => ({
  way: 'nested',
  besides: ['NAMESPACE:READ'],
  sees: async (client, stage) => {
    const query = `{ tenant(key: "a") { namespace(name: "company.x") { ${field}(first: 100) { totalCount nodes { id } } } } }`;
    const page = (await data(client, query))?.tenant?.namespace?.[field];
    if (page && page.totalCount !== page.nodes.length && page.nodes.length < 100)
      throw new Error('the count includes rows that the list does not show');
    return page?.nodes.some((n: any) => n.id === id(stage)) ?? false;
  },
});

export const nested = (
  besides: readonly Permission[],
  query: string,
  find: (data: any, stage: Stage) => unknown,
): Reading => ({
  way: 'nested',
  besides,
  sees: async (client, stage) =>
    Boolean(
      find(
        await data(client, query, { group: idOf('Group', stage.group), event: idOf('AuditEvent', stage.event) }),
        stage,
      ),
    ),
});
