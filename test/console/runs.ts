import type { Tenant } from '../../src/db/generated/client.ts';
import { type Engine, engineOf } from '../support/engine.ts';
import type { World } from '../support/world.ts';

const approval = `id: approval
namespace: company.data
tasks:
  - id: prepare
    type: io.kestra.plugin.core.log.Log
    message: ready
  - id: approve
    type: io.kestra.plugin.core.flow.Pause
    onResume:
      - { id: comment, type: STRING }
      - { id: pages, type: INT, required: false }
`;

const flowOf = (namespace: string, id: string): string => `id: ${id}
namespace: ${namespace}
tasks:
  - { id: fetch, type: io.kestra.plugin.core.debug.Return }
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [eu, us]
    tasks:
      - { id: load, type: io.kestra.plugin.core.log.Log, message: loads }
`;

/** A history of these states, up to now, one second apart. */
export const historyTo = (now: number, states: readonly string[]) =>
  states.map((state, i) => ({ state, at: new Date(now - (states.length - i) * 1_000).toISOString() }));

export interface Runs {
  readonly engine: Engine;
  /** Reports an execution that began now. */
  readonly run: (executionId: string, states: readonly string[], rest?: object) => Promise<void>;
}

/**
 * Executions of the last minute: `good` and `bad` of company.data, the `paused` one of a flow that asks for inputs, a
 * `busy` one, and one of `company.sales`. `bad` has four task runs, a log, outputs and metrics.
 */
export async function addRuns(world: World, tenant: Tenant): Promise<Runs> {
  const engine = await engineOf(world, tenant);
  for (const source of [approval, flowOf('company.data', 'orders'), flowOf('company.sales', 'sales')])
    await world.flow(tenant, source);
  const now = Date.now();
  const counts = new Map<string, number>();
  const run: Runs['run'] = async (executionId, states, rest = {}) => {
    const sequence = (counts.get(executionId) ?? 0) + 1;
    counts.set(executionId, sequence);
    const place = { namespaceName: 'company.data', flowId: 'orders', revision: 1 };
    const report = { executionId, sequence: String(sequence), ...place, history: historyTo(now, states), ...rest };
    const [outcome] = await engine.report([report]);
    if (outcome !== 'APPLIED') throw new Error(`The report of ${executionId} is refused: ${outcome}`);
  };
  await run('good', ['CREATED', 'RUNNING', 'SUCCESS'], { labels: { team: 'data' }, inputs: { day: '2026-01-01' } });
  await run('bad', ['CREATED', 'RUNNING', 'FAILED'], { outputs: { total: 3 } });
  await run('busy', ['CREATED', 'RUNNING']);
  await run('sold', ['CREATED', 'RUNNING', 'SUCCESS'], { namespaceName: 'company.sales', flowId: 'sales' });
  await run('paused', ['CREATED', 'RUNNING', 'PAUSED'], { flowId: 'approval' });
  const part = (taskRunId: string, taskId: string, states: readonly string[], rest: object = {}) => ({
    executionId: 'bad',
    sequence: '1',
    taskRunId,
    taskId,
    history: historyTo(now, states),
    ...rest,
  });
  const { taskRunResults } = await engine.reportExecutions({
    executions: [],
    taskRuns: [
      part('t1', 'fetch', ['CREATED', 'RUNNING', 'SUCCESS'], { outputs: { rows: 42, file: { uri: 'x://rows' } } }),
      part('t2', 'each', ['CREATED', 'RUNNING', 'FAILED']),
      part('t3', 'load', ['CREATED', 'RUNNING', 'SUCCESS'], { parentTaskRunId: 't2', value: 'eu' }),
      part('t4', 'load', ['CREATED', 'RUNNING', 'RETRYING', 'RUNNING', 'FAILED'], {
        parentTaskRunId: 't2',
        value: 'us',
      }),
      {
        executionId: 'paused',
        sequence: '1',
        taskRunId: 'p1',
        taskId: 'approve',
        history: historyTo(now, ['CREATED', 'RUNNING', 'PAUSED']),
      },
    ],
  });
  if (taskRunResults.some(({ error }: { error: unknown }) => error)) throw new Error(JSON.stringify(taskRunResults));
  const line = (sequence: number, level: string, message: string, taskId: string) => ({
    executionId: 'bad',
    sequence: String(sequence),
    at: new Date(now - 1_000 + sequence).toISOString(),
    level,
    message,
    taskId,
  });
  await engine.logs([
    ...Array.from({ length: 240 }, (_, i) => line(i + 1, 'INFO', `Row ${i + 1} is loaded`, 'fetch')),
    line(241, 'WARN', 'The region is slow', 'load'),
    line(242, 'ERROR', 'expected 184 rows, got 183', 'load'),
  ]);
  await engine.metrics([
    {
      executionId: 'bad',
      sequence: '1',
      name: 'rows',
      type: 'COUNTER',
      value: 42,
      taskId: 'fetch',
      at: new Date(now).toISOString(),
      tags: {},
    },
    {
      executionId: 'bad',
      sequence: '2',
      name: 'duration',
      type: 'TIMER',
      value: 1.5,
      taskId: 'fetch',
      at: new Date(now).toISOString(),
      tags: {},
    },
  ]);
  return { engine, run };
}
