import type { Execution, TaskRun } from '../../../src/db/generated/client.ts';
import { newId } from '../../../src/lib/ids.ts';
import type { ExecutionState } from '../../../src/resources/orchestration/execution/states.ts';
import { addExecution, addFlow, addLog, addMetric, addTaskRun } from '../../support/executions.ts';
import { idOf } from '../../support/world.ts';
import { type Attempting, attempt } from '../attempt.ts';
import type { Stage } from '../stage.ts';
import { connection, data, inNamespace, nested, node, type Reading } from '../ways.ts';

/** Objects for the cells of executions: one ended execution in company.x with one of each part. */
export interface ExecutionStage {
  readonly execution: Execution;
  readonly taskRun: TaskRun;
}

export async function setExecutions({ world, a }: Stage): Promise<ExecutionStage> {
  await addFlow(world, a, 'company.x', 'hello');
  const execution = await addExecution(world, a, { executionId: 'stageExecution00000001' });
  const taskRun = await addTaskRun(world, execution);
  await addLog(world, execution, 1, 2, 'hello');
  await addMetric(world, execution, 1, 'rows');
  return { execution, taskRun };
}

/** A new execution in company.x. */
const fresh = ({ world, a }: Stage, state: ExecutionState) => addExecution(world, a, { state });

/** The command of this kind about the execution. */
const asked = async ({ world }: Stage, { executionId }: Execution, kind: string) =>
  (await world.db.command.count({ where: { executionId, kind } })) === 1;

const onExecution = (field: string, kind: string, state: ExecutionState, rest: object = {}): Attempting => {
  const input = `${field[0]!.toUpperCase()}${field.slice(1)}Input`;
  return async (stage) => {
    const one = await fresh(stage, state);
    return attempt(field, input, 'execution { id }', { id: idOf('Execution', one), ...rest }, () =>
      asked(stage, one, kind),
    );
  };
};

/** The same for a list of executions. */
const onExecutions = (field: string, kind: string, state: ExecutionState, rest: object = {}): Attempting => {
  const input = `${field[0]!.toUpperCase()}${field.slice(1)}Input`;
  return async (stage) => {
    const one = await fresh(stage, state);
    const given = { tenantKey: 'a', ids: [idOf('Execution', one)], ...rest };
    return attempt(field, input, 'results { error { code } }', given, () => asked(stage, one, kind));
  };
};

/** A report by a service that the actor registered. */
const reporting =
  (
    field: string,
    select: string,
    list: (execution: Execution) => object,
    count: (stage: Stage, execution: Execution) => Promise<number>,
  ): Attempting =>
  async (stage) => {
    const one = await fresh(stage, 'RUNNING');
    const input = { tenantKey: 'a', serviceId: await stage.service(), ...list(one) };
    return attempt(
      field,
      `${field[0]!.toUpperCase()}${field.slice(1)}Input`,
      select,
      input,
      async () => (await count(stage, one)) === 1,
    );
  };

export const mutations: Record<string, Record<string, Attempting>> = {
  'EXECUTION:CREATE': {
    createExecution: async (stage) => {
      const labels = { cell: stage.name('cell') };
      return attempt(
        'createExecution',
        'CreateExecutionInput',
        'execution { id }',
        { tenantKey: 'a', namespaceName: 'company.x', flowId: 'hello', labels },
        async () =>
          (await stage.world.db.execution.count({
            where: { labelTexts: { has: `cell:${labels.cell}` }, state: 'SUBMITTED' },
          })) === 1,
      );
    },
    replayExecution: async (stage) => {
      const one = await fresh(stage, 'FAILED');
      return attempt(
        'replayExecution',
        'ReplayExecutionInput',
        'execution { id }',
        { id: idOf('Execution', one) },
        async () => (await stage.world.db.execution.count({ where: { originalId: one.executionId } })) === 1,
      );
    },
    replayExecutions: async (stage) => {
      const one = await fresh(stage, 'FAILED');
      return attempt(
        'replayExecutions',
        'ReplayExecutionsInput',
        'results { error { code } }',
        { tenantKey: 'a', ids: [idOf('Execution', one)] },
        async () => (await stage.world.db.execution.count({ where: { originalId: one.executionId } })) === 1,
      );
    },
  },
  'EXECUTION:UPDATE': {
    killExecution: onExecution('killExecution', 'KILL', 'RUNNING'),
    restartExecutions: onExecutions('restartExecutions', 'RESTART', 'FAILED'),
    pauseExecutions: onExecutions('pauseExecutions', 'PAUSE', 'RUNNING'),
    resumeExecutions: onExecutions('resumeExecutions', 'RESUME', 'PAUSED'),
    killExecutions: onExecutions('killExecutions', 'KILL', 'RUNNING'),
    unqueueExecutions: onExecutions('unqueueExecutions', 'UNQUEUE', 'QUEUED'),
    forceRunExecutions: onExecutions('forceRunExecutions', 'FORCE_RUN', 'QUEUED'),
    setExecutionsState: onExecutions('setExecutionsState', 'SET_STATE', 'FAILED', { state: 'SUCCESS' }),
    addExecutionsLabels: onExecutions('addExecutionsLabels', 'SET_LABELS', 'SUCCESS', { labels: { a: 'b' } }),
    setExecutionLabels: onExecution('setExecutionLabels', 'SET_LABELS', 'SUCCESS', { labels: { a: 'b' } }),
    setTaskRunState: async (stage) => {
      const one = await fresh(stage, 'FAILED');
      const run = await addTaskRun(stage.world, one);
      return attempt(
        'setTaskRunState',
        'SetTaskRunStateInput',
        'taskRun { id }',
        { id: idOf('TaskRun', run), state: 'SUCCESS' },
        () => asked(stage, one, 'SET_TASK_RUN_STATE'),
      );
    },
    claimCommands: async (stage) => {
      const one = await fresh(stage, 'RUNNING');
      const { tenantId, namespace, flowId, executionId } = one;
      const place = { tenantId, namespace, flowId, executionId };
      const { id } = await stage.world.db.command.create({
        data: { id: newId(), ...place, kind: 'KILL', actorId: 'x', actorName: 'x' },
      });
      return attempt(
        'claimCommands',
        'ClaimCommandsInput',
        'commands { id }',
        { tenantKey: 'a', serviceId: await stage.service(), limit: 500 },
        async () => (await stage.world.db.command.count({ where: { id, state: 'TAKEN' } })) === 1,
      );
    },
    reportExecutions: reporting(
      'reportExecutions',
      'results { error { code } }',
      ({ executionId, namespace, flowId }) => ({
        executions: [
          {
            executionId,
            namespaceName: namespace,
            flowId,
            sequence: '2',
            history: [{ state: 'KILLED', at: '2026-01-01T00:00:00Z' }],
          },
        ],
      }),
      ({ world }, { id }) => world.db.execution.count({ where: { id, state: 'KILLED' } }),
    ),
    reportLogs: reporting(
      'reportLogs',
      'results { error { code } }',
      ({ executionId }) => ({
        logs: [{ executionId, sequence: '1', at: '2026-01-01T00:00:00Z', level: 'INFO', message: 'x' }],
      }),
      ({ world }, { id }) => world.db.logEntry.count({ where: { executionKey: id } }),
    ),
    reportMetrics: reporting(
      'reportMetrics',
      'results { error { code } }',
      ({ executionId }) => ({
        metrics: [{ executionId, sequence: '1', at: '2026-01-01T00:00:00Z', type: 'GAUGE', name: 'x', value: 1.5 }],
      }),
      ({ world }, { id }) => world.db.metric.count({ where: { executionKey: id } }),
    ),
  },
  'EXECUTION:DELETE': {
    deleteExecutions: async (stage) => {
      const one = await fresh(stage, 'SUCCESS');
      return attempt(
        'deleteExecutions',
        'DeleteExecutionsInput',
        'results { error { code } }',
        { tenantKey: 'a', ids: [idOf('Execution', one)] },
        async () =>
          (await stage.world.db.execution.count({ where: { id: one.id, deletionAsked: true } })) === 1 &&
          (await asked(stage, one, 'DELETE')),
      );
    },
  },
};

const execution = ({ executions }: Stage) => idOf('Execution', executions.execution);
const taskRun = ({ executions }: Stage) => idOf('TaskRun', executions.taskRun);

/** The flow of an execution is read with the flow. */
const ofFlow = (select: string, sees: (execution: any) => boolean): Reading =>
  nested(
    ['EXECUTION:READ'],
    `{ tenant(key: "a") { execution(executionId: "stageExecution00000001") { ${select} } } }`,
    (d) => sees(d?.tenant?.execution),
  );
export const readsOfFlowRan: readonly Reading[] = [
  ofFlow('source', (one) => one?.source?.startsWith('id: hello') === true),
  ofFlow('tasks { id }', (one) => Array.isArray(one?.tasks)),
  ofFlow('topology { nodes { id } }', (one) => Array.isArray(one?.topology?.nodes)),
];

export const reads: Record<string, readonly Reading[]> = {
  EXECUTION: [
    ...connection('executions', execution),
    inNamespace('executions', execution),
    ...connection('taskRuns', taskRun),
    node(execution),
    node(taskRun),
    {
      way: 'get',
      sees: async (client, stage) =>
        (
          await data(client, 'query($id: String!) { tenant(key: "a") { execution(executionId: $id) { id } } }', {
            id: stage.executions.execution.executionId,
          })
        )?.tenant?.execution?.id === execution(stage),
    },
    nested(
      [],
      '{ tenant(key: "a") { logs(first: 100) { totalCount nodes { message execution { id } } } } }',
      (d, s) =>
        d?.tenant?.logs?.totalCount > 0 &&
        d.tenant.logs.nodes.some((n: any) => n.message === 'hello' && n.execution?.id === execution(s)),
    ),
    {
      way: 'get',
      sees: async (client, stage) => {
        const query =
          'query($e: ID!, $r: ID) { renderExpression(execution: $e, taskRun: $r, expression: "{{ flow.id }} {{ taskrun.id }}") { text } }';
        const found = await data(client, query, { e: execution(stage), r: taskRun(stage) });
        return found?.renderExpression?.text === `hello ${stage.executions.taskRun.taskRunId}`;
      },
    },
    ...['executionSeries', 'taskRunSeries'].map((field) =>
      nested(
        [],
        `{ tenant(key: "a") { ${field}(where: { namespaceName: "company.x" }, by: WEEK) { count } } }`,
        (d) => d?.tenant?.[field]?.count > 0,
      ),
    ),
    {
      way: 'nested',
      sees: async (client, stage) => {
        const parts = 'taskRuns { nodes { id } } logs { nodes { message } } metrics { nodes { name } }';
        const found = (
          await data(client, `query($id: ID!) { node(id: $id) { ... on Execution { ${parts} } } }`, {
            id: execution(stage),
          })
        )?.node;
        return [found?.taskRuns, found?.logs, found?.metrics].every((list) => list?.nodes.length === 1);
      },
    },
  ],
};
