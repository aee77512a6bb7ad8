import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { durationOf, isMap, type Task, tasksIn } from './flow.ts';
import { type Course, hasEnded, type Run, stateOf } from './run.ts';
import { type End, works } from './tasks.ts';

class Killed extends Error {}
class Failed extends Error {}

interface Gate {
  readonly open: (inputs: Record<string, unknown>) => void;
  readonly fail: (error: Error) => void;
  readonly passed: Promise<Record<string, unknown>>;
}
function gate(): Gate {
  const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
  // A gate that nothing waits for can fail.
  promise.catch(() => undefined);
  return { open: resolve, fail: reject, passed: promise };
}
/** Runs a subflow and waits for its end. */
export type StartSubflow = (
  task: Task,
  course: Course,
  run: Run,
) => Promise<{ executionId: string; ended: Promise<string>; outputs: () => unknown }>;

/** Runs one execution. Tasks that have ended before, in this process or another, are not run again. */
export class Interpreter {
  readonly course: Course;
  readonly #kill = new AbortController();
  readonly #startSubflow: StartSubflow;
  /** Closed while the execution is paused before its next task. */
  #held: Gate | undefined;
  /** The Pause tasks that wait. */
  readonly #waiting = new Map<string, Gate>();

  constructor(course: Course, startSubflow: StartSubflow) {
    this.course = course;
    this.#startSubflow = startSubflow;
    // One for each task that waits.
    setMaxListeners(0, this.#kill.signal);
  }

  get isKilled(): boolean {
    return this.#kill.signal.aborted;
  }
  kill(): void {
    this.#kill.abort(new Killed('The execution was killed.'));
  }
  hold(): void {
    this.#held ??= gate();
  }
  resume(inputs: Record<string, unknown> = {}): void {
    for (const one of this.#waiting.values()) one.open(inputs);
    this.#held?.open({});
    this.#held = undefined;
  }

  /** Ends a Pause task that waits. */
  end(taskRunId: string, isFailed: boolean): void {
    const waiting = this.#waiting.get(taskRunId);
    if (isFailed) waiting?.fail(new Error('The task was set to FAILED.'));
    else waiting?.open({});
  }

  async run(): Promise<void> {
    const { course } = this;
    const { flow } = course;
    await course.change('RUNNING');
    let state: 'SUCCESS' | 'WARNING' | 'FAILED' | 'KILLED' = 'SUCCESS';
    const part = async (work: () => Promise<unknown>) => {
      try {
        if ((await work()) === 'WARNING' && state === 'SUCCESS') state = 'WARNING';
      } catch (error) {
        if (!this.isKilled && !(error instanceof Failed)) await course.log(null, 'ERROR', messageOf(error));
        state = this.isKilled ? 'KILLED' : 'FAILED';
      }
    };
    await part(() => this.sequence(flow.tasks, null));
    if ((state as string) === 'FAILED') await part(() => this.sequence(flow.errors, null));
    await part(() => this.sequence(flow.finally, null));
    if (state === 'SUCCESS' || state === 'WARNING')
      await part(async () => {
        for (const { id, value } of flow.outputs) course.outputs[id] = course.render(value, null);
      });
    if (this.isKilled)
      for (const run of course.runs.values()) if (!hasEnded(stateOf(run))) await course.changeRun(run, 'KILLED');
    // A viewer of the end sees the whole log.
    await course.engine.flush();
    await course.change(state);
  }

  /** Runs tasks one after the other. @throws if one fails. */
  async sequence(tasks: readonly Task[], parent: Run | null, value: string | null = null): Promise<End> {
    let end: End = 'SUCCESS';
    for (const task of tasks) {
      if (task['disabled'] === true) continue;
      if ((await this.#task(task, parent, value)) === 'WARNING') end = 'WARNING';
    }
    return end;
  }

  /** Runs works side by side, at most some of them at once (0: all). */
  async together(works: readonly (() => Promise<End>)[], most: number): Promise<End> {
    const queue = [...works];
    let end: End = 'SUCCESS';
    const faults: unknown[] = [];
    const worker = async () => {
      for (let work = queue.shift(); work && faults.length === 0; work = queue.shift())
        await work().then(
          (one) => {
            if (one === 'WARNING') end = 'WARNING';
          },
          (fault) => faults.push(fault),
        );
    };
    await Promise.all(Array.from({ length: most > 0 ? Math.min(most, works.length) : works.length }, worker));
    if (faults.length > 0) throw faults[0];
    return end;
  }

  async #task(task: Task, parent: Run | null, value: string | null): Promise<End> {
    const { course } = this;
    this.#kill.signal.throwIfAborted();
    await this.#passHold();
    const run = await course.begin(task, parent, value);
    const known = stateOf(run);
    if (known === 'FAILED' || known === 'KILLED') throw new Failed(`${task.id} failed.`);
    if (hasEnded(known)) return known as End;
    const work = Object.hasOwn(works, task.type) ? works[task.type] : undefined;
    try {
      const condition = task['runIf'] === undefined || course.text(task['runIf'], run) !== 'false';
      if (!work || !condition) {
        if (!work)
          await course.log(run, 'WARN', `The demo engine does not run the type ${task.type}. The task is skipped.`);
        await course.changeRun(run, 'SKIPPED');
        return 'SKIPPED';
      }
      const end = (await this.#attempts(task, run, () => work(this, task, run))) ?? 'SUCCESS';
      await course.changeRun(run, end);
      return end;
    } catch (error) {
      if (this.isKilled) throw error;
      if (!(error instanceof Failed)) await course.log(run, 'ERROR', messageOf(error));
      await this.#branch(task, 'errors', run);
      const isAllowed = task['allowFailure'] === true;
      await course.changeRun(run, isAllowed ? 'WARNING' : 'FAILED');
      if (isAllowed) return 'WARNING';
      throw new Failed(`${task.id} failed.`);
    } finally {
      if (!this.isKilled) await this.#branch(task, 'finally', run);
    }
  }

  /** A branch of a task whose own failure changes nothing. */
  async #branch(task: Task, name: 'errors' | 'finally', run: Run): Promise<void> {
    await this.sequence(tasksIn(task[name]), run).catch((error) => {
      if (this.isKilled) throw error;
    });
  }

  async #attempts<T>(task: Task, run: Run, work: () => Promise<T>): Promise<T> {
    const retry = isMap(task['retry']) ? task['retry'] : {};
    const most = Number(retry['maxAttempts'] ?? retry['maxAttempt'] ?? 1);
    for (;;) {
      const startedAt = new Date().toISOString();
      if (!['RUNNING', 'PAUSED'].includes(stateOf(run))) await this.course.changeRun(run, 'RUNNING');
      try {
        const result = await work();
        run.attempts.push({ state: 'SUCCESS', startedAt });
        return result;
      } catch (error) {
        run.attempts.push({ state: this.isKilled ? 'KILLED' : 'FAILED', startedAt });
        if (this.isKilled || run.attempts.length >= most || error instanceof Failed) throw error;
        await this.course.log(run, 'WARN', `${messageOf(error)} Attempt ${run.attempts.length} of ${most}.`);
        await this.course.changeRun(run, 'RETRYING');
        await this.sleep(durationOf(String(retry['interval'] ?? 'PT1S')));
      }
    }
  }

  sleep(milliseconds: number): Promise<void> {
    return pause(milliseconds, undefined, { signal: this.#kill.signal });
  }

  /** Waits until the execution is resumed, or for some time. @returns the inputs of the resumption. */
  async paused(run: Run, limitMs: number | undefined): Promise<Record<string, unknown>> {
    const { course } = this;
    const own = gate();
    this.#waiting.set(run.taskRunId, own);
    if (stateOf(run) !== 'PAUSED') await course.changeRun(run, 'PAUSED');
    await course.change('PAUSED');
    const since = Date.parse(run.history.at(-1)!.at);
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#kill.signal]);
    try {
      const never = limitMs === undefined ? 2 ** 31 - 1 : Math.max(0, since + limitMs - Date.now());
      return await Promise.race([own.passed, pause(never, {}, { signal })]);
    } finally {
      this.#waiting.delete(run.taskRunId);
      over.abort();
      if (!this.isKilled) {
        await course.changeRun(run, 'RUNNING');
        if (this.#waiting.size === 0) await course.change('RUNNING');
      }
    }
  }

  async #passHold(): Promise<void> {
    if (!this.#held) return;
    const { passed } = this.#held;
    await this.course.change('PAUSED');
    const killed = Promise.withResolvers<never>();
    const end = () => killed.reject(this.#kill.signal.reason);
    this.#kill.signal.addEventListener('abort', end, { once: true });
    await Promise.race([passed, killed.promise]).finally(() => this.#kill.signal.removeEventListener('abort', end));
    await this.course.change('RUNNING');
  }

  async subflow(task: Task, run: Run): Promise<End> {
    const started = await this.#startSubflow(task, this.course, run);
    run.outputs = { executionId: started.executionId };
    if (task['wait'] === false) return 'SUCCESS';
    const killed = new Promise<never>((_, reject) =>
      this.#kill.signal.addEventListener('abort', () => reject(this.#kill.signal.reason), { once: true }),
    );
    const state = await Promise.race([started.ended, killed]);
    run.outputs = { executionId: started.executionId, state, outputs: started.outputs() };
    if (state === 'FAILED' || state === 'KILLED') throw new Error(`The subflow ended in state ${state}.`);
    return state === 'WARNING' ? 'WARNING' : 'SUCCESS';
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
