import type { Execution, Flow, Tenant } from '../../src/db/generated/client.ts';
import { newId } from '../../src/lib/ids.ts';
import { courseOf, type ExecutionState } from '../../src/resources/orchestration/execution/states.ts';
import type { World } from './world.ts';

/** Returns a flow row without parsing a source. */
export const addFlow = (world: World, tenant: Tenant, namespace: string, flowId: string, disabled = false) =>
  world.db.flow.upsert({
    where: { tenantId_namespace_flowId: { tenantId: tenant.id, namespace, flowId } },
    update: { disabled },
    create: {
      id: newId(),
      tenantId: tenant.id,
      namespace,
      flowId,
      revision: 1,
      source: `id: ${flowId}\nnamespace: ${namespace}\n`,
      disabled,
      declaredDisabled: disabled,
      labelTexts: [],
      taskCount: 0,
    },
  }) as Promise<Flow>;

let next = 0;
/** Returns an id like those of engines, in the order of calls. */
export const engineId = (): string => `e${String(next++).padStart(21, '0')}`;

export interface GivenExecution {
  readonly namespace?: string;
  readonly flowId?: string;
  readonly executionId?: string;
  readonly state?: ExecutionState;
  readonly startedAt?: Date;
  readonly labels?: Readonly<Record<string, string>>;
  readonly triggerId?: string;
  readonly parentId?: string;
  readonly outputs?: object;
}

/** Stores an execution as after its first report, and counts it by day and hour. */
export async function addExecution(
  world: World,
  tenant: Tenant,
  {
    namespace = 'company.x',
    flowId = 'hello',
    executionId = engineId(),
    state = 'SUCCESS',
    startedAt = new Date(),
    labels = {},
    outputs = {},
    ...rest
  }: GivenExecution = {},
): Promise<Execution> {
  const history = [{ state: 'CREATED', at: startedAt } as const, { state, at: new Date(startedAt.getTime() + 2_500) }];
  const course = courseOf(history);
  const { startedAt: _start, ...columns } = course;
  const row = await world.db.execution.create({
    data: {
      id: newId(),
      tenantId: tenant.id,
      executionId,
      namespace,
      flowId,
      revision: 1,
      ...columns,
      startedAt,
      labels,
      labelTexts: Object.entries(labels).map(([key, value]) => `${key}:${value}`),
      outputs,
      history: history.map(({ state, at }) => ({ state, at: at.toISOString() })),
      sequence: 1n,
      ...rest,
    },
  });
  const day = new Date(startedAt.toISOString().slice(0, 10));
  await world.db.$executeRaw`
    INSERT INTO "ExecutionDay" ("tenantId", namespace, day, state, count, "durationMs")
    VALUES (${tenant.id}, ${namespace}, ${day}, ${state}, 1, ${course.durationMs})
    ON CONFLICT ("tenantId", namespace, day, state) DO UPDATE
      SET count = "ExecutionDay".count + 1, "durationMs" = "ExecutionDay"."durationMs" + excluded."durationMs"`;
  const hour = new Date(`${startedAt.toISOString().slice(0, 13)}:00:00Z`);
  await world.db.$executeRaw`
    INSERT INTO "ExecutionHour" ("tenantId", namespace, hour, state, count, "durationMs")
    VALUES (${tenant.id}, ${namespace}, ${hour}, ${state}, 1, ${course.durationMs})
    ON CONFLICT ("tenantId", namespace, hour, state) DO UPDATE
      SET count = "ExecutionHour".count + 1, "durationMs" = "ExecutionHour"."durationMs" + excluded."durationMs"`;
  return row;
}

const part = (execution: Execution) => ({
  id: newId(),
  tenantId: execution.tenantId,
  executionKey: execution.id,
  namespace: execution.namespace,
  flowId: execution.flowId,
});

export const addTaskRun = (world: World, execution: Execution, taskId = 'first') =>
  world.db.taskRun.create({
    data: {
      ...part(execution),
      taskRunId: engineId(),
      taskId,
      state: execution.state,
      startedAt: execution.startedAt,
      endedAt: execution.endedAt,
      history: execution.history as object,
      sequence: 1n,
    },
  });
export const addLog = (world: World, execution: Execution, sequence: number, level: number, message: string) =>
  world.db.logEntry.create({
    data: { ...part(execution), sequence, level, message, at: new Date(execution.startedAt.getTime() + sequence) },
  });
export const addMetric = (world: World, execution: Execution, sequence: number, name: string) =>
  world.db.metric.create({
    data: { ...part(execution), sequence, type: 'COUNTER', name, value: 1, at: execution.startedAt },
  });
