import { Cron, CronPattern } from 'croner';
import { LRUCache } from 'lru-cache';
import { hasDay } from './cron-days.ts';
import { hasDistance, instantIn, instantOf, lastShown, zoneNamed } from './zone.ts';

/** The parts of a schedule that define its dates. */
export interface Schedule {
  readonly cron?: string | null;
  /** Dates instead of a cron expression. Without an offset, they are in `timezone`. */
  readonly dates?: readonly string[] | null;
  /** Defaults to UTC. */
  readonly timezone?: string | null;
  /** True if the expression begins with seconds. */
  readonly withSeconds?: boolean | null;
}

/** `0/15` is read as by the orchestrator: from 0, every 15. */
const optionsOf = (cron: string, withSeconds: boolean) =>
  ({
    mode: cron.startsWith('@') ? 'auto' : withSeconds ? '6-part' : '5-part',
    sloppyRanges: true,
  }) as const;

/** True for a step without a start such as /15, which the orchestrator rejects. */
const hasNoBeginning = (cron: string): boolean => /(^|[\s,])\//.test(cron);

/** True if the expression has seconds; undefined for a word such as @daily. */
export const hasSeconds = (cron: string): boolean | undefined =>
  cron.startsWith('@') ? undefined : cron.trim().split(/\s+/).length === 6;

/** The fault of an expression; undefined if none. An expression that never fires is a fault. */
export function cronFault(cron: string): string | undefined {
  if (cron.length > 200) return 'A cron expression can have at most 200 characters.';
  if (hasNoBeginning(cron)) return 'Invalid cron expression: a step requires a start, as in 0/15 or */15.';
  // With or without seconds: the trigger checks elsewhere which one is meant.
  const withSeconds = hasSeconds(cron) ?? false;
  try {
    if (hasDay(new CronPattern(cron, 'UTC', optionsOf(cron, withSeconds)))) return undefined;
    return `The cron expression ${cron} never fires.`;
  } catch (error) {
    return `Invalid cron expression: ${(error as Error).message.replace(/^\w+: /, '')}.`;
  }
}

interface Clock {
  readonly zone: string;
  readonly cron: string;
  readonly withSeconds: boolean;
}
const clockOf = ({ cron, timezone, withSeconds }: Schedule): Clock => ({
  zone: zoneNamed(timezone ?? 'UTC') ?? timezone ?? 'UTC',
  cron: cron ?? '',
  withSeconds: withSeconds ?? false,
});
const parse = ({ cron, withSeconds }: Clock, timezone: string): Cron =>
  new Cron(cron, { paused: true, timezone, ...optionsOf(cron, withSeconds) });

/** An expression without a time zone. */
interface Walls {
  readonly cron: Cron;
  /** An hourly expression fires every hour, whatever changes in the clocks. */
  readonly isHourly: boolean;
}
const known = new LRUCache<string, Walls>({ max: 2_000 });

function wallsOf(clock: Clock): Walls {
  const { cron, withSeconds } = clock;
  const key = `${withSeconds} ${cron}`;
  let walls = known.get(key);
  if (!walls) {
    const { hour } = new CronPattern(cron, 'UTC', optionsOf(cron, withSeconds));
    walls = { cron: parse(clock, 'UTC'), isHourly: hour.every(Boolean) };
    known.set(key, walls);
  }
  return walls;
}

/**
 * Of the dates, the one nearest to an instant on the side that is asked for. Dates by the clocks of a zone are compared
 * as clocks show them: the zone is asked about the instant alone, and not about each of thousands of dates.
 */
function nearestDate(
  { dates, timezone }: Schedule,
  instant: number,
  isOnSide: (date: number, place: number) => boolean,
  pick: (a: number, b: number) => number,
): Date | undefined {
  const zone = zoneNamed(timezone ?? 'UTC') ?? 'UTC';
  const shown = lastShown(zone, instant);
  let [wall, fixed]: (number | undefined)[] = [];
  for (const text of dates ?? []) {
    const date = instantIn(text, 'UTC');
    if (date === undefined) continue;
    if (hasDistance(text)) {
      if (isOnSide(date, instant)) fixed = pick(fixed ?? date, date);
    } else if (isOnSide(date, shown)) wall = pick(wall ?? date, date);
  }
  const byClocks = wall === undefined ? undefined : instantOf(zone, wall);
  const found = fixed === undefined || byClocks === undefined ? (fixed ?? byClocks) : pick(fixed, byClocks);
  return found === undefined ? undefined : new Date(found);
}

/**
 * The first date of the schedule after this time; undefined if none. Each local time occurs once: a time that is
 * skipped in spring occurs at the end of the gap, a time that occurs twice in autumn occurs the first time. Hourly
 * expressions follow the elapsed hours.
 */
export function nextAfter(schedule: Schedule, instant: Date): Date | undefined {
  if (schedule.dates) return nearestDate(schedule, instant.getTime(), (date, place) => date > place, Math.min);
  const clock = clockOf(schedule);
  const { zone } = clock;
  const { cron: walls, isHourly } = wallsOf(clock);
  if (zone === 'UTC') return walls.nextRun(instant) ?? undefined;
  if (isHourly) return parse(clock, zone).nextRun(instant) ?? undefined;
  // Local times as if they were UTC; their order is that of the instants.
  for (let wall = walls.nextRun(new Date(lastShown(zone, instant.getTime()))); wall; wall = walls.nextRun(wall)) {
    const next = instantOf(zone, wall.getTime());
    if (next > instant.getTime()) return new Date(next);
  }
  return undefined;
}

/** The last date of the schedule at or before this time; undefined if none. */
export function lastUpTo(schedule: Schedule, instant: Date): Date | undefined {
  if (schedule.dates) return nearestDate(schedule, instant.getTime(), (date, place) => date <= place, Math.max);
  const clock = clockOf(schedule);
  const { zone } = clock;
  // Croner searches strictly before.
  const behind = instant.getTime() + 1_000;
  const { cron: walls, isHourly } = wallsOf(clock);
  if (zone === 'UTC') return walls.previousRuns(1, new Date(behind))[0];
  if (isHourly) return parse(clock, zone).previousRuns(1, new Date(behind))[0];
  let [wall] = walls.previousRuns(1, new Date(lastShown(zone, instant.getTime()) + 1_000));
  for (; wall; [wall] = walls.previousRuns(1, wall)) {
    const last = instantOf(zone, wall.getTime());
    if (last <= instant.getTime()) return new Date(last);
  }
  return undefined;
}

/** The dates of the schedule from this time on (inclusive), in order. A list of dates is sorted once. */
export function* datesFrom(schedule: Schedule, instant: Date): Generator<Date, void> {
  if (!schedule.dates) {
    let date = nextAfter(schedule, new Date(instant.getTime() - 1));
    for (; date; date = nextAfter(schedule, date)) yield date;
    return;
  }
  const zone = zoneNamed(schedule.timezone ?? 'UTC') ?? 'UTC';
  const [walls, fixed]: [number[], number[]] = [[], []];
  for (const text of schedule.dates) {
    const date = instantIn(text, 'UTC');
    if (date !== undefined) (hasDistance(text) ? fixed : walls).push(date);
  }
  for (const list of [walls, fixed]) list.sort((a, b) => a - b);
  const start = instant.getTime();
  let after = start - 1;
  const shown = lastShown(zone, after);
  let [i, j] = [walls.findIndex((wall) => wall > shown), fixed.findIndex((date) => date >= start)];
  if (i < 0) i = walls.length;
  if (j < 0) j = fixed.length;
  for (let wall: number | undefined; i < walls.length || j < fixed.length; ) {
    wall ??= i < walls.length ? instantOf(zone, walls[i]!) : Number.POSITIVE_INFINITY;
    const next = Math.min(wall, fixed[j] ?? Number.POSITIVE_INFINITY);
    if (next === wall) {
      i += 1;
      wall = undefined;
    }
    if (next === fixed[j]) j += 1;
    // Two local times of a skipped hour are one instant.
    if (next > after) yield new Date(next);
    after = Math.max(after, next);
  }
}
