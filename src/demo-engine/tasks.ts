import type { MetricType } from '../engine/engine.ts';
import { durationOf, isMap, type Task, tasksIn } from './flow.ts';
import type { Interpreter } from './interpreter.ts';
import type { Run } from './run.ts';

/** The states in which a task can end by itself. */
export type End = 'SUCCESS' | 'WARNING' | 'SKIPPED';
export type Work = (interpreter: Interpreter, task: Task, run: Run) => Promise<End | undefined>;

const isTrue = (value: unknown): boolean =>
  !(value === null || value === undefined || value === false || value === '' || value === 'false' || value === 0);

function valuesOf(value: unknown): unknown[] {
  const read: unknown = typeof value === 'string' ? JSON.parse(value) : value;
  if (Array.isArray(read)) return read;
  if (isMap(read)) return Object.entries(read).map(([key, one]) => ({ key, value: one }));
  throw new Error('The values must be a list or a map.');
}

const core = 'io.kestra.plugin.core.';

/** The types of tasks that this engine runs. */
export const works: Readonly<Record<string, Work>> = {
  [`${core}log.Log`]: async ({ course }, task, run) => {
    const level = String(task['level'] ?? 'INFO') as 'INFO';
    const messages = Array.isArray(task['message']) ? task['message'] : [task['message']];
    for (const message of messages) await course.log(run, level, course.text(message, run));
    return 'SUCCESS';
  },
  [`${core}debug.Return`]: async ({ course }, task, run) => {
    run.outputs = { value: course.render(task['format'], run) };
    return 'SUCCESS';
  },
  [`${core}output.OutputValues`]: async ({ course }, task, run) => {
    run.outputs = { values: course.render(task['values'], run) };
    return 'SUCCESS';
  },
  [`${core}metric.Publish`]: async ({ course }, task, run) => {
    const { tenantKey, executionId } = course.place;
    const at = new Date().toISOString();
    const metrics = valuesOf(course.render(task['metrics'], run))
      .filter(isMap)
      .map((one) => ({
        executionId,
        at,
        taskId: run.taskId,
        taskRunId: run.taskRunId,
        type: (String(one['type']).toUpperCase() === 'TIMER' ? 'TIMER' : 'COUNTER') as MetricType,
        name: String(one['name']),
        value: Number(one['value']),
        tags: isMap(one['tags']) ? one['tags'] : {},
      }));
    await course.engine.report(tenantKey, { metrics });
    return 'SUCCESS';
  },
  [`${core}flow.Sleep`]: async (interpreter, task, run) => {
    await interpreter.sleep(durationOf(interpreter.course.text(task['duration'], run)));
    return 'SUCCESS';
  },
  [`${core}execution.Fail`]: async ({ course }, task, run) => {
    if (task['condition'] !== undefined && !isTrue(course.render(task['condition'], run))) return 'SUCCESS';
    throw new Error(course.text(task['errorMessage'] ?? 'Task failure', run));
  },
  [`${core}flow.Sequential`]: (interpreter, task, run) => interpreter.sequence(tasksIn(task['tasks']), run),
  [`${core}flow.AllowFailure`]: async (interpreter, task, run) => {
    try {
      return await interpreter.sequence(tasksIn(task['tasks']), run);
    } catch (error) {
      if (interpreter.isKilled) throw error;
      return 'WARNING';
    }
  },
  [`${core}flow.Parallel`]: (interpreter, task, run) =>
    interpreter.together(
      tasksIn(task['tasks']).map((one) => () => interpreter.sequence([one], run)),
      Number(task['concurrent'] ?? 0),
    ),
  [`${core}flow.ForEach`]: (interpreter, task, run) => {
    const values = valuesOf(interpreter.course.render(task['values'], run));
    const each = values.map((value) => () => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return interpreter.sequence(tasksIn(task['tasks']), run, text);
    });
    return interpreter.together(each, Number(task['concurrencyLimit'] ?? 1));
  },
  [`${core}flow.If`]: (interpreter, task, run) => {
    const is = isTrue(interpreter.course.render(task['condition'], run));
    return interpreter.sequence(tasksIn(task[is ? 'then' : 'else']), run);
  },
  [`${core}flow.Switch`]: (interpreter, task, run) => {
    const value = interpreter.course.text(task['value'], run);
    const cases = isMap(task['cases']) ? task['cases'] : {};
    return interpreter.sequence(tasksIn(Object.hasOwn(cases, value) ? cases[value] : task['defaults']), run);
  },
  [`${core}flow.Pause`]: async (interpreter, task, run) => {
    const duration = task['pauseDuration'] ?? task['delay'];
    const limit = duration === undefined ? undefined : durationOf(interpreter.course.text(duration, run));
    const inputs = await interpreter.paused(run, limit);
    run.outputs = { onResume: inputs };
    return 'SUCCESS';
  },
  [`${core}flow.Subflow`]: (interpreter, task, run) => interpreter.subflow(task, run),
};
