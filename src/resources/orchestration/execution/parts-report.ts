import { wakeFollowers } from '../../../db/change-source.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, notFound } from '../../../errors.ts';
import { unreadable } from '../../../graphql/mutation/unreadable-input.ts';
import { newId } from '../../../lib/ids.ts';
import { started } from '../../../lib/started.ts';
import {
  answer,
  applied,
  ignored,
  type KnownExecution,
  lockExecutions,
  outOfReach,
  type Reporter,
  type ReportResult,
} from './report-items.ts';
import { type LogLevel, levelNumber } from './states.ts';

type Given<T> = T | null | undefined;

interface PartReport {
  readonly executionId: string;
  readonly sequence: bigint;
  readonly at: Date;
  readonly taskId?: Given<string>;
  readonly taskRunId?: Given<string>;
}
export interface LogReport extends PartReport {
  readonly level: LogLevel;
  readonly message: string;
  readonly attempt?: Given<number>;
  readonly thread?: Given<string>;
}
export interface MetricReport extends PartReport {
  readonly type: string;
  readonly name: string;
  readonly value: number;
  readonly tags?: unknown;
}

interface Parts<Report extends PartReport> {
  readonly table: 'LogEntry' | 'Metric';
  readonly columns: readonly string[];
  /** The fault of the item; undefined if none. */
  readonly fault: (report: Report) => { at: string; message: string } | undefined;
  readonly values: (report: Report) => object;
}

const maxSequence = 9_223_372_036_854_775_807n;
const isTexts = (value: unknown) =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((text) => typeof text === 'string');

const logs: Parts<LogReport> = {
  table: 'LogEntry',
  columns: ['level', 'message', 'attempt', 'thread'],
  fault: ({ message, thread }) => {
    if (message.length > 100_000) return { at: 'message', message: 'A message can have at most 100,000 characters.' };
    return (thread?.length ?? 0) > 500 ? { at: 'thread', message: 'At most 500 characters are allowed.' } : undefined;
  },
  values: ({ level, message, attempt, thread }) => ({
    level: levelNumber(level),
    message,
    attempt: attempt ?? null,
    thread: thread ?? null,
  }),
};
const metrics: Parts<MetricReport> = {
  table: 'Metric',
  columns: ['type', 'name', 'value', 'tags'],
  fault: ({ name, tags }) => {
    if (name === '' || name.length > 256) return { at: 'name', message: 'A name must have 1 to 256 characters.' };
    return tags != null && !isTexts(tags)
      ? { at: 'tags', message: 'Tags must be an object of text values by name.' }
      : undefined;
  },
  values: ({ type, name, value, tags }) => ({ type, name, value, tags: tags ?? {} }),
};

export type PartReporter = Omit<Reporter, 'creating'>;

export async function reportLogs(
  tx: Tx,
  reporter: PartReporter,
  reports: readonly LogReport[],
): Promise<readonly ReportResult[]> {
  const results = await reportParts(tx, reporter, reports, logs, 'logs');
  if (results.includes(applied)) wakeFollowers(tx, 'LogEntry', reporter.tenantId);
  return results;
}
export const reportMetrics = (tx: Tx, reporter: PartReporter, reports: readonly MetricReport[]) =>
  reportParts(tx, reporter, reports, metrics, 'metrics');

/** Inserts new items, by execution and sequence. Existing ones are kept. */
async function reportParts<Report extends PartReport>(
  tx: Tx,
  { tenantId, updating, refusals, service }: PartReporter,
  reports: readonly Report[],
  { table, columns, fault, values }: Parts<Report>,
  list: string,
): Promise<readonly ReportResult[]> {
  const ids = reports.map(({ executionId }) => executionId);
  const locked = started(lockExecutions(tx, tenantId, ids, 'FOR KEY SHARE'));
  await service;
  const known = await locked;
  const rows = new Map<string, { row: object; item: number }>();
  const results: ReportResult[] = [];
  for (const [item, report] of reports.entries()) {
    const result = await answer(refusals, () => {
      const unread = unreadable(report);
      if (unread) throw unread;
      const { executionId, sequence } = report;
      const wrong =
        sequence < 0n || sequence > maxSequence
          ? { at: 'sequence', message: 'A sequence must be a whole number of 0 or more.' }
          : fault(report);
      if (wrong) throw badInput(['input', list, item, wrong.at], wrong.message);
      const owner = known.get(executionId);
      if (!owner) throw notFound('The execution');
      if (!updating.matches(owner)) throw outOfReach(updating, owner);
      const key = `${owner.id} ${sequence}`;
      if (!rows.has(key)) rows.set(key, { row: partOf(owner, report, values(report)), item });
      return ignored;
    });
    results.push(result);
  }
  if (rows.size === 0) return results;
  const names = ['id', 'tenantId', 'executionKey', 'namespace', 'flowId', 'taskId', 'taskRunId', 'at', 'sequence'];
  const all = [...names, ...columns].map((name) => `"${name}"`).join(', ');
  const added = await tx.$queryRawUnsafe<{ executionKey: string; sequence: bigint }[]>(
    `INSERT INTO "${table}" (${all}) SELECT ${all} FROM jsonb_populate_recordset(NULL::"${table}", $1::jsonb)
     ORDER BY "executionKey", sequence
     ON CONFLICT ("executionKey", sequence) DO NOTHING RETURNING "executionKey", sequence`,
    JSON.stringify([...rows.values()].map(({ row }) => row)),
  );
  for (const { executionKey, sequence } of added) results[rows.get(`${executionKey} ${sequence}`)!.item] = applied;
  return results;
}

const partOf = (
  { id, tenantId, namespace, flowId }: KnownExecution,
  { taskId, taskRunId, at, sequence }: PartReport,
  values: object,
) => ({
  id: newId(),
  tenantId,
  executionKey: id,
  namespace,
  flowId,
  taskId: taskId ?? null,
  taskRunId: taskRunId ?? null,
  at: at.toISOString(),
  sequence: String(sequence),
  ...values,
});
