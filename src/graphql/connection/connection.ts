import type { InputRef } from '@pothos/core';
import DataLoader from 'dataloader';
import type { GraphQLResolveInfo } from 'graphql';
import type { Permission } from '../../access/catalog.ts';
import type { Row } from '../../access/grant.ts';
import { modelOf } from '../../db/rows/model.ts';
import { type Rows, rowsOf } from '../../db/rows/rows.ts';
import type { Names, Selection } from '../../db/rows/select.ts';
import { badInput } from '../../errors.ts';
import { atPath, remember } from '../../lib/remember.ts';
import type { Scope } from '../../policy/decide/decision.ts';
import type { Context } from '../context.ts';
import { askedColumns, columnsRead } from './asked-columns.ts';
import type { Condition, ConnectionRef, FieldBuilder, Order, Page } from './connection-type.ts';
import { type CursorValue, decodeCursor, encodeCursor } from './cursor.ts';

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
  /** Rows that every reader of the parent can read, regardless of the grant. */
  readonly besides?: Condition;
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

const most = "at most 100, or the gateway's `limits.pageSize`";
export const firstDescription = `Number of objects from the start (default 20; ${most}).`;
export const lastDescription = `Number of objects from the end (${most}).`;

export interface PageArgs {
  first?: number | null;
  last?: number | null;
  after?: string | null;
  before?: string | null;
  where?: unknown;
  orderBy?: { field: string; direction?: 'ASC' | 'DESC' | null } | null;
}

/** The reader of this request's rows. In a mutation, it reads what the mutation has written. */
export const rows = (context: Context): Rows => rowsOf(context.db);

/** Matches nothing. Not an empty OR, which Prisma drops when nested. */
export const nothing: Condition = { id: { in: [] } };

/** Any of these; undefined if there is none. An empty condition matches every row; Prisma would drop it from an OR. */
export function anyCondition(conditions: readonly Condition[]): Condition | undefined {
  if (conditions.some((condition) => Object.keys(condition).length === 0)) return {};
  return conditions.length > 1 ? { OR: conditions } : conditions[0];
}

/** What the viewer can read in these scopes, as one condition; undefined if nothing. */
export async function reachOf(
  context: Context,
  permission: Permission,
  scopes: Scope | readonly Scope[],
): Promise<Condition | undefined> {
  if (!Array.isArray(scopes)) return context.session.grant(permission, scopes as Scope).where as Condition;
  const filters: Condition[] = [];
  for (const scope of scopes as readonly Scope[]) {
    const grant = context.session.may(permission, scope);
    if (grant) filters.push(grant.where as Condition);
  }
  return anyCondition(filters);
}

/** A guarded list with keyset pagination. Counts include only what the viewer can read. */
export function connection<Parent, Node, Filter = never>(
  builderOfField: object,
  spec: ConnectionSpec<Parent, Node, Filter>,
) {
  const t = builderOfField as FieldBuilder<Parent>;
  return t.field({
    type: spec.connection as never,
    description: spec.description,
    nullable: (spec.nullable ?? true) as true,
    access: { decides: spec.permission },
    columns: columnsOfParent(spec),
    args: {
      first: t.arg.int({ description: firstDescription }),
      after: t.arg.string({ description: 'Only objects after this cursor.' }),
      last: t.arg.int({ description: lastDescription }),
      before: t.arg.string({ description: 'Only objects before this cursor.' }),
      ...(spec.where && {
        where: t.arg({ type: spec.where.input as never, description: 'Filter. All given fields must match.' }),
      }),
      ...(spec.order && {
        orderBy: t.arg({ type: spec.order.input as never, description: 'The order. Defaults to order of creation.' }),
      }),
    },
    resolve: (async (parent: Parent, args: PageArgs, context: Context, info: GraphQLResolveInfo) => {
      const { fieldNodes } = info;
      const scopes = await spec.scopes(parent, context);
      const reach = (await reachOf(context, spec.permission, scopes)) ?? nothing;
      const granted = reach === nothing && !spec.besides ? nothing : grantedBy(spec, reach, parent);
      const filter = await filterOf(spec, parent, args, context, fieldNodes);
      spec.reading?.(context, parent, args);
      const columns = spec.columns ?? askedColumns(info, rowsOfPage);
      return page(context, spec, parent, args, { field: fieldNodes, granted, filter, columns });
    }) as never,
  });
}

/** The conditions of a page. Fields with the same objects here load together. */
interface Conditions {
  /** The field of the document. */
  readonly field: object;
  readonly granted: Condition;
  readonly filter: Condition;
  readonly columns: readonly string[] | undefined;
}

const rowsOfPage = [['nodes'], ['edges', 'node']];

/** The columns of the parent's row, as far as the functions say it. */
function columnsOfParent<Parent, Node, Filter>({
  scopes,
  within,
  where,
  reachOfParent,
  count,
  streamCursor,
  reading,
}: ConnectionSpec<Parent, Node, Filter>): readonly string[] | undefined {
  if (where?.dependsOnParent || reachOfParent || count || streamCursor || reading) return undefined;
  return columnsRead(scopes as never, within as never);
}

const grantedConditions = new WeakMap<object, WeakMap<Condition, Condition>>();

/** The rows that a grant reaches, as a condition of this model: the same object for the same grant. */
function grantedBy<Parent, Node, Filter>(
  spec: ConnectionSpec<Parent, Node, Filter>,
  reach: Condition,
  parent: Parent,
): Condition {
  const { besides } = spec;
  if (spec.reachOfParent) return spec.reachOfParent(reach, parent);
  if (!spec.reach && !besides) return reach;
  const known = remember(grantedConditions, spec, () => new WeakMap<Condition, Condition>());
  return remember(known, reach, () => {
    const own = reach === nothing ? nothing : (spec.reach?.(reach) ?? reach);
    return besides ? anyCondition([own, besides])! : own;
  });
}

const everything: Condition = {};

/** The caller's filter: converted once for all parents, unless it depends on them. */
function filterOf<Parent, Node, Filter>(
  { where }: ConnectionSpec<Parent, Node, Filter>,
  parent: Parent,
  args: PageArgs,
  context: Context,
  field: object,
): Condition | Promise<Condition> {
  if (!args.where || !where) return everything;
  const convert = () => where.toCondition(args.where as Filter, context, parent);
  if (where.dependsOnParent) return convert();
  const filters = remember(
    context.loaders as Map<unknown, WeakMap<object, Condition | Promise<Condition>>>,
    filterOf,
    () => new WeakMap(),
  );
  return remember(filters, field, convert);
}

async function page<Parent, Node, Filter>(
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
  const { type } = modelOf(spec.model).columns.get(column)!;
  const beyond = (cursor: string, path: string, after: boolean) =>
    keyset(column, decodeCursor(cursor, column, type, path), after !== descending);
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
            [column, direction],
            ['id', direction],
          ],
    take: size + 1,
    isKept: conditions.filter === everything,
  };
  const streamCursor = await spec.streamCursor?.(parent, context);
  const found = size === 0 ? [] : await ofParent(context, spec, parent, selection, conditions, 'pages');
  const more = found.length > size;
  const shown = found.slice(0, size);
  if (backward) shown.reverse();
  return {
    ...(streamCursor !== undefined && { streamCursor }),
    edges: shown.map((row) => ({
      cursor: encodeCursor(column, row[column] as CursorValue, row['id'] as string),
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
          { model: spec.model, reach: granted, where: filter, isKept: filter === everything },
          conditions,
          'counts',
        )
      );
    },
  };
}

/** The rows after (or before) a cursor, in the order of (column, id). */
function keyset(column: string, { value, id }: { value: CursorValue; id: string }, greater: boolean): Condition {
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
