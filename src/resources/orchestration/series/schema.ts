import type { Execution, Tenant } from '../../../db/generated/client.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { type Condition, type FieldBuilder, refOf } from '../../../graphql/connection/connection-type.ts';
import { loadWithin } from '../../../graphql/connection/loaders.ts';
import type { Context } from '../../../graphql/context.ts';
import { remember } from '../../../lib/remember.ts';
import { ExecutionStateEnum } from '../execution/enums.ts';
import type { ExecutionState } from '../execution/states.ts';
import {
  type ExecutionFilter,
  ExecutionWhere,
  executionCondition,
  overParts,
  TaskRunWhere,
  taskRunCondition,
} from '../execution/where.ts';
import { type Buckets, bucketsOf, type SeriesInput, units } from './buckets.ts';
import {
  countActive,
  countStates,
  failingExecutions,
  type Percentiles,
  percentilesOf,
  type Source,
  type StateCount,
  sampled,
} from './count.ts';

const UnitEnum = builder.enumType('SeriesUnit', {
  description: 'Length of the periods of a series.',
  values: Object.fromEntries(
    units.map((unit) => [unit, { description: { HOUR: 'Hours.', DAY: 'Days.', WEEK: 'Weeks, from Monday.' }[unit] }]),
  ) as Record<(typeof units)[number], { description: string }>,
});

/** A series, with the parts that were computed for it. */
interface Series {
  readonly source: Source;
  readonly buckets: Buckets;
  readonly parts: Map<string, Promise<object>>;
}
interface Period {
  readonly series: Series;
  /** Position; undefined for the whole series. */
  readonly bucket: number | undefined;
}

/** Each part is computed once, when the first field needs it. */
const partOf = <Part extends object>({ parts }: Series, name: string, compute: () => Promise<Part>): Promise<Part> =>
  remember(parts, name, compute) as Promise<Part>;

async function statesOf({ series, bucket }: Period, { db }: Context): Promise<StateCount[]> {
  const all = await partOf(series, 'states', () => countStates(db, series.source, series.buckets));
  if (bucket !== undefined) return all.filter((one) => one.bucket === bucket);
  const byState = Map.groupBy(all, ({ state }) => state);
  return [...byState].map(([state, counts]) => ({
    bucket: 0,
    state,
    count: counts.reduce((sum, { count }) => sum + count, 0),
    durationMs: counts.reduce((sum, { durationMs }) => sum + durationMs, 0),
  }));
}
const totalOf = (counts: readonly StateCount[]): number => counts.reduce((sum, { count }) => sum + count, 0);
const inOrder = <One extends { readonly state: string }>(counts: readonly One[]): One[] =>
  counts.toSorted((a, b) => (a.state < b.state ? -1 : 1));

const durationOf = async ({ series, bucket }: Period, { db }: Context): Promise<Percentiles | null> => {
  const all = await partOf(series, 'durations', () => percentilesOf(db, series.source, series.buckets));
  return all.find((one) => one.bucket === (bucket ?? null)) ?? null;
};

const StateCountRef = builder.objectRef<Pick<StateCount, 'state' | 'count'>>('StateCount').implement({
  description: 'Number in one state.',
  fields: (t) => ({
    state: t.field({
      type: ExecutionStateEnum,
      description: 'Current state.',
      resolve: ({ state }) => state as ExecutionState,
    }),
    count: t.exposeInt('count', { description: 'The number.' }),
  }),
});
const seconds = (ms: number): number => ms / 1_000;
const DurationStatsRef = builder.objectRef<Percentiles>('DurationStats').implement({
  description: `Durations of what ended, in seconds, computed of at most the ${sampled.toLocaleString('en')} newest ones.`,
  fields: (t) => ({
    count: t.exposeInt('count', { description: 'Number that the figures are computed of.' }),
    p50: t.float({ description: 'Median.', resolve: ({ p50 }) => seconds(p50) }),
    p95: t.float({ description: '95th percentile.', resolve: ({ p95 }) => seconds(p95) }),
    p99: t.float({ description: '99th percentile.', resolve: ({ p99 }) => seconds(p99) }),
  }),
});

const duration = {
  type: DurationStatsRef,
  nullable: true,
  description: 'Durations; null if nothing ended, or only older ones than those that they are computed of.',
} as const;
const PeriodRef = builder.objectRef<Period>('SeriesPeriod').implement({
  description: 'One period of a series. What started in it counts.',
  fields: (t) => ({
    at: t.field({
      type: 'DateTime',
      description: 'Start of the period.',
      resolve: ({ series, bucket }) => series.buckets.starts[bucket!]!,
    }),
    count: t.int({
      description: 'Number in any state.',
      resolve: async (period, _args, context) => totalOf(await statesOf(period, context)),
    }),
    states: t.field({
      type: [StateCountRef],
      description: 'Numbers by current state. States without any are omitted.',
      resolve: async (period, _args, context) => inOrder(await statesOf(period, context)),
    }),
    duration: t.field({ ...duration, resolve: (period, _args, context) => durationOf(period, context) }),
  }),
});

const maxFailing = 100;
const SeriesRef = builder.objectRef<Series>('Series').implement({
  description: 'Numbers over time, of what the viewer can read.',
  fields: (t) => ({
    from: t.field({
      type: 'DateTime',
      description: 'Start of the first period.',
      resolve: ({ buckets }) => buckets.starts[0]!,
    }),
    until: t.field({
      type: 'DateTime',
      description: 'End of the last period.',
      resolve: ({ buckets }) => buckets.until,
    }),
    by: t.field({ type: UnitEnum, description: 'Length of the periods.', resolve: ({ buckets }) => buckets.by }),
    periods: t.field({
      type: [PeriodRef],
      description: 'All periods, in order.',
      resolve: (series) => series.buckets.starts.map((_, bucket) => ({ series, bucket })),
    }),
    count: t.int({
      description: 'Number in all periods.',
      resolve: async (series, _args, context) => totalOf(await statesOf({ series, bucket: undefined }, context)),
    }),
    states: t.field({
      type: [StateCountRef],
      description: 'Numbers in all periods, by current state.',
      resolve: async (series, _args, context) => inOrder(await statesOf({ series, bucket: undefined }, context)),
    }),
    duration: t.field({
      ...duration,
      resolve: (series, _args, context) => durationOf({ series, bucket: undefined }, context),
    }),
    active: t.field({
      type: [StateCountRef],
      description: 'Numbers of what has not ended now, by state, whenever it started.',
      resolve: async ({ source }, _args, { db }) => inOrder(await countActive(db, source)),
    }),
  }),
});

/** The arguments that choose the periods of a series. */
export const seriesArguments = <Parent>(t: FieldBuilder<Parent>) => ({
  from: t.arg({
    type: 'DateTime',
    description: 'Start. Defaults to that of 24 hours, 7 days or 12 weeks up to the end, the last one included.',
  }),
  until: t.arg({ type: 'DateTime', description: 'End. Defaults to now.' }),
  by: t.arg({ type: UnitEnum, description: 'Length of the periods. Defaults to DAY.' }),
  zone: t.arg.string({ description: 'Time zone of days and weeks, such as Europe/Berlin. Defaults to UTC.' }),
});

/** A filter of a series has no times of its own. */
function assertTimeless({ from, until }: { readonly from?: unknown; readonly until?: unknown }): void {
  if (from != null || until != null)
    throw badInput(['where'], 'Pass from and until to the field itself, and not in where.');
}

function seriesOf(
  { session }: Context,
  tenantId: string,
  model: Source['model'],
  filter: Condition,
  input: SeriesInput,
): Series {
  const where = session.grant('EXECUTION:READ', { tenantId }).where as Condition;
  const reach = model === 'Execution' ? where : overParts(where);
  return { source: { model, tenantId, reach, filter }, buckets: bucketsOf(input, new Date()), parts: new Map() };
}

builder.prismaObjectFields('Tenant', (t) => {
  const given = seriesArguments(t as never);
  return {
    executionSeries: t.field({
      type: SeriesRef,
      nullable: true,
      description: 'Executions over time, by the time they started.',
      access: { decides: 'EXECUTION:READ' },
      args: { where: t.arg({ type: ExecutionWhere, description: 'Filter, without times.' }), ...given },
      resolve: ({ id }: Tenant, { where, ...input }, context) => {
        assertTimeless(where ?? {});
        return seriesOf(context, id, 'Execution', where ? executionCondition(where as ExecutionFilter) : {}, input);
      },
    }),
    taskRunSeries: t.field({
      type: SeriesRef,
      nullable: true,
      description: 'Task runs over time, by the time they started.',
      access: { decides: 'EXECUTION:READ' },
      args: { where: t.arg({ type: TaskRunWhere, description: 'Filter, without times.' }), ...given },
      resolve: ({ id }: Tenant, { where, ...input }, context) => {
        assertTimeless(where ?? {});
        return seriesOf(context, id, 'TaskRun', where ? taskRunCondition(where) : {}, input);
      },
    }),
    failingFlows: t.field({
      type: [refOf('Execution')],
      nullable: true,
      description:
        'Flows that fail now: the newest ended execution of each flow for which that one failed, newest first. Looks at the 1,000 newest failures.',
      access: { decides: 'EXECUTION:READ' },
      args: {
        where: t.arg({ type: ExecutionWhere, description: 'Filter, without times.' }),
        from: t.arg({ type: 'DateTime', description: 'Only failures since this time. Defaults to 7 days ago.' }),
        first: t.arg.int({ description: `Max number of flows (default 10, at most ${maxFailing}).` }),
      },
      resolve: async ({ id }: Tenant, { where, from, first }, context) => {
        const limit = first ?? 10;
        if (limit < 0 || limit > maxFailing) throw badInput(['first'], `first must be 0 to ${maxFailing}.`);
        assertTimeless(where ?? {});
        const filter = where ? executionCondition(where as ExecutionFilter) : {};
        const { source, buckets } = seriesOf(context, id, 'Execution', filter, { from, by: 'WEEK' });
        const starts = [from ?? new Date(Date.now() - 7 * 86_400_000)];
        const ids = await failingExecutions(context.db, source, { ...buckets, starts }, limit);
        const rows = await Promise.all(ids.map((key) => loadWithin(context, 'Execution', source.reach, key)));
        return rows.filter((row) => row !== null) as unknown as Execution[];
      },
    }),
  };
});
