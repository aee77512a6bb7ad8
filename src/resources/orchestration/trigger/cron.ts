import { Cron, CronPattern } from 'croner';
import { hasDay } from './cron-days.ts';
import { hasDistance, instantIn, instantOf, lastShown, zoneNamed } from './zone.ts';

/** The parts of a schedule that say when, as a source has them. */
export interface Schedule {
  readonly cron?: string | null;
  /** Dates, instead of a cron expression; without a distance from UTC, by the clocks of `timezone`. */
  readonly dates?: readonly string[] | null;
  /** UTC where it is left out. */
  readonly timezone?: string | null;
  /** Does the expression begin with seconds? */
  readonly withSeconds?: boolean | null;
}

/** `0/15` is read as the orchestrator reads it: from 0 on, every 15. */
const optionsOf = (cron: string, withSeconds: boolean) =>
  ({
    mode: cron.startsWith('@') ? 'auto' : withSeconds ? '6-part' : '5-part',
    sloppyRanges: true,
  }) as const;

/** A part such as /15 says no beginning: the orchestrator does not take it. */
const hasNoBeginning = (cron: string): boolean => /(^|[\s,])\//.test(cron);

/** Does the expression say seconds? undefined: it is a word such as @daily. */
export const hasSeconds = (cron: string): boolean | undefined =>
  cron.startsWith('@') ? undefined : cron.trim().split(/\s+/).length === 6;

/** What is wrong with an expression; undefined where nothing is. One that never fires is wrong. */
export function cronFault(cron: string): string | undefined {
  if (cron.length > 200) return 'A cron expression has at most 200 characters.';
  if (hasNoBeginning(cron)) return 'This is no cron expression: a step follows a beginning, as in 0/15 or */15.';
  // With seconds or without: which of the two is meant, the trigger says elsewhere.
  const withSeconds = hasSeconds(cron) ?? false;
  try {
    if (hasDay(new CronPattern(cron, 'UTC', optionsOf(cron, withSeconds)))) return undefined;
    return `The cron expression ${cron} never fires.`;
  } catch (error) {
    return `This is no cron expression: ${(error as Error).message.replace(/^\w+: /, '')}.`;
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

/** An expression by the clocks of no zone. */
interface Walls {
  readonly cron: Cron;
  /** One for every hour goes on every hour, whatever is done to the clocks. */
  readonly isHourly: boolean;
}
const known = new Map<string, Walls>();
const maxKnown = 2_000;

function wallsOf(clock: Clock): Walls {
  const { cron, withSeconds } = clock;
  const key = `${withSeconds} ${cron}`;
  let walls = known.get(key);
  if (!walls) {
    const { hour } = new CronPattern(cron, 'UTC', optionsOf(cron, withSeconds));
    walls = { cron: parse(clock, 'UTC'), isHourly: hour.every(Boolean) };
    if (known.size >= maxKnown) known.clear();
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
 * The first instant of the schedule behind this one; undefined where there is none.
 * Each time that the clocks of the zone show comes once: what falls into the hour that is left out in spring comes at its
 * end, what stands in the hour that comes twice in autumn comes the first time. Expressions for every hour follow the
 * hours as they pass.
 */
export function nextAfter(schedule: Schedule, instant: Date): Date | undefined {
  if (schedule.dates) return nearestDate(schedule, instant.getTime(), (date, place) => date > place, Math.min);
  const clock = clockOf(schedule);
  const { zone } = clock;
  const { cron: walls, isHourly } = wallsOf(clock);
  if (zone === 'UTC') return walls.nextRun(instant) ?? undefined;
  if (isHourly) return parse(clock, zone).nextRun(instant) ?? undefined;
  // Of the clocks' own times, as if they were UTC: the order is that of their instants.
  for (let wall = walls.nextRun(new Date(lastShown(zone, instant.getTime()))); wall; wall = walls.nextRun(wall)) {
    const next = instantOf(zone, wall.getTime());
    if (next > instant.getTime()) return new Date(next);
  }
  return undefined;
}

/** The last instant of the schedule before this one, or at it; undefined where there is none. */
export function lastUpTo(schedule: Schedule, instant: Date): Date | undefined {
  if (schedule.dates) return nearestDate(schedule, instant.getTime(), (date, place) => date <= place, Math.max);
  const clock = clockOf(schedule);
  const { zone } = clock;
  // Croner looks strictly before.
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
