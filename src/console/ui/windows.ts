/** Windows of time up to now, as filters of lists name them. */
export const windows: Readonly<Record<string, { readonly title: string; readonly hours: number }>> = {
  hour: { title: 'Last hour', hours: 1 },
  day: { title: 'Last 24 hours', hours: 24 },
  week: { title: 'Last 7 days', hours: 7 * 24 },
  month: { title: 'Last 30 days', hours: 30 * 24 },
  quarter: { title: 'Last 90 days', hours: 90 * 24 },
  year: { title: 'Last 365 days', hours: 365 * 24 },
};

/** The start of a window. Undefined if there is no such window, so that a list has no start. */
export function startOf(since: string | undefined, now: number): string | undefined {
  const hours = since === undefined ? undefined : windows[since]?.hours;
  return hours === undefined ? undefined : new Date(now - hours * 3_600_000).toISOString();
}

/** The periods in which a chart of a window counts. */
export const unitOf = (since: string | undefined): 'HOUR' | 'DAY' | 'WEEK' => {
  const hours = windows[since ?? '']?.hours ?? 24;
  return hours <= 48 ? 'HOUR' : hours <= 31 * 24 ? 'DAY' : 'WEEK';
};

/** A date of the address; undefined if it is not one. */
export const dateOf = (text: string | undefined): string | undefined => {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
};

export interface Times {
  /** One of `windows`, or `any`. */
  readonly since?: string | undefined;
  readonly from?: string | undefined;
  readonly until?: string | undefined;
}

/**
 * The times of the address, as the API takes them. @param now the time when the view was opened, so that the same view
 * asks the same question.
 */
export function timesOf({ since, from, until }: Times, usual: string, now: number): { from?: string; until?: string } {
  const start = dateOf(from) ?? startOf(since ?? usual, now);
  const end = dateOf(until);
  return { ...(start !== undefined && { from: start }), ...(end !== undefined && { until: end }) };
}

/** The times of a chart, and how long its periods are. */
export function seriesOf(times: Times, usual: string, now: number) {
  const { from = null, until = null } = timesOf(times, usual, now);
  if (times.from === undefined) return { by: unitOf(times.since ?? usual), from, until } as const;
  const hours = ((until === null ? now : Date.parse(until)) - Date.parse(from ?? '')) / 3_600_000;
  return { by: hours <= 72 ? 'HOUR' : hours <= 60 * 24 ? 'DAY' : 'WEEK', from, until } as const;
}

export type SeriesAsked = ReturnType<typeof seriesOf>;
