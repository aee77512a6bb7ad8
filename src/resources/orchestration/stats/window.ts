import { badInput } from '../../../errors.ts';

const dayMs = 86_400_000;
const maxDays = 366;
/** Default: yesterday and today, as on the orchestrator's own page. */
const standardDays = 2;

/** Executions count if they started at or after `from` and before `to`. */
export interface Window {
  readonly from: Date;
  readonly to: Date;
}
export interface WindowInput {
  readonly from?: Date | null | undefined;
  readonly to?: Date | null | undefined;
  readonly days?: number | null | undefined;
}

/** Midnight (UTC) at or before. */
const dayOf = (at: number): number => Math.floor(at / dayMs) * dayMs;

/** True if it begins and ends at midnight (UTC). */
export const isWholeDays = ({ from, to }: Window): boolean =>
  from.getTime() % dayMs === 0 && to.getTime() % dayMs === 0;

/** The days (UTC) of the window in order, each by its midnight. */
export function daysOf({ from, to }: Window): Date[] {
  const first = dayOf(from.getTime());
  const count = Math.ceil((to.getTime() - first) / dayMs);
  return Array.from({ length: count }, (_, i) => new Date(first + i * dayMs));
}

/**
 * The requested window: from and to, or the last days up to and including today (UTC).
 * @throws BAD_INPUT if it ends before it starts, is longer than a year, or is given in both ways.
 */
export function windowOf(input: WindowInput | null | undefined, now: Date): Window {
  const { from, to, days } = input ?? {};
  const endOfToday = new Date(dayOf(now.getTime()) + dayMs);
  if (from == null && to == null) {
    const length = days ?? standardDays;
    if (length < 1 || length > maxDays) throw badInput(['window', 'days'], `A window must have 1 to ${maxDays} days.`);
    return { from: new Date(endOfToday.getTime() - length * dayMs), to: endOfToday };
  }
  if (days != null) throw badInput(['window', 'days'], 'Pass either days, or from and to.');
  if (from == null) throw badInput(['window', 'from'], 'A window with an end requires a start. Pass from.');
  const end = to ?? endOfToday;
  if (end <= from) throw badInput(['window', to == null ? 'from' : 'to'], 'The window ends before it starts.');
  if (end.getTime() - from.getTime() > maxDays * dayMs)
    throw badInput(['window', 'from'], `A window can have at most ${maxDays} days.`);
  return { from, to: end };
}
