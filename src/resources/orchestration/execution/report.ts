import { wakeFollowers } from '../../../db/change-source.ts';
import { isDuplicate } from '../../../db/sql-state.ts';
import { BeginAgain, type Tx } from '../../../db/transaction.ts';
import { statementsOf } from '../../../db/tx.ts';
import { conflict, notFound } from '../../../errors.ts';
import { unreadable } from '../../../graphql/mutation/unreadable-input.ts';
import { newId } from '../../../lib/ids.ts';
import { started } from '../../../lib/started.ts';
import { compareBytes } from '../../../lib/text.ts';
import { attempt } from '../../../policy/session/reviewed.ts';
import { labelTexts } from '../labels.ts';
import { endCommands } from './claims.ts';
import { recount } from './days.ts';
import { endOf, executionsEnded } from './execution-ended.ts';
import { removeExecutions } from './remove.ts';
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
import { type ExecutionReport, executionFault, type TaskRunReport } from './report-rules.ts';
import { courseOf, storedHistory } from './states.ts';
import { nestedRuns, type OwnedRun, ownRuns, writeTaskRuns } from './task-runs.ts';

export interface ExecutionReports {
  readonly executions: readonly ExecutionReport[];
  readonly taskRuns: readonly TaskRunReport[];
}
export interface ExecutionResults {
  readonly executions: readonly ReportResult[];
  readonly taskRuns: readonly ReportResult[];
}

/** One execution while its reports are processed: before and after. */
interface Draft {
  readonly before: KnownExecution | null;
  after: KnownExecution | null;
  content?: object;
}

/** The row for a report. */
function rowOf(
  tenantId: string,
  known: KnownExecution | null,
  report: ExecutionReport,
): { row: KnownExecution; content: object } {
  const { state, startedAt, endedAt, durationMs } = courseOf(report.history!);
  const now = new Date();
  const labels = report.labels ?? {};
  const row = {
    id: known?.id ?? newId(),
    tenantId,
    executionId: report.executionId,
    namespace: report.namespaceName!,
    flowId: report.flowId!,
    revision: report.revision ?? null,
    state,
    startedAt,
    endedAt,
    durationMs: BigInt(durationMs),
    labels,
    triggerId: report.triggerId ?? null,
    parentId: report.parentId ?? null,
    originalId: report.originalId ?? null,
    sequence: report.sequence,
    deletionAsked: known?.deletionAsked ?? false,
    createdAt: known?.['createdAt'] ?? now,
    updatedAt: now,
  };
  const { inputs, outputs } = report;
  const history = storedHistory(report.history!);
  return {
    row,
    content: { inputs: inputs ?? {}, outputs: outputs ?? {}, history, labelTexts: labelTexts(labels) },
  };
}

/**
 * Processes reports of executions and task runs. For each object the highest sequence wins, in any order of arrival.
 * Returns one result for each item. Uses a few statements for the whole batch.
 */
export async function reportExecutions(
  tx: Tx,
  reporter: Reporter,
  { executions, taskRuns }: ExecutionReports,
): Promise<ExecutionResults> {
  const { tenantId, refusals, service } = reporter;
  const ids = [...executions, ...taskRuns].map(({ executionId }) => executionId ?? '');
  const locked = started(lockExecutions(tx, tenantId, ids, 'FOR NO KEY UPDATE'));
  await service;
  const known = await locked;
  const drafts = new Map<string, Draft>([...known].map(([id, row]) => [id, { before: row, after: row }]));
  const unknown = executions.filter(({ executionId }) => !known.has(executionId));
  const [flows, gone] = await Promise.all([existingFlows(tx, tenantId, unknown), deletedBefore(tx, tenantId, unknown)]);

  const runs: OwnedRun[] = [];
  const results: ReportResult[] = [];
  for (const [i, report] of executions.entries()) {
    const path = ['input', 'executions', i];
    const result = await answer(refusals, () =>
      attempt(tx, async () => {
        const fault = unreadable(report) ?? executionFault(report, path);
        if (fault) throw fault;
        const nested = nestedRuns(report, path);
        const outcome = await take(tx, reporter, drafts, flows, gone, report);
        runs.push(...nested);
        return outcome;
      }),
    );
    results.push(result);
  }
  await writeDrafts(tx, tenantId, [...drafts.values()]);
  const owners = new Map([...drafts].flatMap(([id, { after }]) => (after ? [[id, after]] : [])));
  const own = await ownRuns(reporter, owners, taskRuns);
  runs.push(...own.runs);
  const newer = await writeTaskRuns(tx, owners, runs);
  return {
    executions: results,
    taskRuns: own.results.map((result, i) => result ?? (newer.has(i) ? applied : ignored)),
  };
}

/** Decides about one report and drafts its changes. */
async function take(
  tx: Tx,
  { tenantId, updating, creating }: Reporter,
  drafts: Map<string, Draft>,
  flows: ReadonlySet<string>,
  gone: ReadonlySet<string>,
  report: ExecutionReport,
): Promise<ReportResult> {
  const { executionId, sequence } = report;
  const draft = drafts.get(executionId);
  if (draft && !draft.after) return ignored;
  const present = draft?.after;
  if (!present) {
    if (report.deleted) throw notFound('The execution');
    if (creating instanceof Error) throw creating;
    const { row, content } = rowOf(tenantId, null, report);
    if (!creating.matches(row)) throw creating.refusalOf(row);
    if (gone.has(executionId)) return ignored;
    if (!flows.has(`${report.namespaceName} ${report.flowId}`)) throw notFound('The flow');
    await creating.review(tx, { before: null, after: row });
    drafts.set(executionId, { before: null, after: row, content });
    return applied;
  }
  if (!updating.matches(present)) throw outOfReach(updating, present);
  if (report.deleted) {
    if (!present.deletionAsked) throw conflict('The deletion of this execution was not requested.');
    await updating.review(tx, { before: present, after: present });
    draft.after = null;
    return applied;
  }
  if (report.namespaceName !== present.namespace || report.flowId !== present.flowId)
    throw conflict('This execution is known as an execution of another flow.');
  if (sequence <= present.sequence) return ignored;
  const { row, content } = rowOf(tenantId, present, report);
  await updating.review(tx, { before: present, after: row });
  draft.after = row;
  draft.content = content;
  return applied;
}

/** Existing and former flows: an execution can start just before its flow is deleted. */
async function existingFlows(tx: Tx, tenantId: string, reports: readonly ExecutionReport[]): Promise<Set<string>> {
  const places = new Map(
    reports.map(({ namespaceName, flowId }) => [`${namespaceName} ${flowId}`, { namespaceName, flowId }]),
  );
  if (places.size === 0) return new Set();
  const rows = await tx.$queryRaw<{ namespace: string; flowId: string }[]>`
    SELECT namespace, "flowId" FROM
      unnest(${[...places.values()].map(({ namespaceName }) => namespaceName ?? '')}::text[],
             ${[...places.values()].map(({ flowId }) => flowId ?? '')}::text[]) AS asked (namespace, "flowId")
    WHERE EXISTS (SELECT 1 FROM "Flow" f
        WHERE f."tenantId" = ${tenantId} AND f.namespace = asked.namespace AND f."flowId" = asked."flowId")
      OR EXISTS (SELECT 1 FROM "FlowRevision" r
        WHERE r."tenantId" = ${tenantId} AND r.namespace = asked.namespace AND r."flowId" = asked."flowId")`;
  return new Set(rows.map(({ namespace, flowId }) => `${namespace} ${flowId}`));
}

/** Deleted executions. A late report does not restore them. */
async function deletedBefore(tx: Tx, tenantId: string, reports: readonly ExecutionReport[]): Promise<Set<string>> {
  if (reports.length === 0) return new Set();
  const rows = await tx.$queryRaw<{ executionId: string }[]>`
    SELECT DISTINCT "executionId" FROM "Command"
    WHERE "tenantId" = ${tenantId} AND "executionId" = ANY(${reports.map(({ executionId }) => executionId)})
      AND kind = 'DELETE' AND state = 'DONE'`;
  return new Set(rows.map(({ executionId }) => executionId));
}

/** Several gateways received the same new execution at once. The later transaction retries and finds it. */
const cameLater = (error: unknown): unknown =>
  isDuplicate(error) ? new BeginAgain('another report created this execution first') : error;

const insertSql = `
  INSERT INTO "Execution" (id, "tenantId", "executionId", namespace, "flowId", revision, state, "startedAt", "endedAt",
    "durationMs", labels, "labelTexts", inputs, outputs, history, "triggerId", "parentId", "originalId", sequence)
  SELECT id, $2, "executionId", namespace, "flowId", revision, state, "startedAt", "endedAt",
    "durationMs", labels, "labelTexts", inputs, outputs, history, "triggerId", "parentId", "originalId", sequence
  FROM jsonb_populate_recordset(NULL::"Execution", $1::jsonb)`;

async function writeDrafts(tx: Tx, tenantId: string, drafts: readonly Draft[]): Promise<void> {
  const written = drafts.filter(({ content, after }) => content && after);
  const stored = ({ after, content }: Draft) => {
    const { tenantId: _tenant, deletionAsked: _asked, createdAt: _made, updatedAt: _now, ...row } = after!;
    return {
      ...row,
      ...content,
      // As texts: JSON of many rows is much faster without Dates.
      startedAt: row.startedAt.toISOString(),
      endedAt: row.endedAt?.toISOString() ?? null,
      durationMs: String(row.durationMs),
      sequence: String(row.sequence),
    };
  };
  const made = written
    .filter(({ before }) => !before)
    // Always in the same order, so that reports do not deadlock.
    .sort((a, b) => compareBytes(a.after!.executionId, b.after!.executionId));
  if (made.length > 0) {
    const values = [JSON.stringify(made.map(stored)), tenantId];
    statementsOf(tx).writeOn({ text: insertSql, values, isKept: true, failure: cameLater });
  }
  const changed = written.filter(({ before }) => before);
  if (changed.length > 0) {
    const rows = JSON.stringify(changed.map(stored));
    await tx.$executeRaw`
      UPDATE "Execution" e SET revision = n.revision, state = n.state, "startedAt" = n."startedAt",
        "endedAt" = n."endedAt", "durationMs" = n."durationMs", labels = n.labels, "labelTexts" = n."labelTexts",
        inputs = n.inputs, outputs = n.outputs, history = n.history, "triggerId" = n."triggerId",
        "parentId" = n."parentId", "originalId" = n."originalId", sequence = n.sequence, "updatedAt" = now()
      FROM jsonb_populate_recordset(NULL::"Execution", ${rows}::jsonb) n WHERE e.id = n.id`;
  }
  const removed = drafts.filter(({ before, after }) => before && !after).map(({ before }) => before!);
  await removeExecutions(tx, removed);
  await endCommands(tx, tenantId, removed);
  for (const { before, after } of written) recount(tx, before, after);
  await executionsEnded(
    tx,
    written.flatMap(({ before, after }) => endOf(before, after!) ?? []),
  );
  if (written.length + removed.length > 0) wakeFollowers(tx, 'Execution', tenantId);
}
