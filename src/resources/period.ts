import { badInput } from '../errors.ts';

/** A time for which something is in effect: from its start until its end, if it has one. */
export interface Period {
  readonly startsAt: Date;
  readonly endsAt: Date | null;
}
export interface PeriodInput {
  readonly startsAt?: Date | null | undefined;
  readonly endsAt?: Date | null | undefined;
}

/** @throws BAD_INPUT if the end is not after the start. */
export function assertPeriod({ startsAt, endsAt }: Period): void {
  if (endsAt && endsAt <= startsAt) throw badInput(['input', 'endsAt'], 'The end must be after the start.');
}

/** Rows whose period includes a time. */
export const during = (at: Date) => ({ startsAt: { lte: at }, OR: [{ endsAt: null }, { endsAt: { gt: at } }] });

/** The columns of a change. An omitted start is kept, as is an omitted end; null removes the end. */
export const changedPeriod = ({ startsAt, endsAt }: PeriodInput): Partial<Period> => ({
  ...(startsAt != null && { startsAt }),
  ...(endsAt !== undefined && { endsAt }),
});
