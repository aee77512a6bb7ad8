import type { InputRef } from '@pothos/core';
import DataLoader from 'dataloader';
import type { Permission } from '../../access/catalog.ts';
import type { Row } from '../../access/grant.ts';
import { modelOf } from '../../db/rows/model.ts';
import type { Names, Selection } from '../../db/rows/select.ts';
import { badInput } from '../../errors.ts';
import { atPath } from '../../lib/remember.ts';
import type { Scope } from '../../policy/decide/decision.ts';
import type { Context } from '../context.ts';
import type { Condition, ConnectionRef, Order, Page } from './connection-type.ts';
import { type CursorValue, decodeCursor, encodeCursor } from './cursor.ts';
import { everyRow, rows } from './reach.ts';

export interface ConnectionSpec<Parent, Node, Filter> {
  readonly connection: ConnectionRef<Node>;
  readonly description: string;
  readonly permission: Permission;
  /** The scope of the decision. With several, the rows within any of them (each filter names its own tenant). */
  readonly scopes: (parent: Parent, context: Context) => Scope | Promise<readonly Scope[]>;
  /** The Prisma model. */
  readonly model: string;
  /** The rows of the parent. If it only gives values of columns, the pages of many parents load in one statement. */
  readonly within: (parent: Parent) => Condition;
  /** Converts the grant's filter into one of this model, if they differ (users of a tenant, by their access rows). */
  readonly reach?: (where: Condition) => Condition;
  /** The same, if it depends on the parent. */
  readonly reachOfParent?: (where: Condition, parent: Parent) => Condition;
  /** Rows that the viewer can read regardless of the grant. */
  readonly besides?: Condition | ((parent: Parent, context: Context) => Condition);
  readonly where?: {
    readonly input: InputRef<Filter>;
    readonly toCondition: (filter: Filter, context: Context, parent: Parent) => Condition | Promise<Condition>;
    /** True if the condition is different for each parent. */
    readonly dependsOnParent?: boolean;
  };
  readonly order?: Order;
  /** Refuses an order by a column that is masked for the viewer. */
  readonly sortable?: (column: string, context: Context) => void;
  /** Default order. If absent: id, the order of creation. */
  readonly defaultOrder?: { readonly column: string; readonly descending: boolean };
  /** A faster way to count than by rows. @returns undefined if these conditions are not supported. */
  readonly count?: (
    context: Context,
    parent: Parent,
    conditions: readonly Condition[],
  ) => Promise<number | undefined> | undefined;
  /** For feeds: the position to follow from, read before the page to avoid a gap. */
  readonly streamCursor?: (parent: Parent, context: Context) => Promise<string>;
  /** Records the read, for lists whose reads are audited. */
  readonly reading?: (context: Context, parent: Parent, args: PageArgs) => void;
  /** The columns to read, without large ones that fields load on demand. Omit for all. */
  readonly columns?: readonly string[];
  readonly nullable?: boolean;
}

export interface PageArgs {
  first?: number | null;
  last?: number | null;
  after?: string | null;
  before?: string | null;
  where?: unknown;
  orderBy?: { field: string; direction?: 'ASC' | 'DESC' | null } | null;
}

/** The conditions of a page. Fields with the same objects here load together. */
export interface Conditions {
  /** The field of the document. */
  readonly field: object;
  readonly granted: Condition;
  readonly filter: Condition;
  readonly columns: readonly string[] | undefined;
  /** False if only the number of rows is selected. */
  readonly needsRows: boolean;
}

/** Reads a page of a parent. @throws BAD_INPUT for invalid arguments. */
export async function page<Parent, Node, Filter>(
  context: Context,
  spec: ConnectionSpec<Parent, Node, Filter>,
  parent: Parent,
  args: PageArgs,
  conditions: Conditions,
): Promise<Page<Node>> {
  const backward = args.last != null;
  if (backward && args.first != null) throw badInput(['last'], 'Pass either first or last.');
  const size = (backward ? args.last : args.first) ?? 20;
  const limit = context.limits.pageSize;
  if (size < 0 || size > limit) throw badInput([backward ? 'last' : 'first'], `A page can have 0 to ${limit} objects.`);

  const asked = args.orderBy && spec.order ? spec.order.columns[args.orderBy.field] : undefined;
  if (asked !== undefined) spec.sortable?.(asked, context);
  const column = asked ?? spec.defaultOrder?.column ?? 'id';
  const descending = asked ? args.orderBy?.direction === 'DESC' : (spec.defaultOrder?.descending ?? false);
  const stored = modelOf(spec.model).columns.get(column)!;
  const beyond = (cursor: string, path: string, after: boolean) => {
    const place = decodeCursor(cursor, column, stored, path);
    return stored.nullable
      ? nullableKeyset(column, place, after, descending)
      : keyset(column, place, after !== descending);
  };
  const bounds = [
    ...(args.after != null ? [beyond(args.after, 'after', true)] : []),
    ...(args.before != null ? [beyond(args.before, 'before', false)] : []),
  ];
  const direction = descending !== backward ? 'desc' : 'asc';
  const selection: Selection = {
    model: spec.model,
    reach: conditions.granted,
    where: { AND: [conditions.filter, ...bounds] },
    columns: conditions.columns && [...new Set([...conditions.columns, 'id', column])],
    order:
      column === 'id'
        ? [['id', direction]]
        : [
            // Rows without a value are the last ones of a list, in either direction.
            [column, direction, stored.nullable ? (backward ? 'first' : 'last') : undefined],
            ['id', direction],
          ],
    take: size + 1,
    isKept: conditions.filter === everyRow,
  };
  const streamCursor = await spec.streamCursor?.(parent, context);
  const found =
    size === 0 || !conditions.needsRows ? [] : await ofParent(context, spec, parent, selection, conditions, 'pages');
  const more = found.length > size;
  const shown = found.slice(0, size);
  if (backward) shown.reverse();
  return {
    ...(streamCursor !== undefined && { streamCursor }),
    edges: shown.map((row) => ({
      cursor: encodeCursor(column, row[column] as CursorValue | null, row['id'] as string),
      node: row as Node,
    })),
    hasNextPage: backward ? args.before != null : more,
    hasPreviousPage: backward ? more : args.after != null,
    count: async () => {
      const { granted, filter } = conditions;
      const fast = await spec.count?.(context, parent, [granted, filter]);
      return (
        fast ??
        ofParent(
          context,
          spec,
          parent,
          { model: spec.model, reach: granted, where: filter, isKept: filter === everyRow },
          conditions,
          'counts',
        )
      );
    },
  };
}

interface Place {
  readonly value: CursorValue | null;
  readonly id: string;
}

/** The same for a column that can be null: rows without a value come last, by ID. */
function nullableKeyset(column: string, place: Place, after: boolean, descending: boolean): Condition {
  const sign = after !== descending ? 'gt' : 'lt';
  const missing = { [column]: null };
  if (place.value === null) {
    const beyond = { AND: [missing, { id: { [sign]: place.id } }] };
    return after ? beyond : { OR: [{ [column]: { not: null } }, beyond] };
  }
  const beyond = keyset(column, place, sign === 'gt');
  return after ? { OR: [beyond, missing] } : beyond;
}

/** The rows after (or before) a cursor, in the order of (column, id). */
function keyset(column: string, { value, id }: Place, greater: boolean): Condition {
  const sign = greater ? 'gt' : 'lt';
  if (column === 'id') return { id: { [sign]: id } };
  const beyond = { OR: [{ [column]: { [sign]: value } }, { AND: [{ [column]: value }, { id: { [sign]: id } }] }] };
  // Redundant condition without OR, so that the database can use an index.
  return { AND: [{ [column]: { [`${sign}e`]: value } }, beyond] };
}

/** True if the condition only gives values of columns. */
const isNames = (condition: Condition): condition is Names =>
  Object.values(condition).every((value) => typeof value === 'string' || typeof value === 'number');

type Results = { pages: Row[]; counts: number };

/** The rows or their number. Those of the same field under many parents load in one statement. */
function ofParent<Parent, Node, Filter, Kind extends keyof Results>(
  context: Context,
  spec: ConnectionSpec<Parent, Node, Filter>,
  parent: Parent,
  selection: Selection,
  { field, granted, filter }: Conditions,
  kind: Kind,
): Promise<Results[Kind]> {
  const within = spec.within(parent);
  const reader = rows(context);
  if (!isNames(within) || Object.keys(within).length === 0) {
    const whole = { ...selection, where: { AND: [within, selection.where] } };
    return (kind === 'pages' ? reader.find(whole) : reader.count(whole)) as Promise<Results[Kind]>;
  }
  const loader = atPath(context.loaders, [field, kind, granted, filter], () => {
    return new DataLoader<Names, Results[Kind], string>(
      (parents) => reader[kind](selection, parents) as Promise<Results[Kind][]>,
      { cacheKeyFn: (names) => Object.values(names).join('\0') },
    );
  });
  return loader.load(within);
}
