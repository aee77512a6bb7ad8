import './resource.ts';
import { record } from '../../audit/record.ts';
import { wakeFollowers } from '../../db/change-source.ts';
import type { Trigger } from '../../db/generated/client.ts';
import type { Tx } from '../../db/transaction.ts';
import { asSystem } from '../../policy/system.ts';

/** An execution that ended, as far as a trigger wants to know. */
export interface EndedExecution {
  readonly tenantId: string;
  readonly executionId: string;
  readonly state: string;
}

/**
 * Lets go of the triggers that these executions held. One that is to stop after such an end is disabled, which is told
 * in an audit event of the gateway's own; one that somebody disabled meanwhile stays so.
 */
export async function releaseTriggers(tx: Tx, ended: readonly EndedExecution[]): Promise<void> {
  for (const [tenantId, own] of Map.groupBy(ended, (one) => one.tenantId)) {
    const states = new Map(own.map(({ executionId, state }) => [executionId, state]));
    const held = await tx.$queryRaw<Pick<Trigger, 'id' | 'executionId' | 'stopAfter' | 'disabled'>[]>`
      SELECT id, "executionId", "stopAfter", disabled FROM "Trigger"
      WHERE "tenantId" = ${tenantId} AND "executionId" = ANY(${[...states.keys()]}) ORDER BY id FOR UPDATE`;
    if (held.length === 0) continue;
    await tx.trigger.updateMany({ where: { id: { in: held.map(({ id }) => id) } }, data: { executionId: null } });
    wakeFollowers(tx, 'Trigger', tenantId);
    const stopping = held.filter(
      ({ disabled, stopAfter, executionId }) => !disabled && stopAfter.includes(states.get(executionId!)!),
    );
    for (const { id, executionId } of stopping) await stop(tx, id, executionId!, states.get(executionId!)!);
  }
}

async function stop(tx: Tx, id: string, executionId: string, state: string): Promise<void> {
  const before = await tx.trigger.findUniqueOrThrow({ where: { id }, include: { tenant: true } });
  const now = new Date();
  const after = await tx.trigger.update({
    where: { id },
    data: {
      disabled: true,
      disabledReason: 'STOP_AFTER',
      stateById: 'system',
      stateByName: 'system',
      stateAt: now,
      nextExecutionAt: null,
      version: { increment: 1 },
      updatedAt: now,
    },
  });
  record(tx, asSystem('TRIGGER:UPDATE', `execution ${executionId} ended in ${state}`, before.tenantId), {
    before,
    after,
    tenant: before.tenant,
    verb: 'stop-after',
  });
}
