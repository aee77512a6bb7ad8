import type { Tx } from '../../../db/transaction.ts';
import { notFound } from '../../../errors.ts';
import { unreadable } from '../../../graphql/mutation/unreadable-input.ts';
import { newId } from '../../../lib/ids.ts';
import type { Reporter } from './report-items.ts';
import { answer, applied, type KnownExecution, outOfReach, type ReportResult } from './report-items.ts';
import { type ExecutionReport, type Path, type TaskRunReport, taskRunFault } from './report-rules.ts';
import { courseOf, storedHistory } from './states.ts';

/** A task run that can be written, with its execution and its index in the report's own list. */
export interface OwnedRun {
  readonly executionId: string;
  readonly sequence: bigint;
  readonly report: TaskRunReport;
  readonly item?: number;
}

/**
 * The task runs in the report of their execution. A missing sequence defaults to that of the execution. @throws
 * BAD_INPUT.
 */
export function nestedRuns({ executionId, sequence, taskRuns, deleted }: ExecutionReport, path: Path): OwnedRun[] {
  if (deleted) return [];
  return (taskRuns ?? []).map((report, i) => {
    const fault = taskRunFault(report, [...path, 'taskRuns', i], true);
    if (fault) throw fault;
    return { executionId, sequence: report.sequence ?? sequence, report };
  });
}

/**
 * Decides about the report's own list of task runs. @returns the refusal of each item; undefined if it can be written.
 */
export async function ownRuns(
  { updating, refusals }: Reporter,
  owners: ReadonlyMap<string, KnownExecution>,
  reports: readonly TaskRunReport[],
): Promise<{ runs: OwnedRun[]; results: (ReportResult | undefined)[] }> {
  const runs: OwnedRun[] = [];
  const results: (ReportResult | undefined)[] = [];
  for (const [item, report] of reports.entries()) {
    const result = await answer(refusals, () => {
      const fault = unreadable(report) ?? taskRunFault(report, ['input', 'taskRuns', item], false);
      if (fault) throw fault;
      const executionId = report.executionId!;
      const owner = owners.get(executionId);
      if (!owner) throw notFound('The execution');
      if (!updating.matches(owner)) throw outOfReach(updating, owner);
      runs.push({ executionId, sequence: report.sequence!, report, item });
      return applied;
    });
    results.push(result.error ? result : undefined);
  }
  return { runs, results };
}

/**
 * Writes task runs that are newer than the stored ones. @returns the indexes of the written items of the report's own
 * list.
 */
export async function writeTaskRuns(
  tx: Tx,
  owners: ReadonlyMap<string, KnownExecution>,
  runs: readonly OwnedRun[],
): Promise<ReadonlySet<number>> {
  const newest = new Map<string, OwnedRun>();
  for (const run of runs) {
    const key = `${run.executionId} ${run.report.taskRunId}`;
    const other = newest.get(key);
    if (owners.has(run.executionId) && !(other && other.sequence >= run.sequence)) newest.set(key, run);
  }
  if (newest.size === 0) return new Set();
  const rows = [...newest.values()].map(({ executionId, sequence, report }) => {
    const { id: executionKey, tenantId, namespace, flowId } = owners.get(executionId)!;
    const { taskRunId, taskId, parentTaskRunId, value, history, attempts, outputs } = report;
    const { state, startedAt, endedAt, durationMs } = courseOf(history);
    return {
      id: newId(),
      tenantId,
      executionKey,
      namespace,
      flowId,
      taskRunId,
      taskId,
      parentId: parentTaskRunId ?? null,
      value: value ?? null,
      state,
      startedAt: startedAt.toISOString(),
      endedAt: endedAt?.toISOString() ?? null,
      durationMs,
      history: storedHistory(history),
      attempts: attempts ?? [],
      outputs: outputs ?? {},
      sequence: String(sequence),
    };
  });
  const written = await tx.$queryRaw<{ executionKey: string; taskRunId: string }[]>`
    INSERT INTO "TaskRun" AS known SELECT * FROM jsonb_populate_recordset(NULL::"TaskRun", ${JSON.stringify(rows)}::jsonb)
    ON CONFLICT ("executionKey", "taskRunId") DO UPDATE SET
      "taskId" = excluded."taskId", "parentId" = excluded."parentId", value = excluded.value, state = excluded.state,
      "startedAt" = excluded."startedAt", "endedAt" = excluded."endedAt", "durationMs" = excluded."durationMs",
      history = excluded.history, attempts = excluded.attempts, outputs = excluded.outputs, sequence = excluded.sequence
      WHERE known.sequence < excluded.sequence
    RETURNING "executionKey", "taskRunId"`;
  const keys = new Set(written.map(({ executionKey, taskRunId }) => `${executionKey} ${taskRunId}`));
  return new Set(
    [...newest.values()].flatMap(({ executionId, report, item }) =>
      item !== undefined && keys.has(`${owners.get(executionId)!.id} ${report.taskRunId}`) ? [item] : [],
    ),
  );
}
