/** A task run, as far as expressions can refer to it. */
export interface RunOfTask {
  readonly taskRunId: string;
  readonly taskId: string;
  readonly parentTaskRunId?: string | null;
  /** Value of the iteration. */
  readonly value?: string | null;
  readonly state: string;
  readonly startedAt?: Date | string | null;
  readonly attempts?: number;
  readonly outputs: unknown;
}
export interface Scope {
  readonly execution: {
    readonly executionId: string;
    readonly namespaceName: string;
    readonly flowId: string;
    readonly revision?: number | null;
    readonly state: string;
    readonly startedAt?: Date | string | null;
    readonly originalId?: string | null;
    readonly triggerId?: string | null;
    readonly inputs: unknown;
    readonly outputs?: unknown;
    readonly labels: unknown;
  };
  readonly taskRuns: readonly RunOfTask[];
  /** The task run in which the expression is rendered. */
  readonly current?: RunOfTask | undefined;
  /** `variables` of the flow. */
  readonly flowVariables?: unknown;
  /** Variables of the namespace by name. */
  readonly namespaceVariables?: Readonly<Record<string, unknown>> | undefined;
  /** Values of the trigger, other than its ID. */
  readonly trigger?: object | undefined;
}

const bare = (): Record<string, unknown> => Object.create(null);
const dateOf = (at: Date | string | null | undefined) => (at == null ? null : new Date(at).toISOString());

/** The outputs by task; those of iterations by task and value. */
function outputsOf(runs: readonly RunOfTask[]): Record<string, unknown> {
  const outputs = bare();
  for (const { taskId, value, outputs: own } of runs) {
    if (value == null) outputs[taskId] = own;
    else {
      const former = outputs[taskId];
      const byValue = Object.assign(bare(), typeof former === 'object' ? former : undefined);
      byValue[value] = own;
      outputs[taskId] = byValue;
    }
  }
  return outputs;
}

function parentsOf(runs: readonly RunOfTask[], current: RunOfTask): RunOfTask[] {
  const byId = new Map(runs.map((run) => [run.taskRunId, run]));
  const parents: RunOfTask[] = [];
  for (let id = current.parentTaskRunId; id != null && parents.length < 100; ) {
    const parent = byId.get(id);
    if (!parent) break;
    parents.push(parent);
    id = parent.parentTaskRunId;
  }
  return parents;
}

/** The variables of an expression in an execution, as the orchestrator names them. */
export function variablesOf({ execution, taskRuns, current, ...rest }: Scope): Record<string, unknown> {
  const { executionId, namespaceName, flowId, revision, state, startedAt, originalId, triggerId } = execution;
  const tasks = bare();
  for (const run of taskRuns) tasks[run.taskId] = { state: run.state };
  const variables: Record<string, unknown> = {
    flow: { id: flowId, namespace: namespaceName, revision: revision ?? null },
    execution: {
      id: executionId,
      state,
      startDate: dateOf(startedAt),
      originalId: originalId ?? executionId,
      outputs: execution.outputs ?? {},
    },
    inputs: execution.inputs,
    labels: execution.labels,
    outputs: outputsOf(taskRuns),
    tasks,
    vars: rest.flowVariables ?? {},
    namespace: Object.assign(bare(), rest.namespaceVariables, { id: namespaceName }),
  };
  if (triggerId != null) variables['trigger'] = { id: triggerId, ...rest.trigger };
  if (current) {
    // An iteration gives its value to the tasks in it.
    const parents = parentsOf(taskRuns, current);
    const value = current.value ?? parents.find((one) => one.value != null)?.value ?? null;
    variables['task'] = { id: current.taskId };
    variables['taskrun'] = {
      id: current.taskRunId,
      startDate: dateOf(current.startedAt),
      attemptsCount: current.attempts ?? 0,
      parentId: current.parentTaskRunId ?? null,
      ...(value !== null && { value }),
    };
    const shown = parents.map((one) => ({
      taskrun: { id: one.taskRunId, value: one.value ?? null },
      outputs: one.outputs,
    }));
    variables['parents'] = shown;
    if (shown[0]) variables['parent'] = shown[0];
  }
  return variables;
}
