import type { Blueprint, Tenant } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { registerNode } from '../../../graphql/node.ts';
import { escapeLike } from '../../../lib/text.ts';
import { toSql } from '../../../policy/filter/portable.ts';

const KindEnum = builder.enumType('BlueprintKind', {
  description: 'Where a blueprint is from.',
  values: {
    CATALOGUE: { description: 'It comes with Gatehouse, the same for every tenant.' },
    CUSTOM: { description: 'The tenant made it.' },
  },
});

export const BlueprintRef = builder.prismaNode('Blueprint', {
  description: 'An example of a flow, ready to be used.',
  id: { field: 'id' },
  fields: (t) => ({
    title: t.exposeString('title', { description: 'What it is called.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it is for.' }),
    tags: t.exposeStringList('tags', { description: 'By what it is found.' }),
    source: t.exposeString('source', { description: 'The flow, as YAML.' }),
    kind: t.field({
      type: KindEnum,
      description: 'Where it is from.',
      resolve: ({ tenantId }) => (tenantId === null ? 'CATALOGUE' : 'CUSTOM'),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
    viewerPermissions: viewerPermissions<Blueprint>(
      t,
      'BLUEPRINT',
      ({ tenantId }) => (tenantId === null ? {} : { tenantId }),
      ({ tenantId }) => (tenantId === null ? ['READ'] : []),
    ),
  }),
});

/** The blueprint, if the viewer may read it. The catalogue is everybody's. */
export async function readBlueprint(
  { db, session }: Pick<Context, 'session'> & { readonly db: Pick<Tx, 'blueprint'> },
  id: string,
): Promise<Blueprint | null> {
  const row = await db.blueprint.findFirst({ where: { id } });
  // An unknown id is decided about as well, so that it takes the time of a foreign one.
  const grant = session.may('BLUEPRINT:READ', { tenantId: row?.tenantId ?? '' });
  return row && (row.tenantId === null || grant?.matches(row)) ? row : null;
}
registerNode({
  typename: 'Blueprint',
  resource: 'BLUEPRINT',
  find: (context, id) => readBlueprint(context, id) as Promise<Record<string, unknown> | null>,
});

const Where = builder.inputType('BlueprintWhere', {
  description: 'Which blueprints.',
  fields: (t) => ({
    kind: t.field({ type: KindEnum, description: 'Only of the catalogue, or only custom ones.' }),
    tags: t.stringList({ description: 'With all of these tags.' }),
    text: t.string({ description: 'Title, description or source contains this, in any case.' }),
  }),
});
const catalogue = { tenantId: null };

builder.prismaObjectFields('Tenant', (t) => ({
  blueprints: connection(t, {
    connection: connectionType('Blueprint', BlueprintRef),
    description: "The catalogue, and the tenant's own blueprints as far as the viewer may read them.",
    permission: 'BLUEPRINT:READ',
    scopes: ({ id }: Tenant) => Promise.resolve([{ tenantId: id }]),
    model: 'blueprint',
    within: ({ id }) => ({ OR: [{ tenantId: id }, catalogue] }),
    besides: catalogue,
    where: {
      input: Where,
      toCondition: ({ kind, tags, text }: typeof Where.$inferInput) => {
        const contains = text == null ? undefined : { contains: escapeLike(text), mode: 'insensitive' };
        return {
          AND: [
            kind == null ? {} : kind === 'CATALOGUE' ? catalogue : { NOT: catalogue },
            tags != null ? { tags: { hasEvery: tags } } : {},
            contains ? { OR: [{ title: contains }, { description: contains }, { source: contains }] } : {},
          ],
        };
      },
    },
    order: orderBy('Blueprint', {
      TITLE: { column: 'titleKey', description: 'By title.' },
      UPDATED_AT: { column: 'updatedAt', description: 'By the time of the last change.' },
    }),
    defaultOrder: { column: 'titleKey', descending: false },
    nullable: false,
  }),
  blueprintTags: t.field({
    type: ['String'],
    description: 'The tags of all blueprints that the viewer may read.',
    access: { decides: 'BLUEPRINT:READ' },
    resolve: async ({ id }: Tenant, _args, { db, session }) => {
      const grant = session.may('BLUEPRINT:READ', { tenantId: id });
      const params: unknown[] = [id];
      const custom = grant ? `b."tenantId" = $1 AND ${toSql(grant.where, 'b', params)}` : '$1::text IS NULL';
      const rows = await db.$queryRawUnsafe<{ tag: string }[]>(
        `SELECT DISTINCT unnest(b.tags) AS tag FROM "Blueprint" b WHERE b."tenantId" IS NULL OR (${custom})`,
        ...params,
      );
      return rows.map(({ tag }) => tag).sort();
    },
  }),
}));
