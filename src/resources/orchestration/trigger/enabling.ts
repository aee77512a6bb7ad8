import type { Prisma, Trigger } from '../../../db/generated/client.ts';
import type { Backfill } from './backfill.ts';
import { dueAfter, type Recovery, saidRecovery } from './due.ts';

/** The date up to which a schedule is done: the last one, or just before the first. */
const dealtWith = ({ kind, evaluatedAt, nextExecutionAt, stateAt }: Trigger): Date | null => {
  if (kind !== 'SCHEDULE' || evaluatedAt !== null) return evaluatedAt;
  return nextExecutionAt === null ? stateAt : new Date(nextExecutionAt.getTime() - 1);
};

type Due = Pick<Prisma.TriggerUncheckedUpdateInput, 'nextExecutionAt' | 'backfill'>;

/**
 * Where an enabled trigger continues: with its backfill or its schedule. Missed dates are skipped unless its source or
 * the caller recovers them.
 */
export function dueOnceEnabled(trigger: Trigger, now: Date, asked: Recovery | undefined): Due {
  const recovery = asked ?? saidRecovery(trigger) ?? 'NONE';
  const due = dueAfter(trigger, dealtWith(trigger), now, recovery);
  const backfill = trigger.backfill as unknown as Backfill | null;
  if (!backfill || backfill.paused) return { nextExecutionAt: due };
  const resumed = { ...backfill, previousNextExecutionAt: due?.toISOString() ?? null };
  return {
    nextExecutionAt: new Date(backfill.currentDate),
    backfill: resumed as unknown as Prisma.InputJsonObject,
  };
}

/** Records from which date to recover when the trigger is disabled. */
export const notedWhenDisabled = (trigger: Trigger): { evaluatedAt?: Date | null } =>
  trigger.kind === 'SCHEDULE' && trigger.evaluatedAt === null && trigger.nextExecutionAt !== null
    ? { evaluatedAt: dealtWith(trigger) }
    : {};
