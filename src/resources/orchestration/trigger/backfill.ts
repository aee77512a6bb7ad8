import { nextAfter } from './cron.ts';
import { scheduleOf, type Timed } from './due.ts';

/** A stored backfill: past dates for a schedule. Times are texts. */
export interface Backfill {
  readonly start: string;
  readonly end: string;
  /** The next date; after `end` if none is left. */
  readonly currentDate: string;
  readonly paused: boolean;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly labels: Readonly<Record<string, string>>;
  /** When the trigger would be due without the backfill. */
  readonly previousNextExecutionAt: string | null;
}

/** The first date of a backfill, at or after `start`. */
export const firstDateFrom = (trigger: Timed, start: Date): Date | undefined =>
  nextAfter(scheduleOf(trigger), new Date(start.getTime() - 1));

const dateOrNull = (text: string | null): Date | null => (text === null ? null : new Date(text));

/** When a trigger is due once its backfill has ended, was paused or deleted. */
export const dueWithout = ({ previousNextExecutionAt }: Backfill): Date | null => dateOrNull(previousNextExecutionAt);

/** The state after a date of a backfill is done: the next date, or the end. */
export function advanced(
  trigger: Timed,
  backfill: Backfill,
): { backfill: Backfill | null; nextExecutionAt: Date | null } {
  const next = nextAfter(scheduleOf(trigger), new Date(backfill.currentDate));
  if (next === undefined || next > new Date(backfill.end))
    return { backfill: null, nextExecutionAt: dueWithout(backfill) };
  return { backfill: { ...backfill, currentDate: next.toISOString() }, nextExecutionAt: next };
}
