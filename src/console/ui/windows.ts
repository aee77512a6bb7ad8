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
