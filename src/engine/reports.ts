import { reportExecutions, reportLogs, reportMetrics } from './documents.ts';
import type { Gateway } from './gateway.ts';
import type {
  EngineReportExecutionsMutation,
  EngineReportLogsMutation,
  EngineReportMetricsMutation,
  ExecutionReport,
  LogReport,
  MetricReport,
  TaskRunReport,
} from './generated/schema.ts';
import type { Journal } from './journal.ts';
import { type Item, type Lane, Outbox, type Result } from './outbox.ts';
import { creation, type Sequence } from './sequence.ts';

/** A report without its sequence, which the kit assigns. */
export type Execution = Omit<ExecutionReport, 'sequence' | 'taskRuns'>;
export type TaskRun = Omit<TaskRunReport, 'sequence' | 'executionId'> & { readonly executionId: string };
export type Log = Omit<LogReport, 'sequence'>;
export type Metric = Omit<MetricReport, 'sequence'>;
export interface Reports {
  readonly executions?: readonly Execution[];
  readonly taskRuns?: readonly TaskRun[];
  /** IDs of commands that these reports complete, or that the engine will not carry out. */
  readonly acknowledge?: readonly string[];
  readonly logs?: readonly Log[];
  readonly metrics?: readonly Metric[];
}
/** A report that the gateway refuses. The kit does not send it again. */
export interface Refusal {
  readonly tenantKey: string;
  readonly kind: Lane;
  readonly report: unknown;
  readonly code: string;
  readonly message: string;
}

interface Context {
  readonly gateway: Gateway;
  readonly journal: Journal | undefined;
  readonly sequence: Sequence;
  readonly signal: AbortSignal;
  /** Runs a request of the registered service, and again if it was evicted meanwhile. */
  readonly asService: <T>(work: (serviceId: string) => Promise<T>) => Promise<T>;
  readonly onRefused: (refusal: Refusal) => void;
  readonly onSuperseded: (tenantKey: string, executionId: string) => void;
}

interface Stored {
  readonly tenantKey: string;
  readonly lane: Lane;
  readonly key: string;
  readonly value: unknown;
}

/** Reports to a gateway: one outbox for each tenant, and the journal that keeps what is not answered. */
export class Reporting {
  readonly #context: Context;
  readonly #outboxes = new Map<string, Outbox>();
  #number = 0;
  readonly #start = process.pid.toString(36) + Date.now().toString(36);

  constructor(context: Context) {
    this.#context = context;
  }

  /** Sends what an earlier process could not send. */
  restore(): void {
    for (const { key, value } of this.#context.journal?.entries() ?? []) {
      if (!key.startsWith('report ')) continue;
      const { tenantKey, lane, key: own, value: report } = value as Stored;
      this.#context.sequence.observe((report as { sequence?: string }).sequence);
      this.#of(tenantKey).add(lane, own, { journal: key, report }, { sent: true });
    }
  }

  get pending(): number {
    return [...this.#outboxes.values()].reduce((sum, { pending }) => sum + pending, 0);
  }

  /** Resolves when there is room for more reports in every tenant. */
  async room(): Promise<void> {
    await Promise.all([...this.#outboxes.values()].map((one) => one.room()));
  }

  async flushed(): Promise<void> {
    await Promise.all([...this.#outboxes.values()].map((one) => one.flushed()));
  }

  /** Reports a new execution. @returns false if it exists already. */
  create(tenantKey: string, execution: Execution): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const settle = ({ outcome, error }: Result) =>
        error ? reject(Object.assign(new Error(error.message), { code: error.code })) : resolve(outcome === 'APPLIED');
      const report = { ...execution, sequence: creation };
      this.#add(tenantKey, 'execution', `create ${execution.executionId}`, report, settle);
    });
  }

  add(tenantKey: string, { executions, taskRuns, acknowledge, logs, metrics }: Reports): Promise<void> {
    const next = () => this.#context.sequence.next();
    for (const one of executions ?? [])
      this.#add(tenantKey, 'execution', one.executionId, { ...one, sequence: next() });
    for (const one of taskRuns ?? [])
      this.#add(tenantKey, 'taskRun', `${one.executionId} ${one.taskRunId}`, { ...one, sequence: next() });
    for (const id of acknowledge ?? []) this.#add(tenantKey, 'acknowledge', id, id);
    for (const [lane, list] of [
      ['log', logs],
      ['metric', metrics],
    ] as const)
      for (const one of list ?? []) {
        const sequence = next();
        this.#add(tenantKey, lane, `${one.executionId} ${sequence}`, { ...one, sequence });
      }
    return this.#of(tenantKey).room();
  }

  #add(tenantKey: string, lane: Lane, key: string, report: unknown, settle?: (result: Result) => void): void {
    this.#number += 1;
    const journal = `report ${this.#start} ${this.#number}`;
    this.#context.journal?.add(journal, { tenantKey, lane, key, value: report } satisfies Stored);
    const former = this.#of(tenantKey).add(lane, key, { journal, report }, settle && { settle });
    if (former) this.#context.journal?.done([(former.value as { journal: string }).journal]);
  }

  #of(tenantKey: string): Outbox {
    const known = this.#outboxes.get(tenantKey);
    if (known) return known;
    const outbox = new Outbox({
      signal: this.#context.signal,
      send: (items, onAttempt) => this.#send(tenantKey, items, onAttempt),
      settled: (item, result, isFirst) => this.#settled(tenantKey, item, result, isFirst),
    });
    this.#outboxes.set(tenantKey, outbox);
    return outbox;
  }

  async #send(
    tenantKey: string,
    items: readonly Item[],
    onAttempt: (attempt: number) => void,
  ): Promise<readonly Result[]> {
    const { gateway, asService } = this.#context;
    const of = (lane: Lane) => items.filter((item) => item.lane === lane);
    const reports = (lane: Lane) => of(lane).map(({ value }) => (value as { report: unknown }).report);
    let tries = 0;
    const send = <Data>(document: string, more: object) =>
      asService((serviceId) =>
        gateway.send<Data>(
          document,
          { input: { tenantKey, serviceId, ...more } },
          { onAttempt: () => onAttempt(tries++) },
        ),
      );
    if (items[0]!.lane === 'log')
      return (await send<EngineReportLogsMutation>(reportLogs, { logs: reports('log') })).reportLogs!.results;
    if (items[0]!.lane === 'metric')
      return (await send<EngineReportMetricsMutation>(reportMetrics, { metrics: reports('metric') })).reportMetrics!
        .results;
    const lists = {
      executions: reports('execution'),
      taskRuns: reports('taskRun'),
      acknowledge: reports('acknowledge'),
    };
    const { reportExecutions: answer } = await send<EngineReportExecutionsMutation>(reportExecutions, lists);
    const results = new Map<Item, Result>();
    for (const [i, item] of of('execution').entries()) results.set(item, answer!.results[i]!);
    for (const [i, item] of of('taskRun').entries()) results.set(item, answer!.taskRunResults[i]!);
    const done = { outcome: 'APPLIED', error: null } as const;
    return items.map((item) => (item.lane === 'acknowledge' ? done : results.get(item)!));
  }

  #settled(tenantKey: string, item: Item, { outcome, error }: Result, isFirst: boolean): void {
    const { journal: key, report } = item.value as { journal: string; report: { executionId: string } };
    const { lane } = item;
    const done = item.lane === 'acknowledge' ? [key, `command ${report}`] : [key];
    // The number belongs to another entry, as another engine has written to this execution.
    const isTaken = outcome === 'IGNORED' && isFirst && !item.settle;
    if (isTaken && (lane === 'log' || lane === 'metric')) {
      const sequence = this.#context.sequence.next();
      this.#add(tenantKey, lane, `${report.executionId} ${sequence}`, { ...report, sequence });
    } else if (isTaken) this.#context.onSuperseded(tenantKey, report.executionId);
    if (error) this.#context.onRefused({ tenantKey, kind: lane, report, ...error });
    this.#context.journal?.done(done);
  }
}
