import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { Command, Execution } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';

/** Commands of users for an engine. */
export const commandTexts = {
  CREATE: 'Run the execution; it is SUBMITTED.',
  REPLAY: 'Run the execution as a replay of payload.executionId, from payload.taskRunId if present.',
  RESTART: 'Continue the ended execution from its failed task runs, with payload.revision of the flow if present.',
  PAUSE: 'Pause the execution before its next task.',
  RESUME: 'Continue the paused execution, with payload.inputs if present.',
  UNQUEUE: 'Take the execution out of the queue, into the state payload.state.',
  FORCE_RUN: 'Run the execution now, regardless of what it waits for.',
  KILL: 'End the execution.',
  SET_STATE: 'Set the state of the ended execution to payload.state.',
  SET_TASK_RUN_STATE: 'Set the state of the task run payload.taskRunId to payload.state and continue from there.',
  SET_LABELS: 'Replace the labels with payload.labels, except those that begin with system.',
  DELETE: 'Delete the execution and report its deletion.',
} as const;
export type CommandKind = keyof typeof commandTexts;

/** Stores a command for the engine, with its event in the same transaction. */
export async function command(
  tx: Tx,
  { doer }: Grant,
  { tenantId, namespace, flowId, executionId }: Execution,
  kind: CommandKind,
  payload: object = {},
): Promise<Command> {
  const place = { tenantId, namespace, flowId, executionId };
  return tx.command.create({
    data: { id: newId(), ...place, kind, payload, actorId: doer.id, actorName: doer.name },
  });
}

/** Stores a command that does not change the row, with its event. */
export async function ask(
  tx: Tx,
  grant: Grant,
  tenant: TenantRef,
  execution: Execution,
  kind: CommandKind,
  payload: Readonly<Record<string, unknown>> = {},
): Promise<Execution> {
  const { id } = await command(tx, grant, execution, kind, payload);
  const verb = kind.toLowerCase().replaceAll('_', '-');
  // Inputs can have any value, so events do not include them.
  const { inputs: _inputs, ...details } = payload;
  record(tx, grant, { before: execution, after: execution, tenant, verb, details: { command: id, ...details } });
  return execution;
}

/** @throws CONFLICT if the same command is still pending. */
export async function assertNotAsked(tx: Tx, { tenantId, executionId }: Execution, kind: CommandKind): Promise<void> {
  const open = await tx.command.findFirst({
    where: { tenantId, executionId, kind, state: { not: 'DONE' } },
    select: { id: true },
  });
  if (open) throw conflict('This command was already given. The engine has not carried it out yet.');
}
