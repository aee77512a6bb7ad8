import { join } from 'node:path';
import type { Tenant } from '../../src/db/generated/client.ts';
import { Engine, type EngineOptions } from '../../src/engine/engine.ts';
import { temporaryFolder } from '../support/folder.ts';
import type { World } from '../support/world.ts';

/** Creates the account of an engine, which serves these tenants. @returns its token. */
export async function engineToken(world: World, name: string, tenants: readonly Tenant[]): Promise<string> {
  const account = await world.account(null, name);
  const instance = await world.db.role.findFirstOrThrow({ where: { tenantId: null, name: 'Engine' } });
  await world.bind(null, { principal: account }, instance);
  for (const tenant of tenants) {
    await world.access(tenant, account);
    await world.bind(tenant, { principal: account }, await world.managed(tenant, 'Engine'));
  }
  return world.token(account);
}

export const journalFile = (): string => join(temporaryFolder('engine'), 'journal');

/** An engine that runs each execution to its end at once, with one task run and one log entry. */
export function instantEngine(
  options: Omit<EngineOptions, 'name' | 'onCommand' | 'onTrigger'> & Partial<EngineOptions>,
) {
  const started: string[] = [];
  const run = async (tenantKey: string, place: { namespaceName: string; flowId: string }, more: object) => {
    const { executionId } = more as { executionId: string };
    const at = new Date().toISOString();
    const history = [{ state: 'CREATED', at } as const];
    if (!(await engine.create(tenantKey, { ...place, executionId, history, ...more }))) {
      // A request of a killed process can arrive after this one has read the executions to resume.
      const found = await engine.read.execution(tenantKey, executionId);
      if (found?.state !== 'CREATED' || started.includes(executionId)) return;
    }
    started.push(executionId);
    await finish(tenantKey, place, more);
  };
  const finish = async (tenantKey: string, place: { namespaceName: string; flowId: string }, more: object) => {
    const { executionId } = more as { executionId: string };
    const at = new Date().toISOString();
    const ended = [
      { state: 'CREATED', at } as const,
      { state: 'RUNNING', at } as const,
      { state: 'SUCCESS', at } as const,
    ];
    const taskRun = { executionId, taskRunId: `${executionId}-1`, taskId: 'hello', history: ended };
    const part = { executionId, at, taskId: 'hello', taskRunId: taskRun.taskRunId };
    await engine.report(tenantKey, {
      executions: [{ ...place, executionId, history: ended, ...more }],
      taskRuns: [taskRun],
      logs: [{ ...part, level: 'INFO', message: 'hello' }],
      metrics: [{ ...part, type: 'COUNTER', name: 'rows', value: 1 }],
    });
  };
  const engine: Engine = new Engine({
    name: 'instant',
    pollMs: 50,
    onCommand: async ({ id, tenantKey, kind, namespaceName, flowId, executionId }) => {
      if (kind === 'CREATE') await run(tenantKey, { namespaceName, flowId }, { executionId });
      await engine.report(tenantKey, { acknowledge: [id] });
    },
    onTrigger: async ({ trigger: { tenantKey, namespaceName, flowId, triggerId }, executionId }) => {
      await run(tenantKey, { namespaceName, flowId }, { executionId, triggerId });
      return executionId;
    },
    ...options,
  });
  /** Ends what a killed engine has created only. */
  const resume = async () => {
    for (const tenantKey of await engine.read.tenants())
      for await (const { namespaceName, flowId, executionId, triggerId } of engine.read.unfinished(tenantKey, [
        'CREATED',
      ]))
        await finish(tenantKey, { namespaceName, flowId }, { executionId, triggerId });
  };
  return { engine, started, resume };
}
