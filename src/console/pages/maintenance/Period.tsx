import { useRef } from 'react';
import { useVersion } from '../../relay/refresh.ts';
import type { Values } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { inputValue, instantOf } from '../../ui/local-time.ts';
import { Moment } from '../../ui/Time.tsx';

export interface Period {
  readonly startsAt: string;
  readonly endsAt: string | null | undefined;
}

const minuteMs = 60_000;

/** The time of the last change on the page, to the minute: what was just created is in effect then. */
export function useNow(): string {
  const version = useVersion();
  const last = useRef<{ readonly version: number; readonly at: string }>(undefined);
  if (last.current?.version !== version)
    last.current = { version, at: new Date(Math.ceil(Date.now() / minuteMs) * minuteMs).toISOString() };
  return last.current.at;
}

export type Phase = 'planned' | 'now' | 'over';

export function phaseOf({ startsAt, endsAt }: Period, now: number): Phase {
  if (endsAt != null && Date.parse(endsAt) <= now) return 'over';
  return Date.parse(startsAt) > now ? 'planned' : 'now';
}

/** From when until when. */
export const InWords = ({ startsAt, endsAt }: Period) => (
  <span className="sub">
    <Moment at={startsAt} /> – {endsAt == null ? 'no end' : <Moment at={endsAt} />}
  </span>
);

/** The two fields of a form for a period. @param period of the object that is changed. */
export const PeriodFields = ({ period }: { period?: Period | undefined }) => (
  <div className="form-pair">
    <TextField
      name="startsAt"
      label="From"
      type="datetime-local"
      isOptional
      hint={period ? undefined : 'Empty for now.'}
      value={period && inputValue(period.startsAt)}
    />
    <TextField
      name="endsAt"
      label="Until"
      type="datetime-local"
      isOptional
      hint="Empty for no end. Times are in the zone of this browser."
      value={period?.endsAt == null ? undefined : inputValue(period.endsAt)}
    />
  </div>
);

/** The period of a new object. */
export const newPeriod = (values: Values) => ({
  ...(values.text('startsAt') !== undefined && { startsAt: instantOf(values.text('startsAt')) }),
  ...(values.text('endsAt') !== undefined && { endsAt: instantOf(values.text('endsAt')) }),
});

/** What a form changes of a period. The fields show minutes, so an unchanged one keeps its seconds. */
export function changedPeriod(values: Values, { startsAt, endsAt }: Period) {
  const [start, end] = [values.text('startsAt'), values.text('endsAt')];
  const isSame = (value: string | undefined, before: string | null | undefined) =>
    value === (before == null ? undefined : inputValue(before));
  return {
    ...(start !== undefined && !isSame(start, startsAt) && { startsAt: instantOf(start) }),
    ...(!isSame(end, endsAt) && { endsAt: instantOf(end) ?? null }),
  };
}
