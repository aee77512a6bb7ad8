import type { Flow } from '../../../db/generated/client.ts';
import { type Condition, conditionSql, Values } from '../../../db/rows/condition.ts';
import { modelOf } from '../../../db/rows/model.ts';
import { readSql } from '../../../db/tx.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import type { MetricType } from '../execution/enums.ts';
import { MetricTypeEnum } from '../execution/enums.ts';
import { overParts } from '../execution/where.ts';
import { bucketsOf } from './buckets.ts';
import { seriesArguments } from './schema.ts';

const aggregations = {
  AVG: 'Average of the values.',
  SUM: 'Sum of the values.',
  MIN: 'Smallest value.',
  MAX: 'Largest value.',
  COUNT: 'Number of values.',
} as const;
const AggregationEnum = builder.enumType('MetricAggregation', {
  description: 'How the values of a period become one.',
  values: Object.fromEntries(
    Object.entries(aggregations).map(([name, description]) => [name, { description }]),
  ) as Record<keyof typeof aggregations, { description: string }>,
});

interface Point {
  readonly at: Date;
  readonly value: number | null;
}
const PointRef = builder.objectRef<Point>('MetricPoint').implement({
  description: 'One period of a series of a metric.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'Start of the period.' }),
    value: t.exposeFloat('value', { nullable: true, description: 'The value; null if the period has none.' }),
  }),
});

interface Named {
  readonly name: string;
  readonly type: string;
  readonly taskIds: readonly string[];
}
const NamedRef = builder.objectRef<Named>('MetricName').implement({
  description: 'A metric that executions of a flow reported.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name.' }),
    type: t.field({
      type: MetricTypeEnum,
      description: 'Type of the metric.',
      resolve: ({ type }) => type as MetricType,
    }),
    taskIds: t.exposeStringList('taskIds', { description: 'IDs of the tasks that reported it.' }),
  }),
});

/** Number of the newest values among which the names are looked for. */
const namedIn = 10_000;

/** The metrics of a flow that the viewer can read, as a condition on `t`. */
function metricsOf({ session }: Context, { tenantId, namespace, flowId }: Flow, values: Values): string {
  const reach = overParts(session.grant('EXECUTION:READ', { tenantId }).where as Condition);
  return conditionSql({ AND: [{ tenantId, namespace, flowId }, reach] }, modelOf('Metric'), 't', values);
}

builder.prismaObjectFields('Flow', (t) => ({
  metricNames: t.field({
    type: [NamedRef],
    nullable: true,
    description: `The metrics among the ${namedIn.toLocaleString('en')} newest values of the executions.`,
    access: { decides: 'EXECUTION:READ' },
    resolve: (flow: Flow, _args, context) => {
      const values = new Values(false);
      const text = `SELECT name, type, array_agg(DISTINCT "taskId") FILTER (WHERE "taskId" IS NOT NULL) AS "taskIds"
        FROM (SELECT t.name, t.type, t."taskId" FROM "Metric" t WHERE ${metricsOf(context, flow, values)}
          ORDER BY t.at DESC LIMIT ${namedIn}) newest
        GROUP BY name, type ORDER BY name, type`;
      return readSql<Named>(context.db, { text, values: values.list }).then((found) =>
        found.map((one) => ({ ...one, taskIds: one.taskIds ?? [] })),
      );
    },
  }),
  metricSeries: t.field({
    type: [PointRef],
    nullable: true,
    description: 'The values of a metric over time, one for each period.',
    access: { decides: 'EXECUTION:READ' },
    args: {
      name: t.arg.string({ required: true, description: 'Name of the metric.' }),
      taskId: t.arg.string({ description: 'Only values of this task.' }),
      aggregation: t.arg({ type: AggregationEnum, description: 'Defaults to AVG.' }),
      ...seriesArguments(t as never),
    },
    resolve: async (flow: Flow, { name, taskId, aggregation, ...input }, context) => {
      const { starts, until } = bucketsOf(input, new Date());
      const values = new Values(false);
      const bounds = values.add(starts);
      const text = `SELECT width_bucket(t.at, ${bounds}::timestamptz[]) - 1 AS bucket, ${aggregation ?? 'AVG'}(t.value)::float8 AS value
        FROM "Metric" t WHERE ${metricsOf(context, flow, values)} AND t.at >= ${values.add(starts[0])} AND t.at < ${values.add(until)}
          AND t.name = ${values.add(name)}${taskId == null ? '' : ` AND t."taskId" = ${values.add(taskId)}`}
        GROUP BY 1`;
      const found = await readSql<{ bucket: number; value: number }>(context.db, { text, values: values.list });
      const byBucket = new Map(found.map(({ bucket, value }) => [bucket, value]));
      return starts.map((at, i) => ({ at, value: byBucket.get(i) ?? null }));
    },
  }),
}));
