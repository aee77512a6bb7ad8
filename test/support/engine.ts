import type { Tenant, User } from '../../src/db/generated/client.ts';
import { newId } from '../../src/lib/ids.ts';
import { call } from './call.ts';
import type { Client } from './client.ts';
import type { World } from './world.ts';

const select = 'error { code message details } outcome';
const executions = call('reportExecutions', `results { ${select} } taskRunResults { ${select} } acknowledged`);
const logs = call('reportLogs', `results { ${select} }`);
const metrics = call('reportMetrics', `results { ${select} }`);
const claim = call(
  'claimCommands',
  'commands { id tenantKey kind executionId payload actorName repeated execution { inputs } }',
);

/** Returns the outcome of a result, or the code of its error. */
export const words = (results: any[]): string[] => results.map(({ outcome, error }) => error?.code ?? outcome);

/** An engine of the orchestrator: the token of a service account, and a service that it registered. */
export class Engine {
  readonly client: Client;
  readonly service: string;
  readonly tenant: string;

  constructor(client: Client, service: string, tenant: string) {
    this.client = client;
    this.service = service;
    this.tenant = tenant;
  }

  report = async (reports: object[], rest: object = {}): Promise<string[]> => {
    const input = { tenantKey: this.tenant, serviceId: this.service, executions: reports, ...rest };
    return words((await this.client.ok<any>(executions, { i: input })).reportExecutions.results);
  };
  reportExecutions = async (input: object) =>
    (await this.client.ok<any>(executions, { i: { tenantKey: this.tenant, serviceId: this.service, ...input } }))
      .reportExecutions;
  logs = async (list: object[]): Promise<string[]> =>
    words(
      (await this.client.ok<any>(logs, { i: { tenantKey: this.tenant, serviceId: this.service, logs: list } }))
        .reportLogs.results,
    );
  metrics = async (list: object[]): Promise<string[]> =>
    words(
      (await this.client.ok<any>(metrics, { i: { tenantKey: this.tenant, serviceId: this.service, metrics: list } }))
        .reportMetrics.results,
    );
  claim = async (rest: object = {}): Promise<any[]> =>
    (await this.client.ok<any>(claim, { i: { serviceId: this.service, ...rest } })).claimCommands.commands;
}

/** Registers a service as this principal. */
export async function addService(world: World, principal: { id: string }): Promise<string> {
  const now = new Date();
  const serviceId = `service-${newId()}`;
  const state = { type: 'EXECUTOR', state: 'RUNNING', startedAt: now, lastHeartbeatAt: now, stateAt: now };
  // The service sends no heartbeats.
  const timings = { heartbeatTimeoutMs: 86_400_000 };
  await world.db.worker.create({ data: { id: newId(), serviceId, principalId: principal.id, ...state, timings } });
  return serviceId;
}

/** Creates an engine with the managed role Engine in the tenant or in one namespace. */
export async function engineOf(world: World, tenant: Tenant, namespace = '', gateway = 0): Promise<Engine> {
  const user: User = await world.user(`engine-${newId()}`, [tenant]);
  await world.bind(tenant, { principal: user }, await world.managed(tenant, 'Engine'), namespace);
  return new Engine(await world.as(user, gateway), await addService(world, user), tenant.key);
}

/** Returns a history of these states, one second apart. */
export const history = (states: readonly string[], start = Date.UTC(2026, 0, 1, 12)) =>
  states.map((state, i) => ({ state, at: new Date(start + i * 1_000).toISOString() }));

/** Returns a report on an execution of company.x/hello. */
export const reportOf = (executionId: string, sequence: number, states: readonly string[], rest: object = {}) => ({
  executionId,
  sequence: String(sequence),
  namespaceName: 'company.x',
  flowId: 'hello',
  history: history(states),
  ...rest,
});

/** Returns the differences between the counts by day and hour, and the counts of rows. */
export async function miscounted(world: World): Promise<object[]> {
  const differences = await Promise.all(
    (['day', 'hour'] as const).map((unit) => {
      const table = unit === 'day' ? 'ExecutionDay' : 'ExecutionHour';
      return world.db.$queryRawUnsafe<object[]>(`
        WITH kept AS (
          SELECT "tenantId", namespace, ${unit}, state, count, "durationMs" FROM "${table}"
          WHERE count <> 0 OR "durationMs" <> 0),
        counted AS (
          SELECT "tenantId", namespace, date_trunc('${unit}', "startedAt", 'UTC') AS ${unit}, state,
            count(*)::bigint AS count, sum("durationMs")::bigint AS "durationMs" FROM "Execution" GROUP BY 1, 2, 3, 4)
        (TABLE kept EXCEPT TABLE counted) UNION ALL (TABLE counted EXCEPT TABLE kept)`);
    }),
  );
  return differences.flat();
}
