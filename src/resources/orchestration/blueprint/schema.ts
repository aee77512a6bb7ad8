import { LRUCache } from 'lru-cache';
import type { Blueprint, Tenant } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { registerNode } from '../../../graphql/node.ts';
import { optionalTenantFields } from '../../../graphql/tenant-fields.ts';
import { escapeLike } from '../../../lib/text.ts';
import { toSql } from '../../../policy/filter/portable.ts';
import { inTurn } from '../flow/reading.ts';
import { partsOfSaved } from '../flow/source.ts';

const KindEnum = builder.enumType('BlueprintKind', {
  description: 'Origin of a blueprint.',
  values: {
    CATALOGUE: { description: 'Ships with Gatehouse; the same for every tenant.' },
    CUSTOM: { description: 'Created by the tenant.' },
  },
});

export const BlueprintRef = builder.prismaNode('Blueprint', {
  description: 'An example flow, ready to use.',
  id: { field: 'id' },
  fields: (t) => ({
    title: t.exposeString('title', { description: 'The title.' }),
    description: t.exposeString('description', { nullable: true, description: 'The description.' }),
    tags: t.exposeStringList('tags', { description: 'Tags for search.' }),
    source: t.exposeString('source', { description: 'Source of the flow, as YAML.' }),
    documentation: t.exposeString('documentation', { nullable: true, description: 'Documentation, as Markdown.' }),
    shared: t.boolean({
      description: 'True if everyone who can create flows in a namespace of the tenant can read and use it.',
      resolve: ({ tenantId, shared }) => tenantId === null || shared,
    }),
    taskTypes: t.field({
      type: ['String'],
      description: 'Types of its tasks and triggers, in the order of the source.',
      resolve: ({ source }, _args, context) => typesIn(source, context),
    }),
    kind: t.field({
      type: KindEnum,
      description: 'Origin of the blueprint.',
      resolve: ({ tenantId }) => (tenantId === null ? 'CATALOGUE' : 'CUSTOM'),
    }),
    ...optionalTenantFields<Blueprint>(t, 'null in the catalogue'),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
    viewerPermissions: viewerPermissions<Blueprint>(
      t,
      'BLUEPRINT',
      ({ tenantId }) => (tenantId === null ? {} : { tenantId }),
      ({ tenantId }) => (tenantId === null ? ['READ'] : []),
    ),
  }),
});

const known = new LRUCache<string, readonly string[]>({ max: 500 });

/** Types of the tasks and triggers of a source. */
async function typesIn(source: string, context: Context): Promise<string[]> {
  const types =
    known.get(source) ??
    (await inTurn(() => {
      const { tasks, triggers } = partsOfSaved(source);
      return [...new Set([...tasks, ...triggers].map(({ type }) => type))];
    }, context));
  known.set(source, types);
  return [...types];
}

/** True if the viewer can create flows anywhere in the tenant: shared blueprints are for them. */
const createsFlows = (session: Context['session'], tenantId: string): boolean =>
  session.may('FLOW:CREATE', { tenantId }) !== undefined;

/** The blueprint, if the viewer can read it. Everyone can read the catalogue. */
export async function readBlueprint(
  { db, session }: Pick<Context, 'session'> & { readonly db: Pick<Tx, 'blueprint'> },
  id: string,
): Promise<Blueprint | null> {
  const row = await db.blueprint.findFirst({ where: { id } });
  // An unknown ID is decided as well, so that it takes as long as an ID of another tenant.
  const tenantId = row?.tenantId ?? '';
  const grant = session.may('BLUEPRINT:READ', { tenantId });
  const isShared = row?.shared === true && createsFlows(session, tenantId);
  return row && (row.tenantId === null || isShared || grant?.matches(row)) ? row : null;
}
registerNode({
  typename: 'Blueprint',
  resource: 'BLUEPRINT',
  find: (context, id) => readBlueprint(context, id) as Promise<Record<string, unknown> | null>,
});

const Where = builder.inputType('BlueprintWhere', {
  description: 'Filter for blueprints.',
  fields: (t) => ({
    kind: t.field({ type: KindEnum, description: 'Only blueprints of this origin.' }),
    tags: t.stringList({ description: 'Blueprints that have all of these tags.' }),
    text: t.string({ description: 'Case-insensitive search in title, description and source.' }),
  }),
});
const catalogue = { tenantId: null };

builder.prismaObjectFields('Tenant', (t) => ({
  blueprints: connection(t, {
    connection: connectionType('Blueprint', BlueprintRef),
    description: "The catalogue, and the tenant's custom blueprints that the viewer can read.",
    permission: 'BLUEPRINT:READ',
    scopes: ({ id }: Tenant) => Promise.resolve([{ tenantId: id }]),
    model: 'Blueprint',
    within: ({ id }) => ({ OR: [{ tenantId: id }, catalogue] }),
    besides: ({ id }, { session }) =>
      createsFlows(session, id) ? { OR: [catalogue, { tenantId: id, shared: true }] } : catalogue,
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
    description: 'Tags of all blueprints that the viewer can read.',
    access: { decides: 'BLUEPRINT:READ' },
    resolve: async ({ id }: Tenant, _args, { db, session }) => {
      const grant = session.may('BLUEPRINT:READ', { tenantId: id });
      const params: unknown[] = [id];
      const all = grant ? toSql(grant.where, 'b', params) : 'FALSE';
      const custom = `b."tenantId" = $1 AND (${all} OR ${createsFlows(session, id) ? 'b.shared' : 'FALSE'})`;
      const rows = await db.$queryRawUnsafe<{ tag: string }[]>(
        `SELECT DISTINCT unnest(b.tags) AS tag FROM "Blueprint" b WHERE b."tenantId" IS NULL OR (${custom})`,
        ...params,
      );
      return rows.map(({ tag }) => tag).sort();
    },
  }),
}));
