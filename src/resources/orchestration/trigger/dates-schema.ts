import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { inTurn } from '../flow/reading.ts';
import { datesFrom, type Schedule } from './cron.ts';
import { scheduleOf } from './due.ts';

const maxDates = 1_000;

interface Dates {
  readonly dates: readonly Date[];
  readonly hasMore: boolean;
}
const DatesRef = builder.objectRef<Dates>('TriggerDates').implement({
  description: 'Dates of a schedule.',
  fields: (t) => ({
    dates: t.field({ type: ['DateTime'], description: 'The dates, in order.', resolve: ({ dates }) => [...dates] }),
    hasMore: t.exposeBoolean('hasMore', { description: 'True if more dates follow before the end.' }),
  }),
});

/** The dates of a schedule from a time to an end, both inclusive. */
function datesOf(schedule: Schedule, from: Date, until: Date | null, first: number): Dates {
  const dates: Date[] = [];
  for (const date of datesFrom(schedule, from)) {
    if (until && date > until) break;
    if (dates.length === first) return { dates, hasMore: true };
    dates.push(date);
  }
  return { dates, hasMore: false };
}

builder.prismaObjectField('Trigger', 'dates', (t) =>
  t.field({
    type: DatesRef,
    nullable: true,
    description:
      'Dates on which a schedule is due, whether or not it is disabled: the next ones, or those that a backfill would run. Null for other kinds of triggers.',
    columns: ['kind', 'definition'],
    args: {
      from: t.arg({ type: 'DateTime', description: 'Start, inclusive. Defaults to now.' }),
      until: t.arg({ type: 'DateTime', description: 'End, inclusive. Omit for no end.' }),
      first: t.arg.int({ description: `Max number of dates (default 10, at most ${maxDates}).` }),
    },
    resolve: ({ kind, definition }, { from, until, first }, context) => {
      const limit = first ?? 10;
      if (limit < 1 || limit > maxDates) throw badInput(['first'], `first must be 1 to ${maxDates}.`);
      if (kind !== 'SCHEDULE') return null;
      const schedule = scheduleOf({ kind, definition });
      return inTurn(() => datesOf(schedule, from ?? new Date(), until ?? null, limit), context);
    },
  }),
);
