import { z } from 'zod';
import type { Issue } from '../../../errors.ts';
import { issuesOf, type ReadYaml } from '../../../lib/yaml.ts';
import { dagFaults, isDag } from './dag.ts';

/** A task of a parsed source. */
export interface FlowTask {
  readonly id: string;
  readonly type: string;
  readonly description: string | null;
  readonly disabled: boolean;
  /** ID of the parent task. */
  readonly parentId: string | null;
  /**
   * Branch of the parent: tasks, errors, finally, afterExecution, then, else, cases with the case, or listeners with a
   * number.
   */
  readonly branch: string;
  /** Dependencies in a Dag. */
  readonly dependsOn: readonly string[];
  /** Container images, as the source names them. */
  readonly images?: readonly string[];
  /** Offsets in the source. */
  readonly range: readonly [number, number];
  /** Inputs that a pause declares: a resumption passes their values. */
  readonly inputs?: readonly object[];
  /** Flows that the task runs. */
  readonly subflow?: { readonly namespace: string; readonly flowId: string };
}

/** Messages for a missing value and for one that is not a text. */
export const missing =
  (absent: string, other = 'The value must be a text. Put it in quotes.') =>
  ({ input }: { input?: unknown }): string =>
    input === undefined || input === null ? absent : other;

export const taskId = z
  .string({ error: missing('An id is required.') })
  .max(256, 'An ID can have at most 256 characters.')
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_-]*(?![\s\S])/, {
    error: 'An ID can contain letters, digits, _ and -, and must begin with a letter or digit.',
  });
export const typeName = z
  .string({ error: missing('A type is required.') })
  .min(1, 'A type cannot be empty.')
  .max(256, 'A type can have at most 256 characters.');

const task = z.looseObject(
  {
    id: taskId,
    type: typeName,
    description: z.string('A description must be a text.').nullish(),
    disabled: z.boolean('disabled must be true or false.').nullish(),
  },
  'A task must be a map with id and type.',
);

/** Keys that hold tasks in a flow and in a task. */
const ofFlow = ['tasks', 'errors', 'finally', 'afterExecution'] as const;
const ofTask = ['tasks', 'then', 'else', 'errors', 'finally', 'defaults'] as const;
const maxTasks = 2_000;

type Path = readonly (string | number)[];
type Parts = Readonly<Record<string, unknown>>;
const isMap = (value: unknown): value is Parts => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads all tasks, including nested ones. Adds invalid tasks and duplicate IDs to `issues`. */
export function readTasks(flow: Parts, { lineOf, rangeOf }: ReadYaml, issues: Issue[]): FlowTask[] {
  const found: FlowTask[] = [];
  const lines = new Map<string, number>();
  const dags: { readonly tasks: readonly unknown[]; readonly path: Path }[] = [];
  const namespace = typeof flow['namespace'] === 'string' ? flow['namespace'] : '';

  const each = (list: unknown, path: Path, parentId: string | null, branch: string): void => {
    if (list === undefined || list === null) return;
    if (!Array.isArray(list)) {
      if (parentId !== null) issues.push({ path, message: 'The value must be a list of tasks.', line: lineOf(path) });
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
      const message = `A flow can have at most ${maxTasks} tasks.`;
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
      else issues.push({ path: [...path, 'id'], message: `The task ${id} already exists in line ${former}.`, line });
      const subflow = subflowOf(item, namespace);
      if (subflow && subflow.flowId === flow['id'] && subflow.namespace === namespace) {
        const at = [...path, 'flowId'];
        issues.push({ path: at, message: 'A flow cannot run itself: it would never end.', line: lineOf(at) });
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
        ...imagesOf(item),
        ...(Array.isArray(item['onResume']) && { inputs: item['onResume'].filter(isMap) }),
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

/** Names of maps in which `image` is a container image. */
const ofContainers = new Set(['taskRunner', 'docker', 'container', 'containers', 'initContainers', 'spec']);
const maxImageDepth = 6;

/** The container images of a task, without those of nested tasks. */
function imagesOf(item: Parts): { readonly images?: readonly string[] } {
  const found = new Set<string>();
  const search = (value: unknown, isContainer: boolean, depth: number): void => {
    if (depth > maxImageDepth) return;
    if (Array.isArray(value)) {
      for (const one of value) search(one, isContainer, depth + 1);
      return;
    }
    if (!isMap(value)) return;
    for (const [name, member] of Object.entries(value)) {
      if (typeof member === 'string') {
        if (name === 'containerImage' || (isContainer && name === 'image')) found.add(member);
      } else if (ofContainers.has(name)) search(member, true, depth + 1);
    }
  };
  search(item, false, 0);
  return found.size > 0 ? { images: [...found] } : {};
}

/** The flow that a task runs, if named explicitly. An expression is known only at run time. */
function subflowOf(item: Parts, own: string): FlowTask['subflow'] {
  const { type, namespace, flowId } = item;
  if (typeof type !== 'string' || !/\.(Subflow|ForEachItem|flows\.Flow|flow\.Flow)$/.test(type)) return undefined;
  return flowNamed(namespace, flowId, own);
}

/** Namespace and flow ID in a reference. The own namespace is given by its expression or omitted. */
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
