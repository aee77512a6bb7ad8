import { z } from 'zod';
import type { Issue } from '../../../errors.ts';
import { issuesOf, type ReadYaml } from '../../../lib/yaml.ts';
import { dagFaults, isDag } from './dag.ts';

/** A task of a flow, as it was read out of the source. */
export interface FlowTask {
  readonly id: string;
  readonly type: string;
  readonly description: string | null;
  readonly disabled: boolean;
  /** The task that it is nested in. */
  readonly parentId: string | null;
  /** Under which word: tasks, errors, finally, afterExecution, then, else, cases with the case, or listeners with a number. */
  readonly branch: string;
  /** Tasks that it waits for, in a Dag. */
  readonly dependsOn: readonly string[];
  /** Offsets of its text in the source. */
  readonly range: readonly [number, number];
  /** Other flows that it runs. */
  readonly subflow?: { readonly namespace: string; readonly flowId: string };
}

/** What to say of something that is not there, and of something that is no text. */
export const missing =
  (absent: string, other = 'This is a text: put it in quotes.') =>
  ({ input }: { input?: unknown }): string =>
    input === undefined || input === null ? absent : other;

export const taskId = z
  .string({ error: missing('An id is missing.') })
  .max(256, 'An id has at most 256 characters.')
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_-]*(?![\s\S])/, {
    error: 'An id has letters, digits, _ and -, and begins with a letter or digit.',
  });
export const typeName = z
  .string({ error: missing('A type is missing.') })
  .min(1, 'A type is never empty.')
  .max(256, 'A type has at most 256 characters.');

const task = z.looseObject(
  {
    id: taskId,
    type: typeName,
    description: z.string('A description is a text.').nullish(),
    disabled: z.boolean('disabled is true or false.').nullish(),
  },
  'A task is a map with id and type.',
);

/** Where tasks stand in a flow, and where within a task. */
const ofFlow = ['tasks', 'errors', 'finally', 'afterExecution'] as const;
const ofTask = ['tasks', 'then', 'else', 'errors', 'finally', 'defaults'] as const;
const maxTasks = 2_000;

type Path = readonly (string | number)[];
type Parts = Readonly<Record<string, unknown>>;
const isMap = (value: unknown): value is Parts => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads all tasks, nested ones too. Faults go to `issues`: what is no task, and ids that are there twice. */
export function readTasks(flow: Parts, { lineOf, rangeOf }: ReadYaml, issues: Issue[]): FlowTask[] {
  const found: FlowTask[] = [];
  const lines = new Map<string, number>();
  const dags: { readonly tasks: readonly unknown[]; readonly path: Path }[] = [];
  const namespace = typeof flow['namespace'] === 'string' ? flow['namespace'] : '';

  const each = (list: unknown, path: Path, parentId: string | null, branch: string): void => {
    if (list === undefined || list === null) return;
    if (!Array.isArray(list)) {
      if (parentId !== null) issues.push({ path, message: 'This is a list of tasks.', line: lineOf(path) });
      return;
    }
    for (const [i, item] of list.entries()) {
      const isWrapped = isMap(item) && isMap(item['task']) && !('type' in item);
      const at = isWrapped ? [...path, i, 'task'] : [...path, i];
      one(isWrapped ? item['task'] : item, at, parentId, branch, isWrapped ? item['dependsOn'] : undefined);
    }
  };
  const one = (item: unknown, path: Path, parentId: string | null, branch: string, dependsOn: unknown): void => {
    if (found.length >= maxTasks) {
      const message = `A flow has at most ${maxTasks} tasks.`;
      if (issues.at(-1)?.message !== message) issues.push({ path, message, line: lineOf(path) });
      return;
    }
    const read = task.safeParse(item);
    if (!read.success) {
      const faults = issuesOf(read.error, (own) => lineOf([...path, ...own]));
      issues.push(...faults.map((fault) => ({ ...fault, path: [...path, ...fault.path] })));
    }
    if (!isMap(item)) return;
    const id = typeof item['id'] === 'string' ? item['id'] : '';
    if (read.success) {
      const line = lineOf([...path, 'id']);
      const former = lines.get(id);
      if (former === undefined) lines.set(id, line);
      else issues.push({ path: [...path, 'id'], message: `There is a task ${id} already, in line ${former}.`, line });
      const subflow = subflowOf(item, namespace);
      if (subflow && subflow.flowId === flow['id'] && subflow.namespace === namespace) {
        const at = [...path, 'flowId'];
        issues.push({ path: at, message: 'A flow does not run itself: it would never end.', line: lineOf(at) });
      }
      if (isDag(read.data.type) && Array.isArray(item['tasks']))
        dags.push({ tasks: item['tasks'], path: [...path, 'tasks'] });
      found.push({
        id,
        type: read.data.type,
        description: read.data.description ?? null,
        disabled: read.data.disabled ?? false,
        parentId,
        branch,
        dependsOn: Array.isArray(dependsOn) ? dependsOn.map(String) : [],
        range: rangeOf(path) ?? [0, 0],
        ...(subflow && { subflow }),
      });
    }
    for (const word of ofTask) each(item[word], [...path, word], id, word);
    if (isMap(item['cases']))
      for (const [name, list] of Object.entries(item['cases']))
        each(list, [...path, 'cases', name], id, `cases.${name}`);
  };

  for (const word of ofFlow) each(flow[word], [word], null, word);
  if (Array.isArray(flow['listeners'])) {
    for (const [i, listener] of flow['listeners'].entries())
      if (isMap(listener)) each(listener['tasks'], ['listeners', i, 'tasks'], null, `listeners.${i}`);
  }
  for (const { tasks, path } of dags)
    issues.push(
      ...dagFaults(tasks).map(({ at, message }) => ({
        path: [...path, ...at],
        message,
        line: lineOf([...path, ...at]),
      })),
    );
  return found;
}

/** The flow that a task runs, where it names one outright: an expression is known at run time only. */
function subflowOf(item: Parts, own: string): FlowTask['subflow'] {
  const { type, namespace, flowId } = item;
  if (typeof type !== 'string' || !/\.(Subflow|ForEachItem|flows\.Flow|flow\.Flow)$/.test(type)) return undefined;
  return flowNamed(namespace, flowId, own);
}

/** A namespace and flow id as a source names them; the flow's own namespace by its expression or by leaving it out. */
export function flowNamed(
  namespace: unknown,
  flowId: unknown,
  own: string,
): { namespace: string; flowId: string } | undefined {
  const place =
    namespace === undefined || (typeof namespace === 'string' && /^\{\{\s*flow\.namespace\s*\}\}$/.test(namespace))
      ? own
      : namespace;
  if (typeof place !== 'string' || typeof flowId !== 'string') return undefined;
  return place.includes('{{') || flowId.includes('{{') ? undefined : { namespace: place, flowId };
}
