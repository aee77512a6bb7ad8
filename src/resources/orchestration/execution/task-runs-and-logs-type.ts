import type { Execution, LogEntry, Metric, TaskRun } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { delegate } from '../../../graphql/connection/connection.ts';
import { connectionType, orderBy, refOf } from '../../../graphql/connection/connection-type.ts';
import { guardedOne } from '../../../graphql/guarded.ts';
import { registerPart } from '../../../graphql/mutation/replay.ts';
import { registerNode } from '../../../graphql/node.ts';
import type { MetricType } from './enums.ts';
import { durationOf, ExecutionStateEnum, LogLevelEnum, MetricTypeEnum, StateChangeRef, staysOf } from './enums.ts';
import { type ExecutionState, logLevels } from './states.ts';
import { LogWhere, logCondition, MetricWhere, metricCondition, TaskRunWhere, taskRunCondition } from './where.ts';

/** Whatever belongs to an execution names it. */
const executionField = (t: object) =>
  guardedOne<{ tenantId: string; executionKey: string }, Execution>(t, {
    type: refOf('Execution'),
    description: 'The execution that it belongs to.',
    permission: 'EXECUTION:READ',
    scope: ({ tenantId }) => ({ tenantId }),
    model: 'execution',
    id: ({ executionKey }) => executionKey,
  });

export const TaskRunRef = builder.prismaNode('TaskRun', {
  description: 'One run of a task in an execution.',
  id: { field: 'id' },
  fields: (t) => ({
    execution: executionField(t),
    taskRunId: t.exposeString('taskRunId', { description: "The engine's id of it; unique in its execution." }),
    taskId: t.exposeString('taskId', { description: 'Of which task.' }),
    parentTaskRunId: t.exposeString('parentId', { nullable: true, description: 'The task run that started it.' }),
    value: t.exposeString('value', { nullable: true, description: 'For which value, in a loop.' }),
    namespace: t.exposeString('namespace', { description: 'In which namespace.' }),
    flowId: t.exposeString('flowId', { description: 'Of which flow.' }),
    state: t.field({
      type: ExecutionStateEnum,
      description: 'Its state.',
      resolve: ({ state }) => state as ExecutionState,
    }),
    history: t.field({
      type: [StateChangeRef],
      description: 'Its states so far, in order.',
      resolve: ({ history }) => staysOf(history),
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it came up.' }),
    endedAt: t.expose('endedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
    duration: t.field({
      type: 'Duration',
      description: 'How long it ran; of one that still runs, so far.',
      resolve: (run) => durationOf(run),
    }),
    attempts: t.field({ type: 'JSON', description: 'Its attempts, in order.', resolve: ({ attempts }) => attempts }),
    outputs: t.field({ type: 'JSON', description: 'What it gave.', resolve: ({ outputs }) => outputs }),
  }),
});
registerNode({
  typename: 'TaskRun',
  resource: 'EXECUTION',
  async find(context, id) {
    const run = await context.db.taskRun.findFirst({ where: { id } });
    const { where } = context.session.may('EXECUTION:READ', { tenantId: run?.tenantId ?? '' }) ?? {};
    const rows = await delegate(context, 'execution').findMany({
      where: { AND: [{ id: run?.executionKey ?? '' }, where ?? { id: { in: [] } }] },
      select: { id: true },
    });
    return run && rows.length === 1 ? { ...run } : null;
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
    sequence: t.expose('sequence', { type: 'BigInt', description: 'Its number in its execution.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was written.' }),
    level: t.field({ type: LogLevelEnum, description: 'How severe.', resolve: ({ level }) => logLevels[level]! }),
    message: t.exposeString('message', { description: 'What it says.' }),
    thread: t.exposeString('thread', { nullable: true, description: 'By which thread.' }),
    namespace: t.exposeString('namespace', { description: 'In which namespace.' }),
    flowId: t.exposeString('flowId', { description: 'Of which flow.' }),
    taskId: t.exposeString('taskId', { nullable: true, description: 'Of which task.' }),
    taskRunId: t.exposeString('taskRunId', { nullable: true, description: 'Of which task run.' }),
    attempt: t.exposeInt('attempt', { nullable: true, description: 'Of which attempt.' }),
  }),
});

export const MetricRef = builder.prismaObject('Metric', {
  description: 'A figure that a task told of.',
  fields: (t) => ({
    execution: executionField(t),
    sequence: t.expose('sequence', { type: 'BigInt', description: 'Its number in its execution.' }),
    type: t.field({ type: MetricTypeEnum, description: 'What kind.', resolve: ({ type }) => type as MetricType }),
    name: t.exposeString('name', { description: 'What it is called.' }),
    value: t.exposeFloat('value', { description: 'The figure; of a TIMER, in seconds.' }),
    tags: t.field({ type: 'JSON', description: 'Texts by name.', resolve: ({ tags }) => tags }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was taken.' }),
    namespace: t.exposeString('namespace', { description: 'In which namespace.' }),
    flowId: t.exposeString('flowId', { description: 'Of which flow.' }),
    taskId: t.exposeString('taskId', { nullable: true, description: 'Of which task.' }),
    taskRunId: t.exposeString('taskRunId', { nullable: true, description: 'Of which task run.' }),
  }),
});

const newestFirst = (column: string) => ({ column, descending: true }) as const;

/** The lists of what belongs to executions: add where they stand, and whose rows they are. */
export const taskRunList = {
  connection: connectionType<TaskRun>('TaskRun', TaskRunRef),
  permission: 'EXECUTION:READ',
  model: 'taskRun',
  where: { input: TaskRunWhere, toCondition: taskRunCondition },
  order: orderBy('TaskRun', { STARTED_AT: { column: 'startedAt', description: 'By the time of the start.' } }),
  defaultOrder: newestFirst('startedAt'),
} as const;

export const logList = {
  connection: connectionType<LogEntry>('Log', LogEntryRef),
  permission: 'EXECUTION:READ',
  model: 'logEntry',
  where: { input: LogWhere, toCondition: logCondition },
  order: orderBy('Log', { AT: { column: 'at', description: 'By time.' } }),
  defaultOrder: newestFirst('at'),
} as const;

export const metricList = {
  connection: connectionType<Metric>('Metric', MetricRef),
  permission: 'EXECUTION:READ',
  model: 'metric',
  where: { input: MetricWhere, toCondition: metricCondition },
  order: orderBy('Metric', { AT: { column: 'at', description: 'By time.' } }),
  defaultOrder: newestFirst('at'),
} as const;
