import { badInput } from '../../../errors.ts';

const dayMs = 86_400_000;
const maxDays = 366;
/** Where nothing is said: yesterday and today, as the orchestrator's own page has it. */
const standardDays = 2;

/** The executions that count: those that began at `from` or later, and before `to`. */
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

/** Does it begin and end at midnight (UTC)? */
export const isWholeDays = ({ from, to }: Window): boolean =>
  from.getTime() % dayMs === 0 && to.getTime() % dayMs === 0;

/** The days (UTC) that it touches, in order, each by its midnight. */
export function daysOf({ from, to }: Window): Date[] {
  const first = dayOf(from.getTime());
  const count = Math.ceil((to.getTime() - first) / dayMs);
  return Array.from({ length: count }, (_, i) => new Date(first + i * dayMs));
}

/**
 * The window that is asked for: from and to, or the last days up to and including today (UTC).
 * @throws BAD_INPUT for one that ends before it begins, is longer than a year, or is said in two ways.
 */
export function windowOf(input: WindowInput | null | undefined, now: Date): Window {
  const { from, to, days } = input ?? {};
  const endOfToday = new Date(dayOf(now.getTime()) + dayMs);
  if (from == null && to == null) {
    const length = days ?? standardDays;
    if (length < 1 || length > maxDays) throw badInput(['window', 'days'], `A window has 1 to ${maxDays} days.`);
    return { from: new Date(endOfToday.getTime() - length * dayMs), to: endOfToday };
  }
  if (days != null) throw badInput(['window', 'days'], 'Say how many days, or from when to when, not both.');
  if (from == null) throw badInput(['window', 'from'], 'A window that ends has a beginning: say from when.');
  const end = to ?? endOfToday;
  if (end <= from) throw badInput(['window', to == null ? 'from' : 'to'], 'The window ends before it begins.');
  if (end.getTime() - from.getTime() > maxDays * dayMs)
    throw badInput(['window', 'from'], `A window has at most ${maxDays} days.`);
  return { from, to: end };
}
