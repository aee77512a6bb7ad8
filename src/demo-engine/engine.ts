import {
  type Command,
  type DueTrigger,
  Engine,
  type EngineOptions,
  executionIdOf,
  type Unfinished,
} from '../engine/engine.ts';
import { catalogue } from './catalogue.ts';
import { isMap, readFlow, type Task, withDefaults } from './flow.ts';
import { Interpreter } from './interpreter.ts';
import { Course, hasEnded, type Place, type Run, runId, stateOf } from './run.ts';

interface Active {
  readonly interpreter: Interpreter;
  readonly course: Course;
  readonly ended: Promise<void>;
}
type Options = Pick<EngineOptions, 'url' | 'token' | 'journal' | 'onRetry'> & {
  readonly log?: (message: string, details: object) => void;
};

const maxActive = 200;
const minCapacity = 10;
const runStates = ['SUCCESS', 'WARNING', 'SKIPPED'];
const states = ['SUCCESS', 'WARNING', 'FAILED', 'SKIPPED', 'CANCELLED'] as const;
type Settable = (typeof states)[number];

/** Runs flows of a few core types behind a gateway, in every tenant that its account serves. */
export class DemoEngine {
  readonly engine: Engine;
  readonly #active = new Map<string, Active>();
  readonly #log: (message: string, details: object) => void;

  constructor({ log = () => undefined, ...options }: Options) {
    this.#log = log;
    const fault = (message: string) => (error: unknown) =>
      log(message, { error: error instanceof Error ? error.message : String(error) });
    this.engine = new Engine({
      ...options,
      name: 'demo-engine',
      version: '1.0.0',
      pollMs: 600,
      capacity: () => this.#capacity(),
      onCommand: (command) => this.#command(command),
      onTrigger: (due) => this.#trigger(due),
      onFault: fault('a command or trigger failed'),
      onRefused: (refusal) => log('a report was refused', refusal),
    });
  }

  /** Never 0, as a command can end an execution. Paused executions cost little. */
  #capacity(): number {
    const running = [...this.#active.values()].filter(({ course }) => course.state !== 'PAUSED').length;
    return Math.max(minCapacity, maxActive - running);
  }

  /** Resumes the executions that have not ended, starts to claim, and reports the types that it runs. */
  async start(): Promise<void> {
    await this.engine.start(async () => {
      for (const tenantKey of await this.engine.read.tenants())
        for await (const found of this.engine.read.unfinished(tenantKey)) await this.#continue(found);
    });
    await this.engine.reportPlugins(catalogue);
  }

  drain(timeoutMs: number): Promise<boolean> {
    return this.engine.drain({ timeoutMs });
  }

  #run(course: Course): Active {
    const key = `${course.place.tenantKey} ${course.place.executionId}`;
    const interpreter = new Interpreter(course, (task, parent, run) => this.#subflow(task, parent, run));
    const ended = interpreter
      .run()
      .catch((error) =>
        this.#log('an execution stopped', { executionId: course.place.executionId, error: String(error) }),
      )
      .finally(() => this.#active.delete(key));
    const active = { interpreter, course, ended };
    this.#active.set(key, active);
    return active;
  }

  /** Creates and runs an execution, unless it exists. */
  async #start(
    place: Omit<Place, 'revision'> & { revision?: number | null },
    given: { inputs: unknown; labels?: unknown; trigger?: object; runs?: (course: Course) => void },
  ): Promise<Active | undefined> {
    const { tenantKey, namespaceName, flowId, executionId } = place;
    const flow = await this.engine.read.flow(tenantKey, namespaceName, flowId);
    if (!flow) return undefined;
    const revision = place.revision ?? flow.revision;
    let source = flow.source;
    if (revision !== flow.revision)
      source = (await this.engine.read.execution(tenantKey, executionId))?.source ?? source;
    const read = readFlow(source);
    const labels = { ...read.labels, ...(isMap(given.labels) ? (given.labels as Record<string, string>) : {}) };
    const content = { inputs: withDefaults(read, given.inputs), labels };
    const course = new Course(this.engine, { ...place, revision }, read, content, flow.variables, given.trigger);
    if (!(await course.create())) {
      // Created by a request of a killed process that arrived after this one had read the executions to resume.
      const found = await this.engine.read.execution(tenantKey, executionId);
      return found && !hasEnded(found.state) ? this.#continue(found) : undefined;
    }
    given.runs?.(course);
    return this.#run(course);
  }

  /** The course of an execution as the gateway holds it. */
  async #courseOf(found: Unfinished): Promise<Course> {
    const { tenantKey, executionId, namespaceName, flowId, revision, triggerId, parentId, originalId } = found;
    const flow = await this.engine.read.flow(tenantKey, namespaceName, flowId);
    const place = { tenantKey, executionId, namespaceName, flowId, revision, triggerId, parentId, originalId };
    const content = { inputs: found.inputs as Record<string, unknown>, labels: found.labels as Record<string, string> };
    const source = found.source ?? flow?.source ?? '';
    const course = new Course(this.engine, place, readFlow(source), content, flow?.variables);
    course.restore(found);
    return course;
  }

  async #continue(found: Unfinished): Promise<Active> {
    const key = `${found.tenantKey} ${found.executionId}`;
    return this.#active.get(key) ?? this.#run(await this.#courseOf(found));
  }

  async #trigger({ trigger, dueAt, executionId, fallback }: DueTrigger): Promise<string | null> {
    if (trigger.kind !== 'SCHEDULE') return null;
    const { tenantKey, namespaceName, flowId, triggerId, definition } = trigger;
    const place = { tenantKey, executionId, namespaceName, flowId, triggerId };
    const inputs = isMap(definition) ? definition['inputs'] : undefined;
    const active = await this.#start(place, { inputs, trigger: { date: dueAt } });
    if (fallback !== null) active?.interpreter.kill();
    const message = active ? `Due at ${dueAt}: started ${executionId}` : `Due at ${dueAt}: nothing to start`;
    const entry = { namespaceName, flowId, triggerId, at: new Date().toISOString(), level: 'INFO' as const, message };
    await this.engine.logTriggers(tenantKey, [entry]);
    return executionId;
  }

  async #subflow(task: Task, parent: Course, run: Run) {
    const { tenantKey } = parent.place;
    const executionId = executionIdOf(run.taskRunId);
    const key = `${tenantKey} ${executionId}`;
    const place = {
      tenantKey,
      executionId,
      namespaceName: parent.text(task['namespace'], run),
      flowId: parent.text(task['flowId'], run),
      parentId: parent.place.executionId,
    };
    const inputs = parent.render(task['inputs'] ?? {}, run);
    let active = this.#active.get(key) ?? (await this.#start(place, { inputs }));
    if (!active) {
      const found = await this.engine.read.execution(tenantKey, executionId);
      if (!found) throw new Error(`The flow ${place.namespaceName}/${place.flowId} does not exist.`);
      if (hasEnded(found.state)) {
        return { executionId, ended: Promise.resolve<string>(found.state), outputs: () => found.outputs };
      }
      active = await this.#continue(found);
    }
    const { course, ended } = active;
    return { executionId, ended: ended.then((): string => course.state), outputs: () => course.outputs };
  }

  async #command(command: Command): Promise<void> {
    const { id, tenantKey, executionId, kind } = command;
    const payload = command.payload as Record<string, unknown>;
    const active = this.#active.get(`${tenantKey} ${executionId}`);
    if (kind === 'CREATE') await this.#create(command);
    else if (kind === 'REPLAY') await this.#replay(command, payload);
    else if (kind === 'DELETE') {
      await this.engine.delete(tenantKey, executionId, id);
      return;
    } else if (active) {
      if (kind === 'KILL') {
        await active.course.change('KILLING');
        active.interpreter.kill();
      } else if (kind === 'PAUSE') active.interpreter.hold();
      else if (kind === 'RESUME') active.interpreter.resume(isMap(payload['inputs']) ? payload['inputs'] : {});
      else if (kind === 'FORCE_RUN') active.interpreter.resume();
      else if (kind === 'SET_TASK_RUN_STATE')
        active.interpreter.end(String(payload['taskRunId']), payload['state'] === 'FAILED');
      else if (kind === 'SET_LABELS') {
        active.course.labels = payload['labels'] as Record<string, string>;
        await active.course.report();
      }
    } else {
      const found = await this.engine.read.execution(tenantKey, executionId);
      if (found) await this.#onEnded(kind, await this.#courseOf(found), payload);
    }
    await this.engine.report(tenantKey, { acknowledge: [id] });
  }

  async #create({ tenantKey, executionId, namespaceName, flowId, execution }: Command): Promise<void> {
    const place = { tenantKey, executionId, namespaceName, flowId, revision: execution?.revision ?? null };
    await this.#start(place, { inputs: execution?.inputs, labels: execution?.labels });
  }

  /** Copies the runs that ended before the task run, and runs the rest. */
  async #replay(
    { tenantKey, executionId, namespaceName, flowId, execution }: Command,
    payload: Record<string, unknown>,
  ) {
    const originalId = String(payload['executionId']);
    const former = await this.engine.read.execution(tenantKey, originalId);
    const from = former?.taskRuns.find(({ taskRunId }) => taskRunId === payload['taskRunId']);
    const before = from ? Date.parse(from.history[0]!.at) : Number.NEGATIVE_INFINITY;
    const revision = execution?.revision ?? former?.revision ?? null;
    const place = { tenantKey, executionId, namespaceName, flowId, revision, originalId };
    await this.#start(place, {
      inputs: former?.inputs,
      labels: former?.labels,
      runs: (course) => {
        const ids = new Map<string, string>();
        const runs = [...(former?.taskRuns ?? [])].sort(
          (a, b) => Date.parse(a.history[0]!.at) - Date.parse(b.history[0]!.at),
        );
        for (const run of runs) {
          const parentTaskRunId = run.parentTaskRunId === null ? null : (ids.get(run.parentTaskRunId) ?? null);
          const taskRunId = runId(executionId, parentTaskRunId, run.taskId, run.value);
          ids.set(run.taskRunId, taskRunId);
          const endedAt = Date.parse(run.history.at(-1)!.at);
          if (run === from || endedAt > before || !runStates.includes(run.state)) continue;
          const history = run.history.map(({ state, at }) => ({ state, at }));
          const attempts = [...(run.attempts as unknown[])];
          const copy = { taskRunId, taskId: run.taskId, parentTaskRunId, value: run.value, history, attempts };
          course.runs.set(taskRunId, { ...copy, outputs: run.outputs as Record<string, unknown> });
        }
        void this.engine.report(tenantKey, {
          taskRuns: [...course.runs.values()].map((run) => ({ ...run, executionId })),
        });
      },
    });
  }

  /** Commands for an execution that does not run here. */
  async #onEnded(kind: Command['kind'], course: Course, payload: Record<string, unknown>): Promise<void> {
    const state = states.find((one) => one === payload['state']) as Settable | undefined;
    if (kind === 'KILL' && !hasEnded(course.state)) await course.change('KILLED');
    else if (kind === 'SET_LABELS') {
      course.labels = payload['labels'] as Record<string, string>;
      await course.report();
    } else if (kind === 'SET_STATE' && state && hasEnded(course.state)) await course.change(state);
    else if ((kind === 'RESTART' || kind === 'SET_TASK_RUN_STATE') && hasEnded(course.state)) {
      const set = course.runs.get(String(payload['taskRunId']));
      if (set && state) await course.changeRun(set, state);
      for (const run of course.runs.values())
        if (run !== set && !runStates.includes(stateOf(run))) await course.changeRun(run, 'RESTARTED');
      await course.change('RESTARTED');
      this.#run(course);
    } else if (!hasEnded(course.state)) this.#run(course);
  }
}
