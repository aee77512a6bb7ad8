const secondsOf = { D: 86_400, H: 3_600, M: 60, S: 1 };

/**
 * Parses an ISO 8601 duration of weeks, days, hours, minutes and seconds (with or without a fraction) into seconds.
 * Months and years have no fixed length. Returns undefined for other texts. Temporal.Duration is not used here, because
 * it also reads `PT1H1H`, signs, and fractions of hours.
 */
export function secondsIn(text: string): number | undefined {
  const match = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d{1,9})?)S)?)?$/.exec(text);
  if (!match || text === 'P') return undefined;
  const [, w = '0', d = '0', h = '0', m = '0', s = '0'] = match;
  return (
    (Number(w) * 7 + Number(d)) * secondsOf.D +
    Number(h) * secondsOf.H +
    Number(m) * secondsOf.M +
    Number(s.replace(',', '.'))
  );
}

/** Formats seconds (without their fraction) as an ISO 8601 duration of days, hours, minutes and seconds. */
export const formatDuration = (seconds: number): string =>
  Temporal.Duration.from({ seconds: Math.floor(seconds) })
    .round({ largestUnit: 'days' })
    .toString();
