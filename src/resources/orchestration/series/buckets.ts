import { badInput } from '../../../errors.ts';
import { timeZoneFault, zoneNamed } from '../trigger/zone.ts';

export const units = ['HOUR', 'DAY', 'WEEK'] as const;
export type Unit = (typeof units)[number];

/** Max buckets of a series. */
const maxBuckets = 1_000;
const hourMs = 3_600_000;
/** Number of periods of a series without `from`. */
const standard: Record<Unit, number> = { HOUR: 24, DAY: 7, WEEK: 12 };

export interface SeriesInput {
  readonly from?: Date | null | undefined;
  readonly until?: Date | null | undefined;
  readonly by?: Unit | null | undefined;
  readonly zone?: string | null | undefined;
}

/** Consecutive periods: each begins with a start and ends at the next one, the last at `until`. */
export interface Buckets {
  readonly by: Unit;
  readonly starts: readonly Date[];
  readonly until: Date;
  /** True if all begin and end at full hours (UTC). */
  readonly areWholeHours: boolean;
  /** True if all begin and end at midnight (UTC). */
  readonly areWholeDays: boolean;
}

/** The start of the period of a time, in a zone. Weeks begin on Monday. */
function startOf(at: Date, by: Unit, zone: string): Temporal.ZonedDateTime {
  const local = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone);
  if (by === 'HOUR') return local.round({ smallestUnit: 'hour', roundingMode: 'floor' });
  const day = local.startOfDay();
  return by === 'DAY' ? day : day.subtract({ days: day.dayOfWeek - 1 }).startOfDay();
}

const next = (start: Temporal.ZonedDateTime, by: Unit): Temporal.ZonedDateTime =>
  by === 'HOUR' ? start.add({ hours: 1 }) : start.add({ days: by === 'DAY' ? 1 : 7 }).startOfDay();

/** The start of the standard number of periods up to an end. */
function firstOf(end: Date, by: Unit, zone: string): Date {
  const last = startOf(new Date(end.getTime() - 1), by, zone);
  const before = standard[by] - 1;
  const first =
    by === 'HOUR'
      ? last.subtract({ hours: before })
      : last.subtract({ days: before * (by === 'DAY' ? 1 : 7) }).startOfDay();
  return new Date(first.epochMilliseconds);
}

/**
 * The periods of a series. The first contains `from`, and the last contains the time before `until`.
 * @throws BAD_INPUT for an unknown zone, an end before the start, or too many periods.
 */
export function bucketsOf({ from, until, by: unit, zone: name }: SeriesInput, now: Date): Buckets {
  const by = unit ?? 'DAY';
  const fault = name == null ? undefined : timeZoneFault(name);
  if (fault !== undefined) throw badInput(['zone'], fault);
  const zone = zoneNamed(name ?? 'UTC')!;
  const end = until ?? now;
  const begin = from ?? firstOf(end, by, zone);
  if (end <= begin) throw badInput([from == null ? 'until' : 'from'], 'The series ends before it starts.');
  const starts: Date[] = [];
  let start = startOf(begin, by, zone);
  for (; start.epochMilliseconds < end.getTime(); start = next(start, by)) {
    if (starts.length === maxBuckets)
      throw badInput(['from'], `A series can have at most ${maxBuckets} periods. Shorten it, or use longer periods.`);
    starts.push(new Date(start.epochMilliseconds));
  }
  const last = new Date(start.epochMilliseconds);
  const all = [...starts, last].map((at) => at.getTime());
  return {
    by,
    starts,
    until: last,
    areWholeHours: all.every((at) => at % hourMs === 0),
    areWholeDays: all.every((at) => at % (24 * hourMs) === 0),
  };
}
