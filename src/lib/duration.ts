const secondsOf = { D: 86_400, H: 3_600, M: 60, S: 1 };

/**
 * Parses an ISO 8601 duration of weeks, days, hours, minutes and seconds (with or without a fraction) into seconds.
 * Months and years have no fixed length. Returns undefined for other texts.
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
export function formatDuration(seconds: number): string {
  let rest = Math.floor(seconds);
  const take = (unit: number) => {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    return count;
  };
  const days = take(secondsOf.D);
  const time = [take(secondsOf.H), take(secondsOf.M), rest].map((n, i) => (n > 0 ? `${n}${'HMS'[i]}` : '')).join('');
  return days === 0 && time === '' ? 'PT0S' : `P${days > 0 ? `${days}D` : ''}${time ? `T${time}` : ''}`;
}
