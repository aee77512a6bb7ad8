import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import { takeItemByItem } from '../../../graphql/mutation/item-input.ts';
import type { InputBuilder, PayloadBuilder } from '../../../graphql/mutation/spec.ts';
import { inTenant } from '../../../graphql/mutation/target.ts';
import { started } from '../../../lib/started.ts';
import { refusal } from '../../../policy/decide/decision.ts';
import { reportingService } from '../worker/reporting.ts';
import { acknowledgeCommands } from './claims.ts';
import { ExecutionStateEnum, LogLevelEnum, MetricTypeEnum } from './enums.ts';
import { type LogReport, type MetricReport, reportLogs, reportMetrics } from './parts-report.ts';
import { reportExecutions } from './report.ts';
import { maxReport, type ReportResult } from './report-items.ts';
import { ReportResultRef } from './report-result.ts';
import type { ExecutionReport, TaskRunReport } from './report-rules.ts';

/** Display texts are kept as far as possible; a lookup key with such a character is refused. */
const replacedText = 'A character that cannot be stored (NUL, half a surrogate pair) is replaced with U+FFFD.';
takeItemByItem('ReportLogsInput', 'logs', 'LogReport', ['message', 'thread']);
takeItemByItem('ReportMetricsInput', 'metrics', 'MetricReport', ['tags']);
takeItemByItem('ReportExecutionsInput', 'executions', 'ExecutionReport', [
  'labels',
  'inputs',
  'outputs',
  // Of the task runs.
  'attempts',
  'value',
]);
takeItemByItem('ReportExecutionsInput', 'taskRuns', 'TaskRunReport', ['value', 'attempts', 'outputs']);

const StateChangeInput = builder.inputType('StateChangeInput', {
  description: 'One change of state.',
  fields: (t) => ({
    state: t.field({ type: ExecutionStateEnum, required: true, description: 'The new state.' }),
    at: t.field({ type: 'DateTime', required: true, description: 'The time.' }),
  }),
});
const historyText = 'All changes of state so far, in order. The first is the start, the last is the current state.';
const sequenceText = 'A number that increases with every report of the object, from 1. The highest number wins.';

const TaskRunReportInput = builder.inputType('TaskRunReport', {
  description: 'The complete task run. An omitted field is empty.',
  fields: (t) => ({
    executionId: t.string({ description: 'executionId of the execution. Omit inside the report of the execution.' }),
    taskRunId: t.string({ required: true, description: 'ID of the task run, unique in its execution.' }),
    sequence: t.field({ type: 'BigInt', description: `${sequenceText} Defaults to the sequence of the execution.` }),
    taskId: t.string({ required: true, description: 'ID of the task.' }),
    parentTaskRunId: t.string({ description: 'The parent task run.' }),
    value: t.string({ description: `Value of the loop iteration. ${replacedText}` }),
    history: t.field({ type: [StateChangeInput], required: true, description: historyText }),
    attempts: t.field({ type: 'JSON', description: `List of attempts, in order. ${replacedText}` }),
    outputs: t.field({ type: 'JSON', description: `Outputs, as an object. ${replacedText}` }),
  }),
});
const ExecutionReportInput = builder.inputType('ExecutionReport', {
  description: 'The complete execution. An omitted field is empty.',
  fields: (t) => ({
    executionId: t.string({ required: true, description: 'ID of the execution, unique in the tenant.' }),
    sequence: t.field({ type: 'BigInt', required: true, description: sequenceText }),
    namespaceName: t.string({ description: 'Namespace of the flow. Immutable.' }),
    flowId: t.string({ description: 'ID of the flow. Immutable.' }),
    revision: t.int({ description: 'Revision of the flow.' }),
    history: t.field({ type: [StateChangeInput], description: historyText }),
    labels: t.field({ type: 'JSON', description: `Labels: text values by key. ${replacedText}` }),
    inputs: t.field({ type: 'JSON', description: `Inputs, as an object. ${replacedText}` }),
    outputs: t.field({ type: 'JSON', description: `Outputs, as an object. ${replacedText}` }),
    triggerId: t.string({ description: 'ID of the trigger that started the execution.' }),
    parentId: t.string({ description: 'executionId of the parent execution.' }),
    originalId: t.string({ description: 'executionId of the execution that this one replays.' }),
    deleted: t.boolean({
      description:
        'True if the execution was deleted, as a command requested. All its data is deleted. No other field is needed.',
    }),
    taskRuns: t.field({ type: [TaskRunReportInput], description: 'Task runs that have changed.' }),
  }),
});

const partFields = (t: InputBuilder) => ({
  executionId: t.string({ required: true, description: 'executionId of the execution.' }),
  sequence: t.field({
    type: 'BigInt',
    required: true,
    description: 'Sequence number within the execution. Each number is stored once.',
  }),
  at: t.field({ type: 'DateTime', required: true, description: 'The time.' }),
  taskId: t.string({ description: 'ID of the task.' }),
  taskRunId: t.string({ description: 'ID of the task run.' }),
});
const LogReportInput = builder.inputType('LogReport', {
  description: 'One log entry.',
  fields: (t) => ({
    ...partFields(t as InputBuilder),
    level: t.field({ type: LogLevelEnum, required: true, description: 'Severity.' }),
    message: t.string({
      required: true,
      description: `Message, at most 100,000 characters. ${replacedText}`,
    }),
    attempt: t.int({ description: 'Number of the attempt.' }),
    thread: t.string({ description: `Name of the thread. ${replacedText}` }),
  }),
});
const MetricReportInput = builder.inputType('MetricReport', {
  description: 'One metric of a task.',
  fields: (t) => ({
    ...partFields(t as InputBuilder),
    type: t.field({ type: MetricTypeEnum, required: true, description: 'Type of the metric.' }),
    name: t.string({ required: true, description: 'The name.' }),
    value: t.float({ required: true, description: 'Value; in seconds for a TIMER.' }),
    tags: t.field({ type: 'JSON', description: `Tags: text values by name. ${replacedText}` }),
  }),
});

const common = (t: InputBuilder) => ({
  tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
  serviceId: t.string({
    required: true,
    description: 'ID of the reporting service. The caller must have registered it.',
  }),
});
/** @throws BAD_INPUT */
function checkSize(name: string, ...lists: (readonly unknown[] | null | undefined)[]): void {
  const size = lists.reduce((sum, list) => sum + (list?.length ?? 0), 0);
  if (size === 0 || size > maxReport) throw badInput(['input', name], `A report must have 1 to ${maxReport} items.`);
}
const resultsField = (t: PayloadBuilder<readonly ReportResult[]>) => ({
  results: t.field({
    type: [ReportResultRef],
    description: 'One result for each item, in the same order.',
    resolve: ({ result }) => [...result],
  }),
});

mutation('reportExecutions', {
  description:
    'Reports executions and task runs, at most 500 in total. The newest report of each wins, in any order of arrival. A new execution requires EXECUTION:CREATE. Each item is accepted or refused independently.',
  permission: 'EXECUTION:UPDATE',
  telemetry: true,
  input: (t) => ({
    ...common(t),
    executions: t.field({ type: [ExecutionReportInput], description: 'The executions.' }),
    taskRuns: t.field({ type: [TaskRunReportInput], description: 'Task runs of known executions.' }),
    acknowledge: t.idList({
      description: 'IDs of commands that this report completes, or that the engine will not carry out.',
    }),
  }),
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  run: async (tx, grant, { serviceId, executions, taskRuns, acknowledge }, { tenant }, { session }, refusals) => {
    checkSize('executions', executions, taskRuns, acknowledge);
    const service = started(reportingService(tx, grant.doer, serviceId));
    const tenantId = tenant.id;
    const creating =
      session.may('EXECUTION:CREATE', { tenantId }) ?? refusal(session.decide('EXECUTION:CREATE', { tenantId }));
    const reports = {
      executions: (executions ?? []) as readonly ExecutionReport[],
      taskRuns: (taskRuns ?? []) as readonly TaskRunReport[],
    };
    const acknowledged = await acknowledgeCommands(tx, grant, tenantId, (acknowledge ?? []).map(String));
    const results = await reportExecutions(tx, { tenantId, updating: grant, creating, refusals, service }, reports);
    return { ...results, acknowledged };
  },
  payload: (t) => ({
    results: t.field({
      type: [ReportResultRef],
      description: 'One result for each execution, in the same order.',
      resolve: ({ result }) => [...result.executions],
    }),
    taskRunResults: t.field({
      type: [ReportResultRef],
      description: 'One result for each item of `taskRuns`, in the same order.',
      resolve: ({ result }) => [...result.taskRuns],
    }),
    acknowledged: t.idList({
      description: 'IDs of the commands that are now done.',
      resolve: ({ result }) => [...result.acknowledged],
    }),
  }),
});

mutation('reportLogs', {
  description:
    'Reports log entries, at most 500. Each entry is identified by execution and sequence and stored once. Each is accepted or refused independently.',
  permission: 'EXECUTION:UPDATE',
  telemetry: true,
  input: (t) => ({
    ...common(t),
    logs: t.field({ type: [LogReportInput], required: true, description: 'The log entries.' }),
  }),
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  run: async (tx, grant, { serviceId, logs }, { tenant }, _context, refusals) => {
    checkSize('logs', logs);
    const service = started(reportingService(tx, grant.doer, serviceId));
    return reportLogs(tx, { tenantId: tenant.id, updating: grant, refusals, service }, logs as readonly LogReport[]);
  },
  payload: resultsField,
});

mutation('reportMetrics', {
  description:
    'Reports metrics, at most 500. Each metric is identified by execution and sequence and stored once. Each is accepted or refused independently.',
  permission: 'EXECUTION:UPDATE',
  telemetry: true,
  input: (t) => ({
    ...common(t),
    metrics: t.field({ type: [MetricReportInput], required: true, description: 'The metrics.' }),
  }),
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  run: async (tx, grant, { serviceId, metrics }, { tenant }, _context, refusals) => {
    checkSize('metrics', metrics);
    const service = started(reportingService(tx, grant.doer, serviceId));
    return reportMetrics(
      tx,
      { tenantId: tenant.id, updating: grant, refusals, service },
      metrics as readonly MetricReport[],
    );
  },
  payload: resultsField,
});
