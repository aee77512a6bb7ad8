import { readExecution, readFlow, readTenants, readUnfinished } from './documents.ts';
import type { Gateway } from './gateway.ts';
import type {
  EngineExecutionQuery,
  EngineFlowQuery,
  EngineTenantsQuery,
  EngineUnfinishedQuery,
  ExecutionState,
} from './generated/schema.ts';
import type { Sequence } from './sequence.ts';

type Found = NonNullable<NonNullable<EngineExecutionQuery['tenant']>['execution']>;
/** An execution as the gateway holds it, with all its task runs. */
export type Unfinished = Omit<Found, 'taskRuns' | 'logs' | 'metrics'> & {
  readonly tenantKey: string;
  readonly taskRuns: NonNullable<Found['taskRuns']>['nodes'];
};
/** A flow, and the variables of its namespace. */
export type FlowSource = NonNullable<NonNullable<EngineFlowQuery['tenant']>['flow']> & {
  readonly variables: Readonly<Record<string, unknown>>;
};

/** States in which an engine has to do something. SUBMITTED executions have a command. */
const unfinished: readonly ExecutionState[] = [
  'CREATED',
  'QUEUED',
  'RUNNING',
  'PAUSED',
  'BREAKPOINT',
  'RESTARTED',
  'RESUBMITTED',
  'RETRYING',
  'KILLING',
];

interface Page {
  readonly endCursor: string | null;
  readonly hasNextPage: boolean;
}

/** Reads what an engine needs from the gateway. */
export class Reader {
  readonly #gateway: Gateway;
  readonly #sequence: Sequence;

  constructor(gateway: Gateway, sequence: Sequence) {
    this.#gateway = gateway;
    this.#sequence = sequence;
  }

  /** Keys of the tenants that the account can read. */
  async tenants(): Promise<string[]> {
    const keys: string[] = [];
    const pages = this.#pages<EngineTenantsQuery>(readTenants, {}, ({ viewer }) => viewer.tenants?.pageInfo);
    for await (const { viewer } of pages) keys.push(...(viewer.tenants?.nodes ?? []).map(({ key }) => key));
    return keys;
  }

  /** The executions of a tenant that have not ended, to resume them after a crash. */
  async *unfinished(tenantKey: string, states: readonly ExecutionState[] = unfinished): AsyncGenerator<Unfinished> {
    const ids: string[] = [];
    const variables = { tenant: tenantKey, state: states };
    const pageOf = ({ tenant }: EngineUnfinishedQuery) => tenant?.executions?.pageInfo;
    for await (const { tenant } of this.#pages<EngineUnfinishedQuery>(readUnfinished, variables, pageOf))
      ids.push(...(tenant?.executions?.nodes ?? []).map(({ executionId }) => executionId));
    for (const id of ids) {
      const found = await this.execution(tenantKey, id);
      if (found && states.includes(found.state)) yield found;
    }
  }

  /** An execution with its task runs. Later reports of the engine get higher sequences than the stored ones. */
  async execution(tenantKey: string, executionId: string): Promise<Unfinished | undefined> {
    const variables = { tenant: tenantKey, executionId };
    const pageOf = ({ tenant }: EngineExecutionQuery) => tenant?.execution?.taskRuns?.pageInfo;
    const runs: Unfinished['taskRuns'][number][] = [];
    let found: Unfinished | undefined;
    for await (const { tenant } of this.#pages<EngineExecutionQuery>(readExecution, variables, pageOf)) {
      if (!tenant?.execution) return undefined;
      const { taskRuns, logs, metrics, ...own } = tenant.execution;
      for (const { sequence } of [own, ...(logs?.nodes ?? []), ...(metrics?.nodes ?? [])])
        this.#sequence.observe(sequence);
      runs.push(...(taskRuns?.nodes ?? []));
      found = { ...own, tenantKey, taskRuns: runs };
    }
    return found;
  }

  async *#pages<Query>(
    document: string,
    variables: object,
    pageOf: (answer: Query) => Page | undefined,
  ): AsyncGenerator<Query> {
    let after: string | null | undefined = null;
    for (;;) {
      const answer: Query = await this.#gateway.send<Query>(document, { ...variables, after });
      yield answer;
      const page: Page | undefined = pageOf(answer);
      if (!page?.hasNextPage) return;
      after = page.endCursor;
    }
  }

  /** The current revision of a flow. */
  async flow(tenantKey: string, namespace: string, flowId: string): Promise<FlowSource | undefined> {
    const variables = { tenant: tenantKey, namespace, flowId };
    const { tenant } = await this.#gateway.send<EngineFlowQuery>(readFlow, variables);
    if (!tenant?.flow) return undefined;
    const entries = (tenant.namespace?.inheritedVariables ?? []).map(({ key, value }) => [key, value] as const);
    return { ...tenant.flow, variables: Object.fromEntries(entries) };
  }
}
