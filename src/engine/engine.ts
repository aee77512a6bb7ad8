import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import {
  claimCommands,
  claimTriggers,
  heartbeat,
  registerService,
  reportPlugins,
  reportTriggerLogs,
  reportTriggers,
} from './documents.ts';
import { EngineError, Gateway } from './gateway.ts';
import type {
  EngineClaimCommandsMutation,
  EngineClaimTriggersMutation,
  EngineHeartbeatMutation,
  EngineRegisterMutation,
  EngineReportTriggerLogsMutation,
  EngineReportTriggersMutation,
  PluginReport,
  ServiceState,
  TriggerLogReport,
  TriggerReportInput,
} from './generated/schema.ts';
import { Journal } from './journal.ts';
import type { Command, EngineOptions } from './options.ts';
import { Reader } from './reader.ts';
import { type Execution, Reporting, type Reports } from './reports.ts';
import { executionIdOf, Sequence } from './sequence.ts';

export { EngineError } from './gateway.ts';
export type * from './generated/schema.ts';
export type { Command, DueTrigger, EngineOptions, Fired } from './options.ts';
export type { FlowSource, Unfinished } from './reader.ts';
export type { Execution, Log, Metric, Refusal, Reports, TaskRun } from './reports.ts';
export { executionIdOf } from './sequence.ts';

const maxClaim = 100;
const maxPlugins = 100;
const maxTriggerLogs = 500;
const isConflict = (error: unknown): boolean => error instanceof EngineError && error.code === 'CONFLICT';

/** An engine behind a gateway. Call `start` once, and `drain` at the end. */
export class Engine {
  readonly read: Reader;
  readonly #options: EngineOptions;
  readonly #gateway: Gateway;
  readonly #reporting: Reporting;
  readonly #journal: Journal | undefined;
  readonly #sequence = new Sequence();
  /** Ends everything. */
  readonly #ended = new AbortController();
  /** Ends the claims only. */
  readonly #draining = new AbortController();
  readonly #busy = new Map<string, Promise<void>>();
  #serviceId = '';
  #state: ServiceState = 'RUNNING';
  #registering: Promise<void> | undefined;
  #loops: Promise<unknown>[] = [];

  constructor(options: EngineOptions) {
    this.#options = options;
    const { signal } = this.#ended;
    this.#gateway = new Gateway(options, signal);
    this.#journal = options.journal === undefined ? undefined : new Journal(options.journal);
    this.read = new Reader(this.#gateway, this.#sequence);
    this.#reporting = new Reporting({
      gateway: this.#gateway,
      journal: this.#journal,
      sequence: this.#sequence,
      signal,
      asService: (work) => this.#asService(work),
      onRefused: (refusal) => this.#options.onRefused?.(refusal),
      onSuperseded: (tenantKey, executionId) => this.#options.onSuperseded?.(tenantKey, executionId),
    });
  }

  get serviceId(): string {
    return this.#serviceId;
  }
  /** Number of reports that the gateway has not answered. */
  get pending(): number {
    return this.#reporting.pending;
  }

  /**
   * Registers the service, ends its predecessor, and sends what that could not send. Then calls `resume`, and starts to
   * claim work afterwards.
   */
  async start(resume?: () => Promise<void>): Promise<void> {
    const former = this.#journal?.entries() ?? [];
    const heartbeatMs = await this.#register();
    for (const { key, value } of former) if (key === 'service') await this.#endFormer(value as string);
    this.#reporting.restore();
    await this.#reporting.flushed();
    await resume?.();
    const commands = former.filter(({ key }) => key.startsWith('command ')).map(({ value }) => value as Command);
    for (const command of commands) this.#handleCommand({ ...command, repeated: true });
    this.#loops = [
      this.#loop(this.#ended.signal, () => this.#beat().then(() => heartbeatMs)),
      ...(this.#options.onCommand ? [this.#loop(this.#draining.signal, () => this.#claimCommands())] : []),
      ...(this.#options.onTrigger ? [this.#loop(this.#draining.signal, () => this.#claimTriggers())] : []),
    ];
  }

  /** Reports a new execution and waits for the gateway. @returns false if it exists already: do not run it again. */
  create(tenantKey: string, execution: Execution): Promise<boolean> {
    return this.#reporting.create(tenantKey, execution);
  }

  /** Reports. They survive a kill of the process when the call returns. Await the result: it waits for room. */
  report(tenantKey: string, reports: Reports): Promise<void> {
    return this.#reporting.add(tenantKey, reports);
  }

  /** Reports that an execution was deleted, as a command requested. This ends all commands about it. */
  delete(tenantKey: string, executionId: string, commandId: string): Promise<void> {
    return this.report(tenantKey, { executions: [{ executionId, deleted: true }], acknowledge: [commandId] });
  }

  /**
   * Reports all types of tasks and triggers that the engine knows, as the catalogue of the gateway shows them. Call it
   * after `start`. Types that only former services of the account reported are removed.
   */
  async reportPlugins(plugins: readonly PluginReport[]): Promise<void> {
    for (let i = 0; i < plugins.length; i += maxPlugins) {
      const batch = plugins.slice(i, i + maxPlugins);
      const complete = i + maxPlugins >= plugins.length;
      await this.#asService((serviceId) =>
        this.#gateway.send(reportPlugins, { input: { serviceId, plugins: batch, complete } }),
      );
    }
  }

  /** Reports log entries of triggers and flows that belong to no execution. They are not kept in the journal. */
  async logTriggers(tenantKey: string, entries: readonly Omit<TriggerLogReport, 'sequence'>[]): Promise<void> {
    for (let i = 0; i < entries.length; i += maxTriggerLogs) {
      const logs = entries.slice(i, i + maxTriggerLogs).map((entry) => ({ ...entry, sequence: this.#sequence.next() }));
      const { reportTriggerLogs: answer } = await this.#asService((serviceId) =>
        this.#gateway.send<EngineReportTriggerLogsMutation>(reportTriggerLogs, {
          input: { tenantKey, serviceId, logs },
        }),
      );
      for (const [item, { error }] of answer!.results.entries())
        if (error)
          this.#options.onFault?.(Object.assign(new EngineError(error.code, error.message), { report: logs[item] }));
    }
  }

  /** Resolves when the gateway has answered all reports so far. */
  flush(): Promise<void> {
    return this.#reporting.flushed();
  }

  /**
   * Stops claiming, waits for the handlers and for `finish`, sends all reports, and ends the service.
   * @returns false if that took longer than the time. The rest is in the journal.
   */
  async drain({ timeoutMs = 30_000, finish }: { timeoutMs?: number; finish?: () => Promise<void> } = {}) {
    this.#state = 'TERMINATING';
    this.#draining.abort();
    const work = async () => {
      await this.#beat();
      await Promise.all(this.#busy.values());
      await finish?.();
      await this.#reporting.flushed();
      for (const state of ['TERMINATED_GRACEFULLY', 'NOT_RUNNING'] as const) await this.#beat(state);
      this.#journal?.done(['service']);
      return true;
    };
    const isDone = await Promise.race([work().catch(() => false), pause(timeoutMs, false, { ref: false })]);
    this.#ended.abort(new EngineError('ENDED', 'The engine has ended.'));
    await Promise.allSettled(this.#loops);
    this.#journal?.close();
    return isDone;
  }

  async #register(): Promise<number> {
    const { name, type = 'EXECUTOR', version, workerGroupKey, timings } = this.#options;
    const serviceId = `${name}-${randomUUID()}`;
    const input = {
      serviceId,
      type,
      version,
      workerGroupKey,
      timings,
      hostname: hostname(),
      idempotencyKey: serviceId,
    };
    const { registerService: made } = await this.#gateway.send<EngineRegisterMutation>(
      registerService,
      { input },
      { failsWhenRefused: this.#serviceId === '' },
    );
    this.#serviceId = serviceId;
    await this.#gateway.send(heartbeat, { input: { serviceId, sequence: this.#sequence.next(), state: 'RUNNING' } });
    this.#journal?.add('service', serviceId);
    return made!.heartbeatMs;
  }

  /** The claims of a service that was killed are released when it is known to be gone. */
  async #endFormer(serviceId: string): Promise<void> {
    for (const state of ['DISCONNECTED', 'NOT_RUNNING'] as const) {
      const input = { serviceId, state, sequence: this.#sequence.next() };
      await this.#gateway.send(heartbeat, { input }).catch((error) => {
        if (!(error instanceof EngineError)) throw error;
      });
    }
  }

  async #beat(state: ServiceState = this.#state): Promise<void> {
    const serviceId = this.#serviceId;
    try {
      const input = { serviceId, sequence: this.#sequence.next(), state };
      const { heartbeat: held } = await this.#gateway.send<EngineHeartbeatMutation>(heartbeat, { input });
      if (held!.evicted) throw new EngineError('CONFLICT', 'This service was evicted.');
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (state === 'RUNNING') await this.#registerAgain(serviceId);
    }
  }

  async #registerAgain(former: string): Promise<void> {
    if (former !== this.#serviceId) return;
    this.#registering ??= this.#register()
      .then(() => this.#options.onEvicted?.())
      .finally(() => {
        this.#registering = undefined;
      });
    await this.#registering;
  }

  /** Runs a request of this service. If it was evicted or has ended, registers again and repeats the request. */
  async #asService<T>(work: (serviceId: string) => Promise<T>): Promise<T> {
    await this.#registering;
    const serviceId = this.#serviceId;
    try {
      return await work(serviceId);
    } catch (error) {
      if (!isConflict(error)) throw error;
      await this.#registerAgain(serviceId);
      return work(this.#serviceId);
    }
  }

  /** Repeats some work until the signal. The work returns the time to wait. */
  async #loop(signal: AbortSignal, work: () => Promise<number>): Promise<void> {
    while (!signal.aborted) {
      const wait = await work().catch((fault) => {
        if (!this.#ended.signal.aborted) this.#options.onFault?.(fault);
        return 1_000;
      });
      if (wait > 0) await pause(wait, undefined, { signal }).catch(() => undefined);
    }
  }

  /** The number to claim, once there is room for reports. */
  async #limit(): Promise<number> {
    await this.#reporting.room();
    return Math.min(maxClaim, this.#options.capacity?.() ?? maxClaim);
  }

  async #claimCommands(): Promise<number> {
    const { tenantKey, pollMs = 500 } = this.#options;
    const limit = await this.#limit();
    if (limit < 1) return pollMs;
    const { claimCommands: claimed } = await this.#asService((serviceId) =>
      this.#gateway.send<EngineClaimCommandsMutation>(claimCommands, { input: { serviceId, tenantKey, limit } }),
    );
    for (const command of claimed!.commands) this.#handleCommand(command);
    return claimed!.commands.length === maxClaim ? 0 : pollMs;
  }

  #handleCommand(command: Command): void {
    this.#sequence.observe(command.execution?.sequence);
    this.#journal?.add(`command ${command.id}`, command);
    this.#handle(`command ${command.id}`, async () => this.#options.onCommand?.(command));
  }

  /** Runs a handler once at a time: a command that is carried out is given again after some time. */
  #handle(key: string, work: () => Promise<void>): void {
    if (this.#busy.has(key)) return;
    const run = work()
      .catch((fault) => {
        if (!this.#ended.signal.aborted) this.#options.onFault?.(fault);
      })
      .finally(() => this.#busy.delete(key));
    this.#busy.set(key, run);
  }

  async #claimTriggers(): Promise<number> {
    const { tenantKey, pollMs = 500 } = this.#options;
    const limit = await this.#limit();
    if (limit < 1) return pollMs;
    const { claimTriggers: claimed } = await this.#asService((serviceId) =>
      this.#gateway.send<EngineClaimTriggersMutation>(claimTriggers, { input: { serviceId, tenantKey, limit } }),
    );
    const reports: TriggerReportInput[] = [];
    const { claims } = claimed!;
    await Promise.all(
      claims.map(async ({ trigger, ...claim }) => {
        if (!trigger) return;
        const executionId = executionIdOf(trigger.id, claim.dueAt);
        this.#sequence.observe(claim.sequence);
        try {
          const fired = await this.#options.onTrigger!({ ...claim, trigger, executionId });
          const own = fired !== null && typeof fired === 'object' ? fired : { executionId: fired };
          reports.push({ trigger: trigger.id, sequence: claim.sequence, dueAt: claim.dueAt, ...own });
        } catch (fault) {
          this.#options.onFault?.(fault);
          reports.push({ trigger: trigger.id, sequence: claim.sequence, dueAt: claim.dueAt });
        }
      }),
    );
    if (reports.length > 0) await this.#reportTriggers(reports);
    return claims.length === maxClaim ? 0 : pollMs * 2;
  }

  async #reportTriggers(reports: readonly TriggerReportInput[]): Promise<void> {
    const { reportTriggers: answer } = await this.#asService((serviceId) =>
      this.#gateway.send<EngineReportTriggersMutation>(reportTriggers, { input: { serviceId, reports } }),
    );
    for (const [i, { error }] of answer!.results.entries())
      if (error)
        this.#options.onFault?.(Object.assign(new EngineError(error.code, error.message), { report: reports[i] }));
  }
}
