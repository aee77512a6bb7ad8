import SchemaBuilder from '@pothos/core';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import type PrismaTypes from '../db/generated/pothos.ts';
import { getDatamodel } from '../db/generated/pothos.ts';
import './access-plugin.ts';
import type { Context } from './context.ts';
import { scalars } from './scalars.ts';

/** The schema builder. Types are defined in the resource folders. */
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
    // Generated root fields would have no declared access: node.ts defines our own.
    nodeQueryOptions: false,
    nodesQueryOptions: false,
    idFieldOptions: { description: 'Opaque ID of the object, unique across all types.' },
    nodeTypeOptions: { description: 'An object that `node(id:)` can fetch.' },
    pageInfoTypeOptions: { description: 'Position of a page in a connection.' },
    hasNextPageFieldOptions: { description: 'True if there are more objects after this page.' },
    hasPreviousPageFieldOptions: { description: 'True if there are more objects before this page.' },
    startCursorFieldOptions: { description: 'Cursor of the first edge.' },
    endCursorFieldOptions: { description: 'Cursor of the last edge.' },
  },
  prisma: { client: (context) => context.db, dmmf: getDatamodel(), onUnusedQuery: null },
});

for (const [name, options] of Object.entries(scalars)) {
  builder.scalarType(name as keyof typeof scalars, options as never);
}
builder.queryType({ description: 'Read operations.' });
builder.mutationType({
  description: 'Write operations. Each mutation is one transaction that includes its audit events.',
});
builder.subscriptionType({ description: 'Live streams. Access is decided again for every event.' });
