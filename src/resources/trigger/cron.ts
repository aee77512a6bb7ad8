import { Cron } from 'croner';

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

const zoneNames = new Map<string, boolean>();

export function isTimeZone(name: string): boolean {
  let known = zoneNames.get(name);
  if (known === undefined) {
    try {
      new Intl.DateTimeFormat('en', { timeZone: name });
      known = true;
    } catch {
      known = false;
    }
    if (zoneNames.size < 1_000) zoneNames.set(name, known);
  }
  return known;
}

export const timeZoneFault = (name: string): string | undefined =>
  isTimeZone(name) ? undefined : `${name.slice(0, 100)} is no time zone; a name such as Europe/Berlin is one.`;

const parse = ({ cron = '', timezone = 'UTC', withSeconds }: Schedule): Cron =>
  new Cron(cron, { paused: true, timezone, mode: cron.startsWith('@') ? 'auto' : withSeconds ? '6-part' : '5-part' });

/** Does the expression say seconds? undefined: it is a word such as @daily. */
export const hasSeconds = (cron: string): boolean | undefined =>
  cron.startsWith('@') ? undefined : cron.trim().split(/\s+/).length === 6;

/** What is wrong with an expression; undefined where nothing is. One that never fires is wrong. */
export function cronFault(cron: string): string | undefined {
  if (cron.length > 200) return 'A cron expression has at most 200 characters.';
  // With seconds or without: which of the two is meant, the trigger says elsewhere.
  const withSeconds = hasSeconds(cron) ?? false;
  try {
    if (parse({ cron, withSeconds }).nextRun(new Date()) !== null) return undefined;
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
