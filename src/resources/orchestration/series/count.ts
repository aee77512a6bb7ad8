import { fieldsOf, type Where } from '../../../access/where.ts';
import type { PrismaClient } from '../../../db/generated/client.ts';
import { type Condition, conditionSql, Values } from '../../../db/rows/condition.ts';
import { modelOf } from '../../../db/rows/model.ts';
import { readSql } from '../../../db/tx.ts';
import { executionStates, isEnd } from '../execution/states.ts';
import type { Buckets } from './buckets.ts';

/** What a series is about. */
export interface Source {
  readonly model: 'Execution' | 'TaskRun';
  readonly tenantId: string;
  /** What the caller can read. */
  readonly reach: Condition;
  readonly filter: Condition;
}

/** Number of one state in one period, by its position. */
export interface StateCount {
  readonly bucket: number;
  readonly state: string;
  readonly count: number;
  readonly durationMs: number;
}

const ends = executionStates.filter(isEnd);
const activeStates = executionStates.filter((state) => !isEnd(state));

/** Columns that the counts by hour and day share with executions. */
const rolledUp = new Set(['tenantId', 'namespace', 'state']);
const isRolledUp = ({ model, reach, filter }: Source): boolean =>
  model === 'Execution' &&
  [reach, filter].every((one) => [...fieldsOf(one as Where)].every((field) => rolledUp.has(field)));

/** A statement under construction: the conditions of a source on a table. */
function conditions({ tenantId, reach, filter }: Source, model: string, values: Values): string {
  return conditionSql({ AND: [{ tenantId }, reach, filter] }, modelOf(model), 't', values);
}

/** Counts by period and state: from the counts by hour or day where they apply, else from the rows. */
export async function countStates(db: PrismaClient, source: Source, buckets: Buckets): Promise<StateCount[]> {
  const values = new Values(false);
  const starts = values.add(buckets.starts);
  const between = (column: string) =>
    `t."${column}" >= ${values.add(buckets.starts[0])} AND t."${column}" < ${values.add(buckets.until)}`;
  const kept = isRolledUp(source) && buckets.areWholeHours;
  const [table, column] = !kept
    ? [source.model, 'startedAt']
    : buckets.areWholeDays
      ? ['ExecutionDay', 'day']
      : ['ExecutionHour', 'hour'];
  const [count, duration] = kept ? ['sum(t.count)', 'sum(t."durationMs")'] : ['count(*)', 'sum(t."durationMs")'];
  const text = `SELECT width_bucket(t."${column}", ${starts}::timestamptz[]) - 1 AS bucket, t.state,
      ${count}::float8 AS count, ${duration}::float8 AS "durationMs"
    FROM "${table}" t WHERE ${between(column!)} AND ${conditions(source, table!, values)} GROUP BY 1, 2 HAVING ${count} > 0`;
  return readSql<StateCount>(db, { text, values: values.list });
}

/** Durations in milliseconds. */
export interface Percentiles {
  /** Position of the period; null for all periods. */
  readonly bucket: number | null;
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Number of the newest ended rows that percentiles are computed of. */
export const sampled = 100_000;

/** Percentiles of the durations of what ended, for each period and for all. */
export async function percentilesOf(db: PrismaClient, source: Source, buckets: Buckets): Promise<Percentiles[]> {
  const values = new Values(false);
  const starts = values.add(buckets.starts);
  const { model } = source;
  const text = `SELECT bucket, count(*)::float8 AS count, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS p50,
      percentile_cont(0.95) WITHIN GROUP (ORDER BY ms) AS p95, percentile_cont(0.99) WITHIN GROUP (ORDER BY ms) AS p99
    FROM (
      SELECT width_bucket(t."startedAt", ${starts}::timestamptz[]) - 1 AS bucket, t."durationMs"::float8 AS ms FROM "${model}" t
      WHERE t."startedAt" >= ${values.add(buckets.starts[0])} AND t."startedAt" < ${values.add(buckets.until)}
        AND t.state = ANY(${values.add(ends)}) AND ${conditions(source, model, values)}
      ORDER BY t."startedAt" DESC LIMIT ${sampled}) ended
    GROUP BY GROUPING SETS ((bucket), ())`;
  const found = await readSql<Percentiles>(db, { text, values: values.list });
  // Without rows, the group of all has no values.
  return found.filter(({ count }) => count > 0);
}

/** Counts what has not ended, by state, whenever it started. */
export async function countActive(db: PrismaClient, source: Source): Promise<Omit<StateCount, 'bucket'>[]> {
  const values = new Values(false);
  const { model } = source;
  const text = `SELECT t.state, count(*)::float8 AS count, 0 AS "durationMs" FROM "${model}" t
    WHERE t.state = ANY(${values.add(activeStates)}) AND ${conditions(source, model, values)} GROUP BY 1`;
  return readSql(db, { text, values: values.list });
}

/** Number of the newest failures among which failing flows are looked for. */
const failures = 1_000;

/** ID of the newest ended execution of each flow whose newest ended execution failed, newest first. */
export async function failingExecutions(
  db: PrismaClient,
  source: Source,
  { starts, until }: Buckets,
  limit: number,
): Promise<string[]> {
  const values = new Values(false);
  const { tenantId } = source;
  const text = `SELECT f.id FROM (
      SELECT DISTINCT ON (t.namespace, t."flowId") t.id, t.namespace, t."flowId", t."startedAt" FROM (
        SELECT t.id, t.namespace, t."flowId", t."startedAt" FROM "Execution" t
        WHERE t.state = 'FAILED' AND t."startedAt" >= ${values.add(starts[0])} AND t."startedAt" < ${values.add(until)}
          AND ${conditions(source, 'Execution', values)}
        ORDER BY t."startedAt" DESC, t.id DESC LIMIT ${failures}) t
      ORDER BY t.namespace, t."flowId", t."startedAt" DESC, t.id DESC) f
    WHERE NOT EXISTS (
      SELECT FROM "Execution" n WHERE n."tenantId" = ${values.add(tenantId)} AND n.namespace = f.namespace
        AND n."flowId" = f."flowId" AND (n."startedAt", n.id) > (f."startedAt", f.id) AND n.state = ANY(${values.add(ends)})
        AND ${conditionSql(source.reach, modelOf('Execution'), 'n', values)})
    ORDER BY f."startedAt" DESC, f.id DESC LIMIT ${values.add(limit)}`;
  return (await readSql<{ id: string }>(db, { text, values: values.list })).map(({ id }) => id);
}
