import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { Command, Execution } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';

/** What people ask of an engine. */
export const commandTexts = {
  CREATE: 'Run it: it is SUBMITTED.',
  REPLAY: 'Run it as the execution that payload.executionId names was run, from payload.taskRunId on if it is there.',
  KILL: 'End it.',
  SET_TASK_RUN_STATE: 'Take payload.state for the state of the task run payload.taskRunId, and go on from there.',
  SET_LABELS: 'Replace its labels by payload.labels, but for those that begin with system.',
  DELETE: 'Delete it, and report it as deleted.',
} as const;
export type CommandKind = keyof typeof commandTexts;

/** Leaves a command for the engine. The event of it is in the same transaction. */
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

/** A command that changes nothing by itself, and the event of it. */
export async function ask(
  tx: Tx,
  grant: Grant,
  tenant: TenantRef,
  execution: Execution,
  kind: CommandKind,
  payload: Record<string, string> | { readonly labels: Record<string, string> } = {},
): Promise<Execution> {
  const { id } = await command(tx, grant, execution, kind, payload);
  const verb = kind.toLowerCase().replaceAll('_', '-');
  record(tx, grant, { before: execution, after: execution, tenant, verb, details: { command: id, ...payload } });
  return execution;
}

/** @throws CONFLICT where an engine has still to do the same. */
export async function assertNotAsked(tx: Tx, { tenantId, executionId }: Execution, kind: CommandKind): Promise<void> {
  const open = await tx.command.findFirst({
    where: { tenantId, executionId, kind, state: { not: 'DONE' } },
    select: { id: true },
  });
  if (open) throw conflict('This was asked for already; the engine has not done it yet.');
}
