import type { GraphQLResolveInfo } from 'graphql';
import { remember } from '../../lib/remember.ts';
import type { Context } from '../context.ts';
import { askedColumns, columnsRead, selectsMoreThan } from './asked-columns.ts';
import type { Condition, FieldBuilder } from './connection-type.ts';
import { type ConnectionSpec, type PageArgs, page } from './page.ts';
import { anyCondition, everyRow, nothing, reachOf } from './reach.ts';

const most = "at most 100, or the gateway's `limits.pageSize`";
export const firstDescription = `Number of objects from the start (default 20; ${most}).`;
export const lastDescription = `Number of objects from the end (${most}).`;

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
      const granted = reach === nothing && !spec.besides ? nothing : grantedBy(spec, reach, parent, context);
      const filter = await filterOf(spec, parent, args, context, fieldNodes);
      spec.reading?.(context, parent, args);
      const columns = spec.columns ?? askedColumns(info, rowsOfPage);
      const needsRows = selectsMoreThan(withoutRows, info);
      return page(context, spec, parent, args, { field: fieldNodes, granted, filter, columns, needsRows });
    }) as never,
  });
}

/** Fields of a connection that do not need the rows of its page. */
const withoutRows = new Set(['totalCount', 'streamCursor', '__typename']);
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
  context: Context,
): Condition {
  const { besides } = spec;
  if (spec.reachOfParent) return spec.reachOfParent(reach, parent);
  if (typeof besides === 'function') return anyCondition([reach, besides(parent, context)])!;
  if (!spec.reach && !besides) return reach;
  const known = remember(grantedConditions, spec, () => new WeakMap<Condition, Condition>());
  return remember(known, reach, () => {
    const own = reach === nothing ? nothing : (spec.reach?.(reach) ?? reach);
    return besides ? anyCondition([own, besides])! : own;
  });
}

/** The caller's filter: converted once for all parents, unless it depends on them. */
function filterOf<Parent, Node, Filter>(
  { where }: ConnectionSpec<Parent, Node, Filter>,
  parent: Parent,
  args: PageArgs,
  context: Context,
  field: object,
): Condition | Promise<Condition> {
  if (!args.where || !where) return everyRow;
  const convert = () => where.toCondition(args.where as Filter, context, parent);
  if (where.dependsOnParent) return convert();
  const filters = remember(
    context.loaders as Map<unknown, WeakMap<object, Condition | Promise<Condition>>>,
    filterOf,
    () => new WeakMap(),
  );
  return remember(filters, field, convert);
}
