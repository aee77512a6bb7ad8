import type { Execution, TaskRun } from '../../../src/db/generated/client.ts';
import { addExecution, addFlow, addLog, addMetric, addTaskRun } from '../../support/executions.ts';
import { idOf } from '../../support/world.ts';
import type { Attempting } from '../attempt.ts';
import type { Stage } from '../stage.ts';
import { connection, data, nested, node, type Reading } from '../ways.ts';

/** What the cells about executions need on the stage: one ended execution in company.x with one of each part. */
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

export const executionMutations: Record<string, Record<string, Attempting>> = {};

const execution = ({ executions }: Stage) => idOf('Execution', executions.execution);
const taskRun = ({ executions }: Stage) => idOf('TaskRun', executions.taskRun);

export const executionReads: Record<string, readonly Reading[]> = {
  EXECUTION: [
    ...connection('executions', execution),
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
