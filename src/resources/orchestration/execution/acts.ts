import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import type { Execution, TaskRun } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, conflict, notFound } from '../../../errors.ts';
import { find } from '../../../policy/session/find.ts';
import { countFault, hasAtMost, isSystem } from '../labels.ts';
import { ask, assertNotAsked, type CommandKind } from './commands.ts';
import { type ExecutionState, isEnd } from './states.ts';

type Change = Grant<'EXECUTION:UPDATE'>;

/** The execution of a command, locked. @throws NOT_FOUND, FORBIDDEN, CONFLICT. */
async function commanded(tx: Tx, grant: Grant, id: string): Promise<Execution> {
  const execution = await find<Execution>(tx, grant, 'EXECUTION', id);
  await grant.review(tx, { before: execution, after: execution });
  if (execution.deletionAsked) throw conflict('This execution is being deleted.');
  return execution;
}

/** Gives a command that an execution can get only in some states, and only once until the engine has carried it out. */
async function askOnce(
  tx: Tx,
  grant: Change,
  tenant: TenantRef,
  execution: Execution,
  kind: CommandKind,
  payload: Readonly<Record<string, unknown>> = {},
): Promise<Execution> {
  await assertNotAsked(tx, execution, kind);
  return ask(tx, grant, tenant, execution, kind, payload);
}

export async function killExecution(tx: Tx, grant: Change, tenant: TenantRef, id: string): Promise<Execution> {
  const execution = await commanded(tx, grant, id);
  if (isEnd(execution.state)) throw conflict('This execution has already ended.');
  if (execution.state === 'KILLING') throw conflict('This execution is already being killed.');
  return askOnce(tx, grant, tenant, execution, 'KILL');
}

/** States that a user can set on a task run. */
export const settableStates = ['SUCCESS', 'WARNING', 'FAILED', 'SKIPPED'] as const satisfies ExecutionState[];

export async function setTaskRunState(
  tx: Tx,
  grant: Change,
  tenant: TenantRef,
  executionKey: string,
  taskRun: string,
  state: ExecutionState,
): Promise<TaskRun> {
  const execution = await commanded(tx, grant, executionKey);
  const run = await tx.taskRun.findFirst({ where: { id: taskRun, executionKey } });
  if (!run) throw notFound('The task run');
  if (run.state === state) throw conflict(`The task run is already in state ${state}.`);
  if (!isEnd(run.state) && run.state !== 'PAUSED')
    throw conflict('The state of a task run can be set only if it has ended or is paused.');
  await ask(tx, grant, tenant, execution, 'SET_TASK_RUN_STATE', { taskRunId: run.taskRunId, state });
  return run;
}

export async function setExecutionLabels(
  tx: Tx,
  grant: Change,
  tenant: TenantRef,
  id: string,
  labels: Record<string, string>,
): Promise<Execution> {
  const execution = await commanded(tx, grant, id);
  const present = execution.labels as Record<string, string>;
  const own: Record<string, string> = {};
  for (const [key, value] of Object.entries(labels)) {
    if (!isSystem(key)) Object.defineProperty(own, key, { value, enumerable: true });
    else if (!Object.hasOwn(present, key) || present[key] !== value)
      throw badInput(
        ['input', 'labels', key],
        `Only the orchestrator sets the label ${key}. Keep its value or omit it.`,
      );
  }
  return ask(tx, grant, tenant, execution, 'SET_LABELS', { labels: own });
}

/** Adds labels; labels with the same keys get the new values. */
export async function addExecutionLabels(
  tx: Tx,
  grant: Change,
  tenant: TenantRef,
  id: string,
  labels: Record<string, string>,
): Promise<Execution> {
  const execution = await commanded(tx, grant, id);
  const present = Object.entries(execution.labels as Record<string, string>).filter(([key]) => !isSystem(key));
  const all = Object.fromEntries([...present, ...Object.entries(labels)]);
  if (!hasAtMost()(all)) throw badInput(['input', 'labels'], countFault());
  return ask(tx, grant, tenant, execution, 'SET_LABELS', { labels: all });
}

const restartable = new Set<string>(['FAILED', 'WARNING', 'KILLED', 'CANCELLED'] satisfies ExecutionState[]);

/** Continues an ended execution from the task runs that failed. */
export async function restartExecution(
  tx: Tx,
  grant: Change,
  tenant: TenantRef,
  id: string,
  revision?: number | null,
): Promise<Execution> {
  const execution = await commanded(tx, grant, id);
  if (!isEnd(execution.state))
    throw conflict('This execution has not ended. Only an ended execution can be restarted.');
  if (!restartable.has(execution.state))
    throw conflict(`This execution ended in state ${execution.state}. Replay it instead.`);
  return askOnce(tx, grant, tenant, execution, 'RESTART', revision == null ? {} : { revision });
}

export async function pauseExecution(tx: Tx, grant: Change, tenant: TenantRef, id: string): Promise<Execution> {
  const execution = await commanded(tx, grant, id);
  if (execution.state !== 'RUNNING') throw conflict('Only a running execution can be paused.');
  return askOnce(tx, grant, tenant, execution, 'PAUSE');
}

/** @param inputs values that the paused task waits for. Events do not include them. */
export async function resumeExecution(
  tx: Tx,
  grant: Change,
  tenant: TenantRef,
  id: string,
  inputs?: object | null,
): Promise<Execution> {
  const execution = await commanded(tx, grant, id);
  if (execution.state !== 'PAUSED' && execution.state !== 'BREAKPOINT')
    throw conflict('Only a paused execution can be resumed.');
  return askOnce(tx, grant, tenant, execution, 'RESUME', inputs == null ? {} : { inputs });
}

/** States that a user can set on an ended execution. */
export const settableEnds = ['SUCCESS', 'WARNING', 'FAILED', 'CANCELLED'] as const satisfies ExecutionState[];

export async function setExecutionState(
  tx: Tx,
  grant: Change,
  tenant: TenantRef,
  id: string,
  state: (typeof settableEnds)[number],
): Promise<Execution> {
  const execution = await commanded(tx, grant, id);
  if (!isEnd(execution.state)) throw conflict('The state of an execution can be set only if it has ended.');
  if (execution.state === state) throw conflict(`The execution is already in state ${state}.`);
  return askOnce(tx, grant, tenant, execution, 'SET_STATE', { state });
}

/** States that an execution can get when it leaves the queue. */
export const afterQueue = ['RUNNING', 'CANCELLED', 'FAILED'] as const satisfies ExecutionState[];

export async function unqueueExecution(
  tx: Tx,
  grant: Change,
  tenant: TenantRef,
  id: string,
  state: (typeof afterQueue)[number],
): Promise<Execution> {
  const execution = await commanded(tx, grant, id);
  if (execution.state !== 'QUEUED') throw conflict('Only a queued execution can be taken out of the queue.');
  return askOnce(tx, grant, tenant, execution, 'UNQUEUE', { state });
}

const waiting = new Set<string>(['CREATED', 'QUEUED', 'PAUSED', 'BREAKPOINT', 'RETRYING'] satisfies ExecutionState[]);

/** Runs an execution that waits, regardless of what it waits for. */
export async function forceRunExecution(tx: Tx, grant: Change, tenant: TenantRef, id: string): Promise<Execution> {
  const execution = await commanded(tx, grant, id);
  if (!waiting.has(execution.state)) throw conflict('Only an execution that waits can be forced to run.');
  return askOnce(tx, grant, tenant, execution, 'FORCE_RUN');
}
