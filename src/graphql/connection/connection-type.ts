import type { InputRef, ObjectRef } from '@pothos/core';
import { getRefFromModel } from '@pothos/plugin-prisma';
import type PrismaTypes from '../../db/generated/pothos.ts';
import { builder } from '../builder.ts';

export type SchemaTypes = typeof builder.$inferSchemaTypes;
export type FieldBuilder<Parent> = PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, Parent>;
/** The type of a model, wherever it is defined. */
export const refOf = <M extends keyof PrismaTypes>(model: M) =>
  getRefFromModel(model, builder as never) as unknown as ObjectRef<SchemaTypes, PrismaTypes[M]['Shape']>;

/** Filters of policies and callers are joined by AND. */
export type { Condition } from '../../db/rows/condition.ts';

export interface Edge<Node> {
  readonly cursor: string;
  readonly node: Node;
}
export interface Page<Node> {
  readonly edges: readonly Edge<Node>[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly count: () => Promise<number>;
  /** For feeds: where to start following without a gap. */
  readonly streamCursor?: string;
}
export type ConnectionRef<Node> = ObjectRef<SchemaTypes, Page<Node>>;

/** Creates `XConnection` and `XEdge` for a type, once. */
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
        cursor: t.exposeString('cursor', { description: 'Position of this edge in the order of the connection.' }),
        node: t.field({ type: node as never, description: 'The object.', resolve: (parent) => parent.node as never }),
        ...ofEdge(t),
      }) as never,
  });
  return builder.objectRef<Page<Node>>(`${name}Connection`).implement({
    description: `A page of ${name} objects that the viewer can read.`,
    fields: (t) =>
      ({
        edges: t.field({
          type: [edge],
          description: 'The objects of the page, with cursors.',
          resolve: (page) => [...page.edges],
        }),
        nodes: t.field({
          type: [node] as never,
          description: 'The objects of the page, without cursors.',
          resolve: (page) => page.edges.map((e) => e.node) as never,
        }),
        pageInfo: t.field({
          type: builder.pageInfoRef(),
          description: 'Position of the page.',
          resolve: ({ edges, hasNextPage, hasPreviousPage }) => ({
            hasNextPage,
            hasPreviousPage,
            startCursor: edges[0]?.cursor ?? null,
            endCursor: edges.at(-1)?.cursor ?? null,
          }),
        }),
        totalCount: t.int({
          description: 'Total number that the viewer can read, across all pages. Counted only when requested.',
          resolve: (page) => page.count(),
        }),
        ...extra(t),
      }) as never,
  });
}

const direction = builder.enumType('OrderDirection', {
  description: 'Direction of an order.',
  values: { ASC: { description: 'Ascending.' }, DESC: { description: 'Descending.' } },
});

export interface Order {
  readonly input: InputRef<{ field: string; direction?: 'ASC' | 'DESC' | null }>;
  readonly columns: Readonly<Record<string, string>>;
}

/** An `orderBy` input over columns that every reader of the object can see. Rows without a value come last. */
export function orderBy(
  name: string,
  columns: Readonly<Record<string, { column: string; description: string }>>,
): Order {
  const field = builder.enumType(`${name}OrderField`, {
    description: `Fields by which ${name} objects can be ordered.`,
    values: Object.fromEntries(Object.entries(columns).map(([key, { description }]) => [key, { description }])),
  });
  const input = builder.inputType(`${name}Order`, {
    description: `Order of ${name} objects.`,
    fields: (t) => ({
      field: t.field({ type: field as never, required: true, description: 'The field.' }),
      direction: t.field({ type: direction, description: 'Direction. Defaults to ASC.' }),
    }),
  });
  return {
    input: input as never,
    columns: Object.fromEntries(Object.entries(columns).map(([key, { column }]) => [key, column])),
  };
}
