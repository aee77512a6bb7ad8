/** The bare stack of Gatehouse: a Pothos schema over Prisma, with the reach as a condition and nothing else. */
import SchemaBuilder from '@pothos/core';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../../../src/db/generated/client.ts';
import type PrismaTypes from '../../../../src/db/generated/pothos.ts';
import { getDatamodel } from '../../../../src/db/generated/pothos.ts';
import { type Place, reached } from '../documents.ts';

export function bareSchema({ databaseUrl }: Place) {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl, max: 10 }) });
  const builder = new SchemaBuilder<{
    PrismaTypes: PrismaTypes;
    Context: { name: string };
    DefaultFieldNullability: false;
  }>({
    plugins: [RelayPlugin, PrismaPlugin],
    defaultFieldNullability: false,
    relay: { nodeQueryOptions: false, nodesQueryOptions: false, nodesOnConnection: true },
    prisma: { client: prisma, dmmf: getDatamodel(), onUnusedQuery: null },
  });
  const reach = {
    OR: reached.map((name) => ({ OR: [{ namespace: name }, { namespace: { gte: `${name}.`, lt: `${name}/` } }] })),
  };
  const query = { orderBy: { id: 'asc' } } as const;
  builder.prismaNode('Trigger', {
    id: { field: 'id' },
    fields: (t) => ({
      triggerId: t.exposeString('triggerId'),
      disabled: t.exposeBoolean('disabled'),
      flow: t.relation('flow'),
    }),
  });
  builder.prismaNode('Flow', {
    id: { field: 'id' },
    fields: (t) => ({
      flowId: t.exposeString('flowId'),
      revision: t.exposeInt('revision'),
      triggers: t.relatedConnection('triggers', { cursor: 'id', query }),
    }),
  });
  builder.prismaObject('Tenant', {
    fields: (t) => ({
      triggers: t.relatedConnection('triggers', { cursor: 'id', query: { ...query, where: reach } }),
      flows: t.relatedConnection('flows', { cursor: 'id', query: { ...query, where: reach } }),
    }),
  });
  const Viewer = builder
    .objectRef<{ name: string }>('Viewer')
    .implement({ fields: (t) => ({ name: t.exposeString('name') }) });
  builder.queryType({
    fields: (t) => ({
      viewer: t.field({ type: Viewer, resolve: (_root, _args, { name }) => ({ name }) }),
      tenant: t.prismaField({
        type: 'Tenant',
        nullable: true,
        args: { key: t.arg.string({ required: true }) },
        resolve: (own, _root, { key }) => prisma.tenant.findUnique({ ...own, where: { key } }),
      }),
    }),
  });
  return builder.toSchema();
}
