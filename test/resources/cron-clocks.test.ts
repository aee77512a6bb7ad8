import { CronPattern } from 'croner';
import { describe, expect, it } from 'vitest';
import { lastUpTo, nextAfter } from '../../src/resources/orchestration/trigger/cron.ts';
import { instantIn } from '../../src/resources/orchestration/trigger/zone.ts';

const minute = 60_000;
const days = 86_400_000;
const soak = process.env['SOAK'] === '1';
const zones = ['Europe/Paris', 'America/Chicago', 'Australia/Lord_Howe', 'Asia/Kolkata', 'Africa/Casablanca'];
const crons = ['0,30 2 * * *', '0 1,13 * * *', '*/15 0-3 * * *', '15 1 * * 0', '30 0 * * *', '0 */2 * * *'];
// Days on which the clocks of these zones change.
const starts = ['2026-03-07', '2026-03-28', '2026-10-24', '2026-10-31', '2026-04-04', '2026-10-03', '2026-02-14'];

/**
 * Simulates the local time of a zone minute by minute: an expression fires when the clock shows its time or has skipped
 * it.
 */
function walked(cron: string, zone: string, start: number): number[] {
  const numeric = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', ...numeric });
  const wallAt = (instant: number): number => {
    const part = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    return Date.UTC(part['year']!, part['month']! - 1, part['day'], part['hour'], part['minute']);
  };
  const pattern = new CronPattern(cron, 'UTC', { mode: '5-part' });
  const fires = (wall: number): boolean => {
    const date = new Date(wall);
    const isOnDay = pattern.starDOW || Boolean(pattern.dayOfWeek[date.getUTCDay()]);
    return Boolean(pattern.minute[date.getUTCMinutes()] && pattern.hour[date.getUTCHours()]) && isOnDay;
  };
  const found: number[] = [];
  let shown = wallAt(start - days);
  for (let at = start - days + minute; at < start + 3 * days; at += minute) {
    const wall = wallAt(at);
    let hit = false;
    for (; shown < wall; shown += minute) hit ||= fires(shown + minute);
    if (hit && at > start) found.push(at);
  }
  return found;
}

describe('a schedule in a time zone', () => {
  it('fires once for each local time that the clocks show or skip, in both directions', () => {
    let compared = 0;
    for (const [z, timezone] of zones.entries())
      for (const [c, cron] of crons.entries())
        for (const [s, day] of starts.entries()) {
          if (!soak && (z + c + s) % 7 !== 0) continue;
          const start = Date.parse(`${day}T00:00:00Z`);
          const wanted = walked(cron, timezone, start);
          const found: number[] = [];
          for (let now = new Date(start); ; ) {
            now = nextAfter({ cron, timezone }, now)!;
            if (now.getTime() >= start + 3 * days) break;
            found.push(now.getTime());
          }
          expect([timezone, cron, day, found]).toEqual([timezone, cron, day, wanted]);
          const back = wanted.slice(1).map((at) => lastUpTo({ cron, timezone }, new Date(at - 1_000))?.getTime());
          expect([timezone, cron, day, back]).toEqual([timezone, cron, day, wanted.slice(0, -1)]);
          compared += wanted.length;
        }
    expect(compared).toBeGreaterThan(100);
  });

  it('skips the repeated hour quickly, also if it fires every second', () => {
    const schedule = { cron: '* * 0-22 * * *', timezone: 'Europe/Paris', withSeconds: true };
    const put = Date.parse('2026-10-25T01:00:00Z');
    const iso = (date?: Date) => date?.toISOString();
    const start = performance.now();
    for (const at of [put, put + 1_500, put + 1_800_000, put + 3_599_999]) {
      expect(iso(nextAfter(schedule, new Date(at)))).toBe('2026-10-25T02:00:00.000Z');
      expect(iso(lastUpTo(schedule, new Date(at)))).toBe('2026-10-25T00:59:59.000Z');
    }
    // Each of these checked the 3,600 seconds of that hour.
    for (let i = 0; i < 20; i += 1) nextAfter(schedule, new Date(put + i));
    for (let i = 0; i < 20; i += 1) lastUpTo(schedule, new Date(put + days / 2 + i));
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(iso(nextAfter(schedule, new Date(put - 2_000)))).toBe('2026-10-25T00:59:59.000Z');
    expect(iso(lastUpTo(schedule, new Date(put + 3_600_000)))).toBe('2026-10-25T02:00:00.000Z');
  });

  it('finds the same for a list of dates as for each date, in a time that does not depend on the cost of the zone', () => {
    const clocks = (from: string, count: number, stepMs: number) =>
      Array.from({ length: count }, (_, i) => new Date(Date.parse(from) + i * stepMs).toISOString().slice(0, 16));
    for (const timezone of ['Europe/Paris', 'Australia/Lord_Howe', 'America/Chicago'])
      for (const day of starts) {
        const begin = Date.parse(`${day}T00:00:00Z`);
        const dates = [...clocks(`${day}T00:00Z`, 60, 25 * minute), `${day}T01:10:00+01:00`, `${day}T16:05Z`];
        const instants = dates.map((date) => instantIn(date, timezone)!);
        for (let at = begin; at < begin + days; at += 17 * minute) {
          const later = instants.filter((instant) => instant > at);
          const next = nextAfter({ dates, timezone }, new Date(at));
          expect(next?.getTime()).toBe(later.length === 0 ? undefined : Math.min(...later));
          const earlier = instants.filter((instant) => instant <= at);
          const last = lastUpTo({ dates, timezone }, new Date(at));
          expect(last?.getTime()).toBe(earlier.length === 0 ? undefined : Math.max(...earlier));
        }
      }
    const many = { dates: clocks('2026-01-01T00:00Z', 30_000, minute), timezone: 'Europe/Paris' };
    const start = performance.now();
    for (let i = 0; i < 5; i += 1) nextAfter(many, new Date('2026-01-10T00:00:00Z'));
    expect(performance.now() - start).toBeLessThan(1_500);
  });
});
