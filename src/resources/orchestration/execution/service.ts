import { randomBytes } from 'node:crypto';
import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { Execution, Flow } from '../../../db/generated/client.ts';
import { rowsOf } from '../../../db/rows/rows.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, conflict, GatehouseError, notFound } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { find } from '../../../policy/session/find.ts';
import { isKilled, killedBy } from '../kill-switch/active.ts';
import { labelTexts } from '../labels.ts';
import { assertNotAsked, type CommandKind, command } from './commands.ts';
import { recount } from './days.ts';
import { type DeclaredInput, inputFaults } from './inputs.ts';
import { type ExecutionState, isEnd } from './states.ts';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** An ID as engines create them: 22 base-62 digits of 128 random bits. */
export function newExecutionId(): string {
  let rest = BigInt(`0x${randomBytes(16).toString('hex')}`);
  let id = '';
  for (let i = 0; i < 22; i += 1) {
    id = digits[Number(rest % 62n)]! + id;
    rest /= 62n;
  }
  return id;
}

export interface NewExecution {
  readonly namespace: string;
  readonly flowId: string;
  readonly revision?: number | null | undefined;
  readonly labels?: unknown;
  readonly inputs?: unknown;
  /** Inputs that the given revision declares, if it is not the current one. */
  readonly declared?: readonly DeclaredInput[] | undefined;
}

/** A new execution that no engine has reported yet. */
function submitted(tenantId: string, given: NewExecution, originalId: string | null) {
  const now = new Date();
  const labels = (given.labels ?? {}) as object;
  return {
    id: newId(),
    tenantId,
    executionId: newExecutionId(),
    namespace: given.namespace,
    flowId: given.flowId,
    revision: given.revision ?? null,
    state: 'SUBMITTED' satisfies ExecutionState,
    startedAt: now,
    endedAt: null,
    durationMs: 0n,
    labels,
    labelTexts: labelTexts(labels),
    inputs: (given.inputs ?? {}) as object,
    outputs: {},
    history: [{ state: 'SUBMITTED', at: now.toISOString() }],
    triggerId: null,
    parentId: null,
    originalId,
    sequence: 0n,
    deletionAsked: false,
    createdAt: now,
    updatedAt: now,
  };
}

/**
 * @returns the flow. @throws NOT_FOUND, CONFLICT if the flow is disabled, BAD_INPUT if the revision does not exist.
 */
async function runnable(tx: Tx, tenantId: string, { namespace, flowId, revision }: NewExecution): Promise<Flow> {
  // Locked, so that it cannot be disabled before the end of the transaction.
  const [row] = await tx.$queryRawUnsafe<(Flow & { isKilled: boolean })[]>(
    `SELECT f.*, ${isKilled('f')} AS "isKilled" FROM "Flow" f
     WHERE f."tenantId" = $1 AND f.namespace = $2 AND f."flowId" = $3 FOR SHARE OF f`,
    tenantId,
    namespace,
    flowId,
  );
  if (!row) throw notFound('The flow');
  const { isKilled: isStopped, ...flow } = row;
  if (isStopped) throw await killedBy(tx, flow);
  if (flow.disabled) throw conflict(`The flow ${namespace}/${flowId} is disabled. Enable it first.`);
  if (revision == null || revision === flow.revision) return flow;
  const place = { tenantId, namespace, flowId, revision };
  const stored = await tx.flowRevision.findUnique({
    where: { tenantId_namespace_flowId_revision: place },
    select: { id: true },
  });
  if (!stored) throw badInput(['input', 'revision'], `Revision ${revision} of the flow does not exist.`);
  return flow;
}

/** @throws BAD_INPUT with every fault; without them, to a caller who cannot read the flow. */
function assertInputs(flow: Flow, { inputs, declared, revision }: NewExecution, canRead: boolean): void {
  const isCurrent = revision == null || revision === flow.revision;
  const list = isCurrent ? (flow.inputs as unknown as readonly DeclaredInput[]) : declared;
  // A stored revision that the rules of today cannot read is left to the engine.
  if (!list) return;
  const issues = inputFaults(list, (inputs ?? {}) as Record<string, unknown>);
  if (issues.length === 0) return;
  if (!canRead) throw badInput(['input', 'inputs'], 'The inputs do not match those that the flow declares.');
  const [first] = issues;
  const rest = issues.length > 1 ? ` And ${issues.length - 1} more.` : '';
  throw new GatehouseError('BAD_INPUT', `${first!.message}${rest}`, { issues });
}

async function submit(
  tx: Tx,
  grant: Grant<'EXECUTION:CREATE'>,
  tenant: TenantRef,
  given: NewExecution,
  kind: CommandKind,
  payload: Record<string, string>,
  check?: (flow: Flow) => void,
): Promise<Execution> {
  const after = submitted(tenant.id, given, payload['executionId'] ?? null);
  await grant.review(tx, { before: null, after });
  const flow = await runnable(tx, tenant.id, given);
  if (check) check(flow);
  const row = await tx.execution.create({ data: after });
  recount(tx, null, row);
  const { id } = await command(tx, grant, row, kind, payload);
  record(tx, grant, { before: null, after: row, tenant, details: { command: id, ...payload } });
  return row;
}

/** Creates the row as SUBMITTED. The engine runs it when it claims the command. */
export const createExecution = (
  tx: Tx,
  grant: Grant<'EXECUTION:CREATE'>,
  tenant: TenantRef,
  given: NewExecution,
  canRead: (flow: Flow) => boolean,
): Promise<Execution> =>
  submit(tx, grant, tenant, given, 'CREATE', {}, (flow) => assertInputs(flow, given, canRead(flow)));

/**
 * Replays an ended execution as a new one. Its inputs come with the first report of the engine, so that the permission
 * to start executions does not expose the inputs of others.
 */
export async function replayExecution(
  tx: Tx,
  grant: Grant<'EXECUTION:CREATE'>,
  tenant: TenantRef,
  id: string,
  { revision, taskRun }: { revision?: number | null | undefined; taskRun: string | null },
): Promise<Execution> {
  const former = await find<Execution>(tx, grant, 'EXECUTION', id);
  if (!isEnd(former.state)) throw conflict('This execution has not ended. Only an ended execution can be replayed.');
  if (former.deletionAsked) throw conflict('This execution is being deleted.');
  const run = taskRun === null ? null : await tx.taskRun.findFirst({ where: { id: taskRun, executionKey: id } });
  if (taskRun !== null && !run) throw notFound('The task run');
  const { namespace, flowId, executionId } = former;
  const payload = { executionId, ...(run && { taskRunId: run.taskRunId }) };
  return submit(tx, grant, tenant, { namespace, flowId, revision }, 'REPLAY', payload);
}

/**
 * Requests a deletion. A running execution must be killed first. An execution that no engine has reported can be
 * deleted.
 */
export async function deleteExecution(
  tx: Tx,
  grant: Grant<'EXECUTION:DELETE'>,
  tenant: TenantRef,
  id: string,
): Promise<Execution> {
  const before = await find<Execution>(tx, grant, 'EXECUTION', id);
  await grant.review(tx, { before, after: null });
  if (!isEnd(before.state) && before.state !== 'SUBMITTED')
    throw conflict('This execution has not ended. Kill it first.');
  await assertNotAsked(tx, before, 'DELETE');
  const data = { deletionAsked: true, updatedAt: new Date() };
  const after = await rowsOf(tx).update('Execution', id, data);
  const { id: asked } = await command(tx, grant, after, 'DELETE');
  record(tx, grant, { before, after, tenant, verb: 'delete', details: { command: asked } });
  return after;
}
