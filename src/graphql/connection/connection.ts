import type { InputRef } from '@pothos/core';
import DataLoader from 'dataloader';
import type { Permission } from '../../access/catalog.ts';
import type { Row } from '../../access/grant.ts';
import { badInput } from '../../errors.ts';
import { canonicalJson } from '../../lib/json.ts';
import { remember } from '../../lib/remember.ts';
import { upperFirst } from '../../lib/text.ts';
import type { Scope } from '../../policy/decide/decision.ts';
import { columnsOfModel } from '../../policy/filter/columns.ts';
import type { Context } from '../context.ts';
import type { Condition, ConnectionRef, FieldBuilder, Order, Page } from './connection-type.ts';
import { type CursorValue, decodeCursor, encodeCursor } from './cursor.ts';

export interface ConnectionSpec<Parent, Node, Filter> {
  readonly connection: ConnectionRef<Node>;
  readonly description: string;
  readonly permission: Permission;
  /** The scope of the decision. With several, the rows within any of them (each filter names its own tenant). */
  readonly scopes: (parent: Parent, context: Context) => Scope | Promise<readonly Scope[]>;
  /** The delegate of the Prisma client, such as `group`. */
  readonly model: string;
  /** Filter for the rows of the parent. */
  readonly within: (parent: Parent) => Condition;
  /** Converts the grant's filter into one of this model, if they differ (users of a tenant, by their access rows). */
  readonly reach?: (where: Condition, parent: Parent) => Condition;
  /** Rows that every reader of the parent can read, regardless of the grant. */
  readonly besides?: Condition;
  readonly where?: {
    readonly input: InputRef<Filter>;
    readonly toCondition: (filter: Filter, context: Context, parent: Parent) => Condition | Promise<Condition>;
  };
  readonly order?: Order;
  /** Refuses an order by a column that is masked for the viewer. */
  readonly sortable?: (column: string, context: Context) => void;
  /** Default order. If absent: id, the order of creation. */
  readonly defaultOrder?: { readonly column: string; readonly descending: boolean };
  /** The relation from the parent's row, so that pages of many parents load in one statement. */
  readonly relation?: { readonly model: string; readonly field: string };
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
  /** Large columns that the list omits and fields load on demand. Not with `relation`. */
  readonly omit?: Readonly<Record<string, true>>;
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
interface Delegate {
  findMany(args: object): Promise<Row[]>;
  count(args: object): Promise<number>;
}
export const delegate = (context: Context, model: string): Delegate =>
  (context.db as unknown as Record<string, Delegate>)[model]!;

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
    resolve: (async (parent: Parent, args: PageArgs, context: Context) => {
      const scopes = await spec.scopes(parent, context);
      const reach = await reachOf(context, spec.permission, scopes);
      const own = reach === undefined ? nothing : (spec.reach?.(reach, parent) ?? reach);
      const granted = spec.besides ? anyCondition([own, spec.besides])! : own;
      const filter =
        args.where && spec.where ? await spec.where.toCondition(args.where as Filter, context, parent) : {};
      spec.reading?.(context, parent, args);
      return page(context, spec, parent, args, [granted, filter]);
    }) as never,
  });
}

async function page<Parent, Node, Filter>(
  context: Context,
  spec: ConnectionSpec<Parent, Node, Filter>,
  parent: Parent,
  args: PageArgs,
  conditions: readonly Condition[],
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
  const { type } = columnsOfModel(upperFirst(spec.model)).get(column)!;
  const beyond = (cursor: string, path: string, after: boolean) =>
    keyset(column, decodeCursor(cursor, column, type, path), after !== descending);
  const bounds = [
    ...(args.after != null ? [beyond(args.after, 'after', true)] : []),
    ...(args.before != null ? [beyond(args.before, 'before', false)] : []),
  ];
  const sort = descending !== backward ? 'desc' : 'asc';
  const query = {
    where: { AND: [...conditions, ...bounds] },
    orderBy: column === 'id' ? [{ id: sort }] : [{ [column]: sort }, { id: sort }],
    take: size + 1,
  };
  const streamCursor = await spec.streamCursor?.(parent, context);
  const rows = size === 0 ? [] : await load(context, spec, parent, query);
  const more = rows.length > size;
  const shown = rows.slice(0, size);
  if (backward) shown.reverse();
  return {
    ...(streamCursor !== undefined && { streamCursor }),
    edges: shown.map((row) => ({
      cursor: encodeCursor(column, row[column] as CursorValue, row['id'] as string),
      node: row as Node,
    })),
    hasNextPage: backward ? args.before != null : more,
    hasPreviousPage: backward ? more : args.after != null,
    count: async () => (await spec.count?.(context, parent, conditions)) ?? countAll(context, spec, parent, conditions),
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

/** Counts of the same field under many parents load in one statement as well. */
async function countAll<Parent, Node, Filter>(
  context: Context,
  spec: ConnectionSpec<Parent, Node, Filter>,
  parent: Parent,
  conditions: readonly Condition[],
): Promise<number> {
  const { relation } = spec;
  if (!relation) return delegate(context, spec.model).count({ where: { AND: [spec.within(parent), ...conditions] } });
  const where = { AND: conditions };
  const name = `count ${relation.model}.${relation.field} ${canonicalJson(where)}`;
  const loader = remember(context.loaders as Map<string, DataLoader<string, number>>, name, () => {
    return new DataLoader<string, number>(async (ids) => {
      const rows = await delegate(context, relation.model).findMany({
        where: { id: { in: [...ids] } },
        select: { id: true, _count: { select: { [relation.field]: { where } } } },
      });
      const byId = new Map(
        rows.map((row) => [row['id'] as string, (row['_count'] as Record<string, number>)[relation.field]!]),
      );
      return ids.map((id) => byId.get(id) ?? 0);
    });
  });
  return loader.load((parent as { id: string }).id);
}

interface PageQuery {
  readonly where: Condition;
  readonly orderBy: unknown;
  readonly take: number;
}

/** Pages of the same field under many parents load in one statement, if the parent's row has the relation. */
async function load<Parent, Node, Filter>(
  context: Context,
  spec: ConnectionSpec<Parent, Node, Filter>,
  parent: Parent,
  query: PageQuery,
): Promise<Row[]> {
  const { relation } = spec;
  if (!relation) {
    const omit = spec.omit && { omit: spec.omit };
    return delegate(context, spec.model).findMany({
      ...query,
      ...omit,
      where: { AND: [spec.within(parent), query.where] },
    });
  }
  const name = `${relation.model}.${relation.field} ${canonicalJson(query)}`;
  const loader = remember(context.loaders as Map<string, DataLoader<string, Row[]>>, name, () => {
    return new DataLoader<string, Row[]>(async (ids) => {
      const rows = await delegate(context, relation.model).findMany({
        where: { id: { in: [...ids] } },
        select: { id: true, [relation.field]: query },
      });
      const byId = new Map(rows.map((row) => [row['id'] as string, row[relation.field] as Row[]]));
      return ids.map((id) => byId.get(id) ?? []);
    });
  });
  return loader.load((parent as { id: string }).id);
}
