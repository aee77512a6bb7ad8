import type { Engine, ExecutionState, Log, TaskRun, Unfinished } from '../engine/engine.ts';
import { executionIdOf } from '../engine/engine.ts';
import { evaluate } from '../expressions/render.ts';
import { variablesOf } from '../expressions/variables.ts';
import type { Flow, Task } from './flow.ts';

type Change = { readonly state: ExecutionState; readonly at: string };
export interface Run {
  readonly taskRunId: string;
  readonly taskId: string;
  readonly parentTaskRunId: string | null;
  readonly value: string | null;
  readonly history: Change[];
  readonly attempts: unknown[];
  outputs: Record<string, unknown>;
}
export interface Place {
  readonly tenantKey: string;
  readonly executionId: string;
  readonly namespaceName: string;
  readonly flowId: string;
  readonly revision: number | null;
  readonly triggerId?: string | null;
  readonly parentId?: string | null;
  readonly originalId?: string | null;
}

const ends = new Set<ExecutionState>(['SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED']);
export const hasEnded = (state: ExecutionState): boolean => ends.has(state);
export const stateOf = ({ history }: { readonly history: readonly Change[] }): ExecutionState => history.at(-1)!.state;
const now = () => new Date().toISOString();

/** The ID of a task run follows from its place, so that a resumed execution finds the runs of its predecessor. */
export const runId = (executionId: string, parent: string | null, taskId: string, value: string | null): string =>
  executionIdOf(executionId, parent ?? '', taskId, value === null ? '' : `=${value}`);

/** What an execution has done so far, and its reports. */
export class Course {
  readonly engine: Engine;
  readonly place: Place;
  readonly flow: Flow;
  readonly runs = new Map<string, Run>();
  readonly history: Change[] = [];
  readonly namespaceVariables: Readonly<Record<string, unknown>>;
  readonly trigger: object | undefined;
  inputs: Readonly<Record<string, unknown>>;
  labels: Readonly<Record<string, string>>;
  outputs: Record<string, unknown> = {};

  constructor(
    engine: Engine,
    place: Place,
    flow: Flow,
    given: { inputs: Readonly<Record<string, unknown>>; labels: Readonly<Record<string, string>> },
    namespaceVariables: Readonly<Record<string, unknown>> = {},
    trigger?: object,
  ) {
    this.engine = engine;
    this.place = place;
    this.flow = flow;
    this.inputs = given.inputs;
    this.labels = given.labels;
    this.namespaceVariables = namespaceVariables;
    this.trigger = trigger;
  }

  /** Continues from what the gateway holds. */
  restore({ history, taskRuns, outputs }: Unfinished): void {
    this.history.push(...history.map(({ state, at }) => ({ state, at })));
    this.outputs = outputs as Record<string, unknown>;
    for (const run of taskRuns)
      this.runs.set(run.taskRunId, {
        taskRunId: run.taskRunId,
        taskId: run.taskId,
        parentTaskRunId: run.parentTaskRunId,
        value: run.value,
        history: run.history.map(({ state, at }) => ({ state, at })),
        attempts: [...(run.attempts as unknown[])],
        outputs: run.outputs as Record<string, unknown>,
      });
  }

  get state(): ExecutionState {
    return this.history.length === 0 ? 'CREATED' : stateOf(this);
  }

  /** The first report, which waits for the gateway. @returns false if the execution exists already. */
  create(): Promise<boolean> {
    this.history.push({ state: 'CREATED', at: now() });
    return this.engine.create(this.place.tenantKey, this.#execution());
  }

  change(state: ExecutionState, acknowledge: readonly string[] = []): Promise<void> {
    if (this.state !== state || this.history.length === 0) this.history.push({ state, at: now() });
    return this.report(acknowledge);
  }

  report(acknowledge: readonly string[] = []): Promise<void> {
    return this.engine.report(this.place.tenantKey, { executions: [this.#execution()], acknowledge });
  }

  #execution() {
    const { tenantKey: _tenant, ...place } = this.place;
    const { history, inputs, labels, outputs } = this;
    return { ...place, history: [...history], inputs, labels, outputs };
  }

  /** The run of a task: the former one, or a new one. */
  async begin(task: Task, parent: Run | null, value: string | null): Promise<Run> {
    const taskRunId = runId(this.place.executionId, parent?.taskRunId ?? null, task.id, value);
    const known = this.runs.get(taskRunId);
    if (known) return known;
    const run: Run = {
      taskRunId,
      taskId: task.id,
      parentTaskRunId: parent?.taskRunId ?? null,
      value,
      history: [],
      attempts: [],
      outputs: {},
    };
    this.runs.set(taskRunId, run);
    await this.changeRun(run, 'CREATED');
    return run;
  }

  changeRun(run: Run, state: ExecutionState): Promise<void> {
    run.history.push({ state, at: now() });
    const { history, attempts } = run;
    const report = { ...run, history: [...history], attempts: [...attempts], executionId: this.place.executionId };
    return this.engine.report(this.place.tenantKey, { taskRuns: [report satisfies TaskRun] });
  }

  log(run: Run | null, level: Log['level'], message: string): Promise<void> {
    const { executionId } = this.place;
    const part = run ? { taskId: run.taskId, taskRunId: run.taskRunId } : {};
    return this.engine.report(this.place.tenantKey, { logs: [{ executionId, at: now(), level, message, ...part }] });
  }

  /** Renders every text in a value, in the scope of a task run. */
  render(value: unknown, run: Run | null): unknown {
    if (typeof value === 'string') return value.includes('{') ? evaluate(value, this.#variables(run)) : value;
    if (Array.isArray(value)) return value.map((one) => this.render(one, run));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.render(one, run)]));
  }
  text(value: unknown, run: Run | null): string {
    const rendered = this.render(value, run);
    return typeof rendered === 'string'
      ? rendered
      : rendered == null
        ? ''
        : typeof rendered === 'object'
          ? JSON.stringify(rendered)
          : String(rendered);
  }

  #variables(run: Run | null) {
    const asRun = (one: Run) => ({
      ...one,
      state: stateOf(one),
      startedAt: one.history[0]!.at,
      attempts: one.attempts.length,
    });
    return variablesOf({
      execution: {
        ...this.place,
        state: this.state,
        startedAt: this.history[0]?.at ?? null,
        inputs: this.inputs,
        labels: this.labels,
      },
      taskRuns: [...this.runs.values()].map(asRun),
      current: run ? asRun(run) : undefined,
      flowVariables: this.flow.variables,
      namespaceVariables: this.namespaceVariables,
      trigger: this.trigger,
    });
  }
}
