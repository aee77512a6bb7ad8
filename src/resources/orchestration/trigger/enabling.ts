import type { Prisma, Trigger } from '../../../db/generated/client.ts';
import type { Backfill } from './backfill.ts';
import { dueAfter, type Recovery, saidRecovery } from './due.ts';

/** The date up to which a schedule was dealt with: its last one, or the moment before the first that it waited for. */
const dealtWith = ({ kind, evaluatedAt, nextExecutionAt, stateAt }: Trigger): Date | null => {
  if (kind !== 'SCHEDULE' || evaluatedAt !== null) return evaluatedAt;
  return nextExecutionAt === null ? stateAt : new Date(nextExecutionAt.getTime() - 1);
};

type Due = Pick<Prisma.TriggerUncheckedUpdateInput, 'nextExecutionAt' | 'backfill'>;

/**
 * Where a trigger goes on that may fire again: with its backfill, or with what its schedule says of the time between.
 * Dates in between are passed over, unless its source or the caller asks for them.
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

/** What is noted when a trigger is switched off: from where dates are made up for, where that is asked later. */
export const notedWhenDisabled = (trigger: Trigger): { evaluatedAt?: Date | null } =>
  trigger.kind === 'SCHEDULE' && trigger.evaluatedAt === null && trigger.nextExecutionAt !== null
    ? { evaluatedAt: dealtWith(trigger) }
    : {};
