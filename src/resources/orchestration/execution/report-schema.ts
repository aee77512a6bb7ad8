import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { type InputBuilder, mutation, type PayloadBuilder } from '../../../graphql/mutation/define.ts';
import { takeItemByItem } from '../../../graphql/mutation/item-input.ts';
import { ItemError } from '../../../graphql/mutation/items.ts';
import { inTenant } from '../../../graphql/mutation/target.ts';
import { refusal } from '../../../policy/decide/decision.ts';
import { reportingService } from '../worker/reporting.ts';
import { acknowledgeCommands } from './claims.ts';
import { ExecutionStateEnum, LogLevelEnum, MetricTypeEnum } from './enums.ts';
import { type LogReport, type MetricReport, reportLogs, reportMetrics } from './parts-report.ts';
import { reportExecutions } from './report.ts';
import { maxReport, type ReportResult } from './report-items.ts';
import type { ExecutionReport, TaskRunReport } from './report-rules.ts';

const ReportOutcome = builder.enumType('ReportOutcome', {
  description: 'What became of one item of a report.',
  values: {
    APPLIED: { description: 'It is what is known now.' },
    IGNORED: { description: 'What was known already is as new, or newer: nothing changed.' },
  },
});
const ReportResultRef = builder.objectRef<ReportResult>('ReportResult').implement({
  description: 'The answer to one item of a report, at its place in the list.',
  fields: (t) => ({
    outcome: t.field({
      type: ReportOutcome,
      nullable: true,
      description: 'What became of it; null: it was refused.',
      resolve: ({ outcome }) => outcome,
    }),
    error: t.field({
      type: ItemError,
      nullable: true,
      description: 'Why it was refused.',
      resolve: ({ error }) => error && { error },
    }),
  }),
});

/** Of what people read, as much as possible is kept; what things are found by is refused. */
const replacedText = 'A character that cannot be stored (NUL, half a surrogate pair) becomes U+FFFD.';
takeItemByItem('ReportLogsInput', 'logs', 'LogReport', ['message', 'thread']);
takeItemByItem('ReportMetricsInput', 'metrics', 'MetricReport', ['tags']);
takeItemByItem('ReportExecutionsInput', 'executions', 'ExecutionReport', [
  'labels',
  'inputs',
  'outputs',
  // Of its task runs.
  'attempts',
  'value',
]);
takeItemByItem('ReportExecutionsInput', 'taskRuns', 'TaskRunReport', ['value', 'attempts', 'outputs']);

const StateChangeInput = builder.inputType('StateChangeInput', {
  description: 'One change of state.',
  fields: (t) => ({
    state: t.field({ type: ExecutionStateEnum, required: true, description: 'To which state.' }),
    at: t.field({ type: 'DateTime', required: true, description: 'When.' }),
  }),
});
const historyText = 'All changes of state so far, in order: the last one is its state, the first one its start.';
const sequenceText = 'A number that grows with every report of it, from 1 on: the greatest counts.';

const TaskRunReportInput = builder.inputType('TaskRunReport', {
  description: 'The whole of a task run: what is left out is not there.',
  fields: (t) => ({
    executionId: t.string({ description: 'Of which execution. Left out within the report of its execution.' }),
    taskRunId: t.string({ required: true, description: 'Its id; unique in its execution.' }),
    sequence: t.field({ type: 'BigInt', description: `${sequenceText} Default: that of its execution.` }),
    taskId: t.string({ required: true, description: 'Of which task.' }),
    parentTaskRunId: t.string({ description: 'The task run that started it.' }),
    value: t.string({ description: `For which value, in a loop. ${replacedText}` }),
    history: t.field({ type: [StateChangeInput], required: true, description: historyText }),
    attempts: t.field({ type: 'JSON', description: `A list of its attempts, in order. ${replacedText}` }),
    outputs: t.field({ type: 'JSON', description: `What it gave: an object. ${replacedText}` }),
  }),
});
const ExecutionReportInput = builder.inputType('ExecutionReport', {
  description: 'The whole of an execution: what is left out is not there.',
  fields: (t) => ({
    executionId: t.string({ required: true, description: 'Its id; unique in the tenant.' }),
    sequence: t.field({ type: 'BigInt', required: true, description: sequenceText }),
    namespace: t.string({ description: 'Namespace of its flow. It never changes.' }),
    flowId: t.string({ description: 'Its flow. It never changes.' }),
    revision: t.int({ description: 'Of which revision of the flow.' }),
    history: t.field({ type: [StateChangeInput], description: historyText }),
    labels: t.field({ type: 'JSON', description: `Texts by key. ${replacedText}` }),
    inputs: t.field({ type: 'JSON', description: `What it was given: an object. ${replacedText}` }),
    outputs: t.field({ type: 'JSON', description: `What it gave: an object. ${replacedText}` }),
    triggerId: t.string({ description: 'The trigger of its flow that started it.' }),
    parentId: t.string({ description: 'executionId of the one that started it.' }),
    originalId: t.string({ description: 'executionId of the one it replays.' }),
    deleted: t.boolean({
      description: 'It is deleted, as was asked by a command: it goes with all that belongs to it. Needs nothing else.',
    }),
    taskRuns: t.field({ type: [TaskRunReportInput], description: 'Its task runs, as far as they changed.' }),
  }),
});

const partFields = (t: InputBuilder) => ({
  executionId: t.string({ required: true, description: 'Of which execution.' }),
  sequence: t.field({
    type: 'BigInt',
    required: true,
    description: 'Its number in its execution: each is taken once.',
  }),
  at: t.field({ type: 'DateTime', required: true, description: 'When.' }),
  taskId: t.string({ description: 'Of which task.' }),
  taskRunId: t.string({ description: 'Of which task run.' }),
});
const LogReportInput = builder.inputType('LogReport', {
  description: 'One entry of a log.',
  fields: (t) => ({
    ...partFields(t as InputBuilder),
    level: t.field({ type: LogLevelEnum, required: true, description: 'How severe.' }),
    message: t.string({
      required: true,
      description: `What it says, at most 100,000 characters. ${replacedText}`,
    }),
    attempt: t.int({ description: 'Of which attempt.' }),
    thread: t.string({ description: `By which thread. ${replacedText}` }),
  }),
});
const MetricReportInput = builder.inputType('MetricReport', {
  description: 'One figure of a task.',
  fields: (t) => ({
    ...partFields(t as InputBuilder),
    type: t.field({ type: MetricTypeEnum, required: true, description: 'What kind.' }),
    name: t.string({ required: true, description: 'What it is called.' }),
    value: t.float({ required: true, description: 'The figure; of a TIMER, in seconds.' }),
    tags: t.field({ type: 'JSON', description: `Texts by name. ${replacedText}` }),
  }),
});

const common = (t: InputBuilder) => ({
  tenant: t.string({ required: true, description: 'Key of the tenant.' }),
  service: t.string({
    required: true,
    description: 'serviceId of the service that reports: the caller registered it.',
  }),
});
/** @throws BAD_INPUT */
function checkSize(name: string, ...lists: (readonly unknown[] | null | undefined)[]): void {
  const size = lists.reduce((sum, list) => sum + (list?.length ?? 0), 0);
  if (size === 0 || size > maxReport) throw badInput(['input', name], `A report has 1 to ${maxReport} items.`);
}
const resultsField = (t: PayloadBuilder<readonly ReportResult[]>) => ({
  results: t.field({
    type: [ReportResultRef],
    description: 'One answer for each item, in the same order.',
    resolve: ({ result }) => [...result],
  }),
});

mutation('reportExecutions', {
  description:
    'The engine tells of executions and task runs, at most 500 together. The newest report of each counts, in whichever order they come. One that is new needs EXECUTION:CREATE. Each item is taken or refused by itself.',
  permission: 'EXECUTION:UPDATE',
  telemetry: true,
  input: (t) => ({
    ...common(t),
    executions: t.field({ type: [ExecutionReportInput], description: 'Executions.' }),
    taskRuns: t.field({ type: [TaskRunReportInput], description: 'Task runs of executions that are known.' }),
    acknowledge: t.idList({
      description: 'Ids of commands that are done by what is reported here, or that will not be done.',
    }),
  }),
  target: ({ tenant }, context) => inTenant(tenant, context),
  run: async (tx, grant, { service, executions, taskRuns, acknowledge }, { tenant }, { session }, refusals) => {
    checkSize('executions', executions, taskRuns, acknowledge);
    await reportingService(tx, grant.doer, service);
    const tenantId = tenant.id;
    const creating =
      session.may('EXECUTION:CREATE', { tenantId }) ?? refusal(session.decide('EXECUTION:CREATE', { tenantId }));
    const reports = {
      executions: (executions ?? []) as readonly ExecutionReport[],
      taskRuns: (taskRuns ?? []) as readonly TaskRunReport[],
    };
    const acknowledged = await acknowledgeCommands(tx, grant, tenantId, (acknowledge ?? []).map(String));
    const results = await reportExecutions(tx, { tenantId, updating: grant, creating, refusals }, reports);
    return { ...results, acknowledged };
  },
  payload: (t) => ({
    results: t.field({
      type: [ReportResultRef],
      description: 'One answer for each execution, in the same order.',
      resolve: ({ result }) => [...result.executions],
    }),
    taskRunResults: t.field({
      type: [ReportResultRef],
      description: 'One answer for each item of `taskRuns`, in the same order.',
      resolve: ({ result }) => [...result.taskRuns],
    }),
    acknowledged: t.idList({
      description: 'Ids of the commands that are done now.',
      resolve: ({ result }) => [...result.acknowledged],
    }),
  }),
});

mutation('reportLogs', {
  description:
    'The engine tells of log entries, at most 500 together. Each is taken once, by execution and sequence, or refused by itself.',
  permission: 'EXECUTION:UPDATE',
  telemetry: true,
  input: (t) => ({
    ...common(t),
    logs: t.field({ type: [LogReportInput], required: true, description: 'The entries.' }),
  }),
  target: ({ tenant }, context) => inTenant(tenant, context),
  run: async (tx, grant, { service, logs }, { tenant }, _context, refusals) => {
    checkSize('logs', logs);
    await reportingService(tx, grant.doer, service);
    return reportLogs(tx, { tenantId: tenant.id, updating: grant, refusals }, logs as readonly LogReport[]);
  },
  payload: resultsField,
});

mutation('reportMetrics', {
  description:
    'The engine tells of metrics, at most 500 together. Each is taken once, by execution and sequence, or refused by itself.',
  permission: 'EXECUTION:UPDATE',
  telemetry: true,
  input: (t) => ({
    ...common(t),
    metrics: t.field({ type: [MetricReportInput], required: true, description: 'The figures.' }),
  }),
  target: ({ tenant }, context) => inTenant(tenant, context),
  run: async (tx, grant, { service, metrics }, { tenant }, _context, refusals) => {
    checkSize('metrics', metrics);
    await reportingService(tx, grant.doer, service);
    return reportMetrics(tx, { tenantId: tenant.id, updating: grant, refusals }, metrics as readonly MetricReport[]);
  },
  payload: resultsField,
});
