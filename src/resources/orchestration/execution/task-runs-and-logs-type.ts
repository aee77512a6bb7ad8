import type { Execution, LogEntry, Metric, TaskRun } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connectionType, orderBy, refOf } from '../../../graphql/connection/connection-type.ts';
import { nothing, rows } from '../../../graphql/connection/reach.ts';
import { guardedOne } from '../../../graphql/guarded.ts';
import { registerPart } from '../../../graphql/mutation/replay.ts';
import { registerNode } from '../../../graphql/node.ts';
import type { MetricType } from './enums.ts';
import { durationOf, ExecutionStateEnum, LogLevelEnum, MetricTypeEnum, StateChangeRef, staysOf } from './enums.ts';
import { type ExecutionState, logLevels } from './states.ts';
import { LogWhere, logCondition, MetricWhere, metricCondition, TaskRunWhere, taskRunCondition } from './where.ts';

/** Each part refers to its execution. */
const executionField = (t: object) =>
  guardedOne<{ tenantId: string; executionKey: string }, Execution>(t, {
    type: refOf('Execution'),
    description: 'The execution.',
    permission: 'EXECUTION:READ',
    scope: ({ tenantId }) => ({ tenantId }),
    model: 'Execution',
    id: ({ executionKey }) => executionKey,
  });

export const TaskRunRef = builder.prismaNode('TaskRun', {
  description: 'One run of a task in an execution.',
  id: { field: 'id' },
  fields: (t) => ({
    execution: executionField(t),
    taskRunId: t.exposeString('taskRunId', { description: 'ID that the engine gave, unique in the execution.' }),
    taskId: t.exposeString('taskId', { description: 'ID of the task.' }),
    parentTaskRunId: t.exposeString('parentId', { nullable: true, description: 'The parent task run.' }),
    value: t.exposeString('value', { nullable: true, description: 'Value of the loop iteration.' }),
    namespaceName: t.exposeString('namespace', { description: 'The namespace.' }),
    flowId: t.exposeString('flowId', { description: 'ID of the flow.' }),
    state: t.field({
      type: ExecutionStateEnum,
      description: 'Current state.',
      resolve: ({ state }) => state as ExecutionState,
    }),
    history: t.field({
      type: [StateChangeRef],
      description: 'States so far, in order.',
      resolve: ({ history }) => staysOf(history),
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'Start time.' }),
    endedAt: t.expose('endedAt', { type: 'DateTime', nullable: true, description: 'End time.' }),
    duration: t.field({
      type: 'Duration',
      description: 'Run time so far.',
      resolve: (run) => durationOf(run),
    }),
    attempts: t.field({ type: 'JSON', description: 'Attempts, in order.', resolve: ({ attempts }) => attempts }),
    outputs: t.field({ type: 'JSON', description: 'Outputs.', resolve: ({ outputs }) => outputs }),
  }),
});
registerNode({
  typename: 'TaskRun',
  resource: 'EXECUTION',
  async find(context, id) {
    const run = await context.db.taskRun.findFirst({ where: { id } });
    const { where } = context.session.may('EXECUTION:READ', { tenantId: run?.tenantId ?? '' }) ?? {};
    const whole = { AND: [{ id: run?.executionKey ?? '' }, where ?? nothing] };
    const execution = await rows(context).first('Execution', whole, ['id']);
    return run && execution ? { ...run } : null;
  },
});

registerPart('TaskRun', {
  resource: 'EXECUTION',
  whole: ({ db }, { executionKey }) => db.execution.findFirst({ where: { id: String(executionKey) } }),
});

export const LogEntryRef = builder.prismaObject('LogEntry', {
  description: 'One entry of the log of an execution.',
  fields: (t) => ({
    execution: executionField(t),
    sequence: t.expose('sequence', { type: 'BigInt', description: 'Sequence number within the execution.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was written.' }),
    level: t.field({ type: LogLevelEnum, description: 'Severity.', resolve: ({ level }) => logLevels[level]! }),
    message: t.exposeString('message', { description: 'The message.' }),
    thread: t.exposeString('thread', { nullable: true, description: 'Name of the thread.' }),
    namespaceName: t.exposeString('namespace', { description: 'The namespace.' }),
    flowId: t.exposeString('flowId', { description: 'ID of the flow.' }),
    taskId: t.exposeString('taskId', { nullable: true, description: 'ID of the task.' }),
    taskRunId: t.exposeString('taskRunId', { nullable: true, description: 'ID of the task run.' }),
    attempt: t.exposeInt('attempt', { nullable: true, description: 'Number of the attempt.' }),
  }),
});

export const MetricRef = builder.prismaObject('Metric', {
  description: 'A metric that a task reported.',
  fields: (t) => ({
    execution: executionField(t),
    sequence: t.expose('sequence', { type: 'BigInt', description: 'Sequence number within the execution.' }),
    type: t.field({
      type: MetricTypeEnum,
      description: 'Type of the metric.',
      resolve: ({ type }) => type as MetricType,
    }),
    name: t.exposeString('name', { description: 'The name.' }),
    value: t.exposeFloat('value', { description: 'Value; in seconds for a TIMER.' }),
    tags: t.field({ type: 'JSON', description: 'Tags: text values by name.', resolve: ({ tags }) => tags }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was measured.' }),
    namespaceName: t.exposeString('namespace', { description: 'The namespace.' }),
    flowId: t.exposeString('flowId', { description: 'ID of the flow.' }),
    taskId: t.exposeString('taskId', { nullable: true, description: 'ID of the task.' }),
    taskRunId: t.exposeString('taskRunId', { nullable: true, description: 'ID of the task run.' }),
  }),
});

const newestFirst = (column: string) => ({ column, descending: true }) as const;

/** The lists of parts of executions. The caller adds the parent and its filter. */
export const taskRunList = {
  connection: connectionType<TaskRun>('TaskRun', TaskRunRef),
  permission: 'EXECUTION:READ',
  model: 'TaskRun',
  where: { input: TaskRunWhere, toCondition: taskRunCondition },
  order: orderBy('TaskRun', {
    STARTED_AT: { column: 'startedAt', description: 'By start time.' },
    ENDED_AT: { column: 'endedAt', description: 'By end time; task runs that have not ended are last.' },
    DURATION: { column: 'durationMs', description: 'By reported run time.' },
    STATE: { column: 'state', description: 'By name of the current state.' },
    TASK_ID: { column: 'taskId', description: 'By task ID.' },
    NAMESPACE_NAME: { column: 'namespace', description: 'By namespace.' },
    FLOW_ID: { column: 'flowId', description: 'By flow ID.' },
  }),
  defaultOrder: newestFirst('startedAt'),
} as const;

export const logList = {
  connection: connectionType<LogEntry>('Log', LogEntryRef),
  permission: 'EXECUTION:READ',
  model: 'LogEntry',
  where: { input: LogWhere, toCondition: logCondition },
  order: orderBy('Log', { AT: { column: 'at', description: 'By time.' } }),
  defaultOrder: newestFirst('at'),
} as const;

export const metricList = {
  connection: connectionType<Metric>('Metric', MetricRef),
  permission: 'EXECUTION:READ',
  model: 'Metric',
  where: { input: MetricWhere, toCondition: metricCondition },
  order: orderBy('Metric', { AT: { column: 'at', description: 'By time.' } }),
  defaultOrder: newestFirst('at'),
} as const;
