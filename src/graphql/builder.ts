import SchemaBuilder from '@pothos/core';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import type PrismaTypes from '../db/generated/pothos.ts';
import { getDatamodel } from '../db/generated/pothos.ts';
import './access-plugin.ts';
import type { Context } from './context.ts';
import { scalars } from './scalars.ts';

/** The one schema builder. Types are defined in the resource folders. */
export const builder = new SchemaBuilder<{
  Context: Context;
  PrismaTypes: PrismaTypes;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    Duration: { Input: number; Output: number };
    BigInt: { Input: bigint; Output: bigint };
    JSON: { Input: unknown; Output: unknown };
  };
}>({
  plugins: ['access' as never, RelayPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  relay: {
    cursorType: 'String',
    // Root fields that nobody wrote would have an access that nobody chose: query.ts has our own.
    nodeQueryOptions: false,
    nodesQueryOptions: false,
    idFieldOptions: { description: 'Opaque id of the object, unique among all types.' },
    nodeTypeOptions: { description: 'An object that `node(id:)` finds again.' },
    pageInfoTypeOptions: { description: 'Where a page of a connection stands.' },
    hasNextPageFieldOptions: { description: 'Is there more after this page?' },
    hasPreviousPageFieldOptions: { description: 'Is there more before this page?' },
    startCursorFieldOptions: { description: 'Cursor of the first edge.' },
    endCursorFieldOptions: { description: 'Cursor of the last edge.' },
  },
  prisma: { client: (context) => context.db, dmmf: getDatamodel(), onUnusedQuery: null },
});

for (const [name, options] of Object.entries(scalars)) {
  builder.scalarType(name as keyof typeof scalars, options as never);
}
builder.queryType({ description: 'What can be read.' });
builder.mutationType({
  description: 'What can be changed. Each mutation is one transaction, with its audit events in it.',
});
builder.subscriptionType({ description: 'What can be followed live, decided anew for every event.' });
