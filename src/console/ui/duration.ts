const units: readonly (readonly [string, number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** Seconds of an ISO 8601 duration. */
export function secondsOf(duration: string): number {
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] =
    /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/.exec(duration) ?? [];
  return Number(days) * 86_400 + Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
}

/** P1DT2H → 1 day 2 hours */
export function durationInWords(duration: string): string {
  let left = secondsOf(duration);
  const parts = units.flatMap(([name, size]) => {
    const count = size === 1 ? Math.round(left * 10) / 10 : Math.floor(left / size);
    left -= count * size;
    return count === 0 ? [] : [`${count.toLocaleString()} ${name}${count === 1 ? '' : 's'}`];
  });
  return parts.slice(0, 2).join(' ') || '0 seconds';
}

const two = (value: number): string => String(value).padStart(2, '0');

/** 0.0123 → 12ms, 23.4 → 23.4s, 130 → 2m 10s, 90_000 → 1d 1h */
export function shortDuration(seconds: number): string {
  if (seconds < 1) return seconds === 0 ? '0s' : `${Math.max(1, Math.round(seconds * 1_000))}ms`;
  if (seconds < 59.95) return `${Math.round(seconds * 10) / 10}s`;
  const whole = Math.round(seconds);
  if (whole < 3_600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)}h ${two(Math.floor((whole % 3_600) / 60))}m`;
  return `${Math.floor(whole / 86_400)}d ${Math.floor((whole % 86_400) / 3_600)}h`;
}
