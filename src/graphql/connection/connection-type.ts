import type { InputRef, ObjectRef } from '@pothos/core';
import { getRefFromModel } from '@pothos/plugin-prisma';
import type PrismaTypes from '../../db/generated/pothos.ts';
import { builder } from '../builder.ts';

export type SchemaTypes = typeof builder.$inferSchemaTypes;
export type FieldBuilder<Parent> = PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, Parent>;
/** The type of a model's objects, wherever it is defined. */
export const refOf = <M extends keyof PrismaTypes>(model: M) =>
  getRefFromModel(model, builder as never) as unknown as ObjectRef<SchemaTypes, PrismaTypes[M]['Shape']>;

/** A condition for Prisma. Policies' filters and those of callers meet here, joined by AND. */
export type Condition = Readonly<Record<string, unknown>>;

export interface Edge<Node> {
  readonly cursor: string;
  readonly node: Node;
}
export interface Page<Node> {
  readonly edges: readonly Edge<Node>[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly count: () => Promise<number>;
  /** For feeds: where to begin following without a gap. */
  readonly streamCursor?: string;
}
export type ConnectionRef<Node> = ObjectRef<SchemaTypes, Page<Node>>;

/** Makes `XConnection` and `XEdge` of a type, once. */
export function connectionType<Node>(
  name: string,
  node: ObjectRef<SchemaTypes, Node>,
  extra: (t: FieldBuilder<Page<Node>>) => Record<string, unknown> = () => ({}),
  ofEdge: (t: FieldBuilder<Edge<Node>>) => Record<string, unknown> = () => ({}),
): ConnectionRef<Node> {
  const edge = builder.objectRef<Edge<Node>>(`${name}Edge`).implement({
    description: `One ${name} of a page, with its cursor.`,
    fields: (t) =>
      ({
        cursor: t.exposeString('cursor', { description: 'Where this edge stands in the order of the connection.' }),
        node: t.field({ type: node as never, description: 'The object.', resolve: (parent) => parent.node as never }),
        ...ofEdge(t),
      }) as never,
  });
  return builder.objectRef<Page<Node>>(`${name}Connection`).implement({
    description: `A page of ${name} objects that the viewer may read.`,
    fields: (t) =>
      ({
        edges: t.field({ type: [edge], description: 'The page, with cursors.', resolve: (page) => [...page.edges] }),
        nodes: t.field({
          type: [node] as never,
          description: 'The page, without cursors.',
          resolve: (page) => page.edges.map((e) => e.node) as never,
        }),
        pageInfo: t.field({
          type: builder.pageInfoRef(),
          description: 'Where the page stands.',
          resolve: ({ edges, hasNextPage, hasPreviousPage }) => ({
            hasNextPage,
            hasPreviousPage,
            startCursor: edges[0]?.cursor ?? null,
            endCursor: edges.at(-1)?.cursor ?? null,
          }),
        }),
        totalCount: t.int({
          description: 'How many the viewer may read, over all pages. Counted only when asked for.',
          resolve: (page) => page.count(),
        }),
        ...extra(t),
      }) as never,
  });
}

const direction = builder.enumType('OrderDirection', {
  description: 'Which end comes first.',
  values: { ASC: { description: 'Smallest first.' }, DESC: { description: 'Greatest first.' } },
});

export interface Order {
  readonly input: InputRef<{ field: string; direction?: 'ASC' | 'DESC' | null }>;
  readonly columns: Readonly<Record<string, string>>;
}

/** An `orderBy` input over columns that are never null and that every reader of the object sees. */
export function orderBy(
  name: string,
  columns: Readonly<Record<string, { column: string; description: string }>>,
): Order {
  const field = builder.enumType(`${name}OrderField`, {
    description: `What ${name} objects can be ordered by.`,
    values: Object.fromEntries(Object.entries(columns).map(([key, { description }]) => [key, { description }])),
  });
  const input = builder.inputType(`${name}Order`, {
    description: `An order of ${name} objects.`,
    fields: (t) => ({
      field: t.field({ type: field as never, required: true, description: 'By what.' }),
      direction: t.field({ type: direction, description: 'Default: ASC.' }),
    }),
  });
  return {
    input: input as never,
    columns: Object.fromEntries(Object.entries(columns).map(([key, { column }]) => [key, column])),
  };
}
