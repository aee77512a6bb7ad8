import { nextAfter } from './cron.ts';
import { scheduleOf, type Timed } from './due.ts';

/** Dates of the past that a schedule is to be run for, as it is stored. Instants are texts. */
export interface Backfill {
  readonly start: string;
  readonly end: string;
  /** The date that comes next; behind `end`: none. */
  readonly currentDate: string;
  readonly paused: boolean;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly labels: Readonly<Record<string, string>>;
  /** When the trigger would have been due without it. */
  readonly previousNextExecutionAt: string | null;
}

/** The dates of a backfill begin at `start`, where that is one. */
export const firstDateFrom = (trigger: Timed, start: Date): Date | undefined =>
  nextAfter(scheduleOf(trigger), new Date(start.getTime() - 1));

const dateOrNull = (text: string | null): Date | null => (text === null ? null : new Date(text));

/** What a trigger is due at once its backfill is over, paused or taken away. */
export const dueWithout = ({ previousNextExecutionAt }: Backfill): Date | null => dateOrNull(previousNextExecutionAt);

/** The state after a backfill's date was dealt with: its next one, or the end of it. */
export function advanced(
  trigger: Timed,
  backfill: Backfill,
): { backfill: Backfill | null; nextExecutionAt: Date | null } {
  const next = nextAfter(scheduleOf(trigger), new Date(backfill.currentDate));
  if (next === undefined || next > new Date(backfill.end))
    return { backfill: null, nextExecutionAt: dueWithout(backfill) };
  return { backfill: { ...backfill, currentDate: next.toISOString() }, nextExecutionAt: next };
}
