import { Cron, CronPattern } from 'croner';
import { hasDay } from './cron-days.ts';

/** The parts of a schedule that say when. */
export interface Schedule {
  readonly cron?: string;
  /** Instants, instead of a cron expression. */
  readonly dates?: readonly string[];
  /** IANA name; UTC where it is left out. */
  readonly timezone?: string;
  /** Does the expression begin with seconds? */
  readonly withSeconds?: boolean;
}

/** The names that were asked for, as the database of time zones writes them; null: there is none. */
const zoneNames = new Map<string, string | null>();

/** One name for each zone, whatever its letters: what is kept for a zone (here and in croner) is kept once. */
function zoneNamed(name: string): string | undefined {
  let known = zoneNames.get(name);
  if (known === undefined) {
    try {
      known = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
    } catch {
      known = null;
    }
    if (zoneNames.size < 1_000) zoneNames.set(name, known);
  }
  return known ?? undefined;
}

export const isTimeZone = (name: string): boolean => zoneNamed(name) !== undefined;

export const timeZoneFault = (name: string): string | undefined =>
  isTimeZone(name) ? undefined : `${name.slice(0, 100)} is no time zone; a name such as Europe/Berlin is one.`;

const modeOf = (cron: string, withSeconds = false) =>
  cron.startsWith('@') ? 'auto' : withSeconds ? '6-part' : '5-part';
const parse = ({ cron = '', timezone = 'UTC', withSeconds }: Schedule): Cron =>
  new Cron(cron, { paused: true, timezone: zoneNamed(timezone) ?? timezone, mode: modeOf(cron, withSeconds) });

/** Does the expression say seconds? undefined: it is a word such as @daily. */
export const hasSeconds = (cron: string): boolean | undefined =>
  cron.startsWith('@') ? undefined : cron.trim().split(/\s+/).length === 6;

/** What is wrong with an expression; undefined where nothing is. One that never fires is wrong. */
export function cronFault(cron: string): string | undefined {
  if (cron.length > 200) return 'A cron expression has at most 200 characters.';
  // With seconds or without: which of the two is meant, the trigger says elsewhere.
  const withSeconds = hasSeconds(cron) ?? false;
  try {
    if (hasDay(new CronPattern(cron, 'UTC', { mode: modeOf(cron, withSeconds) }))) return undefined;
    return `The cron expression ${cron} never fires.`;
  } catch (error) {
    return `This is no cron expression: ${(error as Error).message.replace(/^\w+: /, '')}.`;
  }
}

/**
 * The first instant of the schedule behind this one; undefined where there is none.
 * In a time zone, what falls into the hour that is left out in spring comes at its end; what stands in the hour that
 * comes twice in autumn comes once, save for expressions that say several hours.
 */
export function nextAfter(schedule: Schedule, instant: Date): Date | undefined {
  if (schedule.dates) {
    const dates = schedule.dates.map((date) => Date.parse(date)).filter((date) => date > instant.getTime());
    return dates.length === 0 ? undefined : new Date(Math.min(...dates));
  }
  return parse(schedule).nextRun(instant) ?? undefined;
}

/** The last instant of the schedule before this one, or at it; undefined where there is none. */
export function lastUpTo(schedule: Schedule, instant: Date): Date | undefined {
  if (schedule.dates) {
    const dates = schedule.dates.map((date) => Date.parse(date)).filter((date) => date <= instant.getTime());
    return dates.length === 0 ? undefined : new Date(Math.max(...dates));
  }
  // Croner looks strictly before.
  return parse(schedule).previousRuns(1, new Date(instant.getTime() + 1_000))[0];
}
