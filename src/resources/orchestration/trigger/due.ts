import { secondsIn } from '../../../lib/duration.ts';
import { lastUpTo, nextAfter, type Schedule } from './cron.ts';
import type { TriggerKind } from './declared.ts';

/** How a schedule recovers missed dates: all, the last, or none. */
export const recoveries = ['ALL', 'LAST', 'NONE'] as const;
export type Recovery = (typeof recoveries)[number];

/** The parts of a trigger that define when it is due. */
export interface Timed {
  readonly kind: string;
  readonly definition: unknown;
}

const defaultInterval = 60;
export const scheduleOf = ({ definition }: Timed): Schedule => definition as Schedule;
const intervalOf = ({ definition }: Timed): number =>
  (secondsIn(String((definition as { interval?: unknown }).interval ?? '')) ?? defaultInterval) * 1_000;
/** How the source recovers missed dates; undefined if not given. */
export const saidRecovery = ({ definition }: Timed): Recovery | undefined =>
  (definition as { recoverMissedSchedules?: Recovery | null }).recoverMissedSchedules ?? undefined;
/** The same for a trigger that was not disabled. */
export const recoveryOf = (trigger: Timed): Recovery => saidRecovery(trigger) ?? 'ALL';

const whens: Record<TriggerKind, (trigger: Timed, now: Date) => Date | undefined> = {
  SCHEDULE: (trigger, now) => nextAfter(scheduleOf(trigger), now),
  POLLING: (_trigger, now) => now,
  REALTIME: (_trigger, now) => now,
  WEBHOOK: () => undefined,
  FLOW: () => undefined,
};

/** When a trigger that was never evaluated is due; null if it is not time-based. */
export const firstDue = (trigger: Timed, now: Date): Date | null =>
  whens[trigger.kind as TriggerKind](trigger, now) ?? null;

/**
 * When a trigger is due after the date of `evaluatedAt` is done. Dates between that and now were missed.
 * @param recovery for schedules: which missed dates to recover. Defaults to the trigger's own.
 */
export function dueAfter(
  trigger: Timed,
  evaluatedAt: Date | null,
  now: Date,
  recovery: Recovery = recoveryOf(trigger),
): Date | null {
  if (evaluatedAt === null) return firstDue(trigger, now);
  if (trigger.kind === 'POLLING') return new Date(Math.max(evaluatedAt.getTime() + intervalOf(trigger), 0));
  if (trigger.kind !== 'SCHEDULE') return firstDue(trigger, now);
  const schedule = scheduleOf(trigger);
  const next = nextAfter(schedule, evaluatedAt);
  if (next === undefined || next > now || recovery === 'ALL') return next ?? null;
  return (recovery === 'LAST' ? lastUpTo(schedule, now) : nextAfter(schedule, now)) ?? null;
}
