import type { CronPattern } from 'croner';

/** One year of each kind, by leap day and first weekday. */
const years = Array.from({ length: 28 }, (_, i) => 2001 + i).filter((year, i, all) => {
  const kindOf = (of: number) => `${isLeap(of)} ${weekdayOf(of, 0, 1)}`;
  return all.findIndex((other) => kindOf(other) === kindOf(year)) === i;
});

function isLeap(year: number): boolean {
  return new Date(Date.UTC(year, 2, 0)).getUTCDate() === 29;
}
function weekdayOf(year: number, month: number, day: number): number {
  return new Date(Date.UTC(year, month, day)).getUTCDay();
}

/** True if the pattern fires on any day. Croner searches 400 years before it gives up. */
export function hasDay(pattern: CronPattern): boolean {
  return years.some((year) => pattern.month.some((isIn, month) => isIn && hasDayIn(pattern, year, month)));
}

function hasDayIn(pattern: CronPattern, year: number, month: number): boolean {
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const first = weekdayOf(year, month, 1);
  const nearest = new Set(
    pattern.nearestWeekdays.flatMap((isIn, i) => (isIn && i < last ? nearestWeekday(first, last, i + 1) : [])),
  );
  const lastWeekday = nearestWeekday(first, last, last);
  for (let day = 1; day <= last; day += 1) {
    const byDate =
      Boolean(pattern.day[day - 1]) ||
      nearest.has(day) ||
      (pattern.lastWeekday && day === lastWeekday) ||
      (pattern.lastDayOfMonth && day === last);
    if (pattern.starDOW ? byDate : matches(pattern, byDate, isOnWeekday(pattern, first, last, day))) return true;
  }
  return false;
}

const matches = ({ useAndLogic, starDOM }: CronPattern, byDate: boolean, byWeekday: boolean): boolean =>
  useAndLogic || starDOM ? byDate && byWeekday : byDate || byWeekday;

/** The weekday of a pattern has a bit for each of the up to five in a month, and one for the last. */
function isOnWeekday({ dayOfWeek }: CronPattern, first: number, last: number, day: number): boolean {
  const wanted = dayOfWeek[(first + day - 1) % 7] ?? 0;
  const nth = 1 << Math.floor((day - 1) / 7);
  return (wanted & nth) > 0 || ((wanted & 32) > 0 && day + 7 > last);
}

/** The working day nearest to a day, in the same month. */
function nearestWeekday(first: number, last: number, day: number): number {
  const weekday = (first + day - 1) % 7;
  if (weekday === 0) return day === last ? day - 2 : day + 1;
  if (weekday === 6) return day === 1 ? day + 2 : day - 1;
  return day;
}
