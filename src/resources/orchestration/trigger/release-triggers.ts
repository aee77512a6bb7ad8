import { record } from '../../../audit/record.ts';
import { wakeFollowers } from '../../../db/change-source.ts';
import type { Trigger } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { asSystem } from '../../../policy/session/system.ts';

/** The fields of an ended execution that triggers use. */
export interface EndedExecution {
  readonly tenantId: string;
  readonly executionId: string;
  readonly state: string;
  readonly namespace: string;
  readonly flowId: string;
  /** The trigger that started it; null if none. */
  readonly triggerId: string | null;
}
type Held = Pick<Trigger, 'id' | 'tenantId' | 'executionId' | 'stopAfter' | 'disabled'>;

/**
 * Releases the triggers that these executions held. A trigger with a matching stopAfter is disabled, with an audit
 * event of the gateway. A trigger that a user has disabled meanwhile keeps its state.
 */
export async function releaseTriggers(tx: Tx, ended: readonly EndedExecution[]): Promise<void> {
  for (const [tenantId, own] of Map.groupBy(ended, (one) => one.tenantId)) {
    const states = new Map(own.map(({ executionId, state }) => [executionId, state]));
    const started = own.filter(({ triggerId }) => triggerId !== null);
    const [namespaces, flows, triggers] = (['namespace', 'flowId', 'triggerId'] as const).map((name) =>
      started.map((one) => one[name]),
    );
    // Includes those that started them: a service may be reporting this execution right now.
    const locked = await tx.$queryRaw<Held[]>`
      SELECT id, "tenantId", "executionId", "stopAfter", disabled FROM "Trigger" WHERE id IN (
        SELECT id FROM "Trigger" WHERE "tenantId" = ${tenantId} AND "executionId" = ANY(${[...states.keys()]})
        UNION ALL
        SELECT t.id FROM unnest(${namespaces}::text[], ${flows}::text[], ${triggers}::text[])
          AS s (namespace, "flowId", "triggerId") JOIN "Trigger" t USING (namespace, "flowId", "triggerId")
        WHERE t."tenantId" = ${tenantId})
      ORDER BY id FOR UPDATE`;
    await release(tx, locked, states);
  }
}

/** Releases just reported triggers whose execution had ended before the report. */
export async function releaseEnded(tx: Tx, triggers: readonly Held[]): Promise<void> {
  for (const [tenantId, own] of Map.groupBy(triggers, (one) => one.tenantId)) {
    const executionId = { in: own.flatMap((one) => one.executionId ?? []) };
    if (executionId.in.length === 0) continue;
    const where = { tenantId, executionId, endedAt: { not: null } };
    const ended = await tx.execution.findMany({ where, select: { executionId: true, state: true } });
    await release(tx, own, new Map(ended.map((one) => [one.executionId, one.state])));
  }
}

/** @param states states of the ended executions, by ID. */
async function release(tx: Tx, locked: readonly Held[], states: ReadonlyMap<string, string>): Promise<void> {
  const held = locked.filter(({ executionId }) => executionId !== null && states.has(executionId));
  if (held.length === 0) return;
  await tx.trigger.updateMany({ where: { id: { in: held.map(({ id }) => id) } }, data: { executionId: null } });
  for (const tenantId of new Set(held.map((one) => one.tenantId))) wakeFollowers(tx, 'Trigger', tenantId);
  const stopping = held.filter(
    ({ disabled, stopAfter, executionId }) => !disabled && stopAfter.includes(states.get(executionId!)!),
  );
  for (const { id, executionId } of stopping) await stop(tx, id, executionId!, states.get(executionId!)!);
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
