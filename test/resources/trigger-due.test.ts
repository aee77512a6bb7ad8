import { describe, expect, it } from 'vitest';
import { cronFault, datesFrom, lastUpTo, nextAfter } from '../../src/resources/orchestration/trigger/cron.ts';
import { dueAfter, firstDue } from '../../src/resources/orchestration/trigger/due.ts';
import { timeZoneFault } from '../../src/resources/orchestration/trigger/zone.ts';

const at = (text: string) => new Date(text);
const next = (schedule: Parameters<typeof nextAfter>[0], from: string, count = 1) => {
  const found: string[] = [];
  for (let now = at(from); found.length < count; ) {
    const date = nextAfter(schedule, now);
    if (!date) break;
    found.push(date.toISOString().replace('.000', ''));
    now = date;
  }
  return found;
};

describe('when a schedule is due', () => {
  it('follows the local time of its zone across changes of the clocks', () => {
    const berlin = { cron: '30 2 * * *', timezone: 'Europe/Berlin' };
    // 02:30 does not exist on 29 March 2026: the day is not skipped.
    expect(next(berlin, '2026-03-28T00:00:00Z', 3)).toEqual([
      '2026-03-28T01:30:00Z',
      '2026-03-29T01:00:00Z',
      '2026-03-30T00:30:00Z',
    ]);
    // 02:30 occurs twice on 25 October 2026: it fires once.
    expect(next(berlin, '2026-10-24T12:00:00Z', 2)).toEqual(['2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z']);
    // A half-hourly schedule continues every half an hour.
    expect(next({ cron: '*/30 * * * *', timezone: 'Europe/Berlin' }, '2026-10-24T23:59:00Z', 5)).toEqual([
      '2026-10-25T00:00:00Z',
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:00:00Z',
      '2026-10-25T01:30:00Z',
      '2026-10-25T02:00:00Z',
    ]);
    expect(next({ cron: '0 9 * * *', timezone: 'America/New_York' }, '2026-03-07T15:00:00Z', 2)).toEqual([
      '2026-03-08T13:00:00Z',
      '2026-03-09T13:00:00Z',
    ]);
  });

  it.each([
    // Clocks forward: skipped times fire at the end of the gap, all at once.
    ['0,30 2 * * *', 'Europe/Paris', '2026-03-28T12:00:00Z', ['2026-03-29T01:00:00Z', '2026-03-30T00:00:00Z']],
    ['0 2,14 * * *', 'America/Chicago', '2026-03-08T00:00:00Z', ['2026-03-08T08:00:00Z', '2026-03-08T19:00:00Z']],
    // Clocks back: a repeated time fires once.
    [
      '0,30 2 * * *',
      'Europe/Paris',
      '2026-10-24T12:00:00Z',
      ['2026-10-25T00:00:00Z', '2026-10-25T00:30:00Z', '2026-10-26T01:00:00Z'],
    ],
    [
      '0 1,13 * * *',
      'America/Chicago',
      '2026-10-31T21:00:00Z',
      ['2026-11-01T06:00:00Z', '2026-11-01T19:00:00Z', '2026-11-02T07:00:00Z'],
    ],
    [
      '0 1-3 * * *',
      'America/Chicago',
      '2026-11-01T00:00:00Z',
      ['2026-11-01T06:00:00Z', '2026-11-01T08:00:00Z', '2026-11-01T09:00:00Z'],
    ],
    [
      '15 * * * *',
      'America/Chicago',
      '2026-11-01T06:00:00Z',
      ['2026-11-01T06:15:00Z', '2026-11-01T07:15:00Z', '2026-11-01T08:15:00Z'],
    ],
  ])('fires at each local time once: %s in %s', (cron, timezone, from, wanted) => {
    expect(next({ cron, timezone }, from, wanted.length)).toEqual(wanted);
    // The same backwards.
    const last = wanted.at(-1)!;
    const before = (text: string) => lastUpTo({ cron, timezone }, new Date(Date.parse(text) - 1_000));
    const backwards = wanted.slice(1).map((text) => before(text)?.toISOString().replace('.000', ''));
    expect(backwards).toEqual(wanted.slice(0, -1));
    expect(lastUpTo({ cron, timezone }, at(last))).toEqual(at(last));
  });

  it('reads dates without an offset in its zone, whatever the zone of the process', () => {
    const dates = ['2026-07-01T09:00:00', '2026-01-01 09:00', '2026-05-01T09:00:00+05:30', '2026-06-01'];
    const zone = process.env['TZ'];
    for (const own of ['UTC', 'Asia/Tokyo']) {
      process.env['TZ'] = own;
      expect(next({ dates, timezone: 'Europe/Paris' }, '2025-01-01T00:00:00Z', 4)).toEqual([
        '2026-01-01T08:00:00Z',
        '2026-05-01T03:30:00Z',
        '2026-05-31T22:00:00Z',
        '2026-07-01T07:00:00Z',
      ]);
      expect(next({ dates: dates.slice(0, 1) }, '2025-01-01T00:00:00Z')).toEqual(['2026-07-01T09:00:00Z']);
    }
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });

  it('is strictly after a time; the last date up to a time can be that time', () => {
    const daily = { cron: '0 9 * * *' };
    expect(next(daily, '2026-05-05T09:00:00Z')).toEqual(['2026-05-06T09:00:00Z']);
    expect(lastUpTo(daily, at('2026-05-05T09:00:00Z'))).toEqual(at('2026-05-05T09:00:00Z'));
    expect(lastUpTo(daily, at('2026-05-05T08:59:59Z'))).toEqual(at('2026-05-04T09:00:00Z'));
    const dates = { dates: ['2026-01-03T00:00:00Z', '2026-01-01T00:00:00Z'] };
    expect(next(dates, '2025-01-01T00:00:00Z', 5)).toEqual(['2026-01-01T00:00:00Z', '2026-01-03T00:00:00Z']);
    expect(lastUpTo(dates, at('2026-01-02T00:00:00Z'))).toEqual(at('2026-01-01T00:00:00Z'));
  });

  it('lists the same dates as one after the other, also of lists of dates around changes of the clocks', () => {
    let seed = 7;
    const random = (most: number) => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed % most;
    };
    for (const timezone of ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata']) {
      const dates = Array.from({ length: 60 }, () => {
        const [month, day] = [[3, 10, 11][random(3)]!, 1 + random(30)] as const;
        const time = `${String(random(5)).padStart(2, '0')}:${random(2) ? '30' : '00'}`;
        return `2026-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}T${time}:00${random(3) ? '' : '+02:00'}`;
      });
      for (const schedule of [
        { dates, timezone },
        { cron: '30 2 * * *', timezone },
        { cron: '0 * * * *', timezone },
      ])
        for (const from of [
          '2026-01-01T00:00:00Z',
          '2026-03-29T01:00:00Z',
          '2026-10-25T00:30:00Z',
          '2026-11-01T06:15:00Z',
        ]) {
          const expected = next(schedule, new Date(at(from).getTime() - 1).toISOString(), 70);
          const listed = [...datesFrom(schedule, at(from)).take(70)].map((date) =>
            date.toISOString().replace('.000', ''),
          );
          expect(listed, `${timezone} ${from}`).toEqual(expected);
        }
    }
    const many = { dates: Array.from({ length: 20_000 }, (_, i) => new Date(i * 3_600_000).toISOString()) };
    const began = performance.now();
    expect([...datesFrom(many, at('1970-01-01T00:00:00Z')).take(1_000)]).toHaveLength(1_000);
    expect(performance.now() - began).toBeLessThan(500);
  });

  it('requires an expression that fires at all', () => {
    for (const cron of [
      '* * * * *',
      '0/15 * * * *',
      '5/10 8-18 * * *',
      '@daily',
      '@hourly',
      '0 9 * * MON-FRI',
      '*/5 0-6,22 1,15 * *',
      '0 0 L * *',
    ])
      expect([cron, cronFault(cron)]).toEqual([cron, undefined]);
    for (const cron of [
      '',
      'often',
      '61 * * * *',
      '/15 * * * *',
      '0 0 30 2 *',
      '0 0 31 4,6,9,11 *',
      '* * *',
      '0 0 1 1 * 2020',
      'x'.repeat(300),
    ])
      expect([cron, cronFault(cron)]).toEqual([cron, expect.any(String)]);
    expect(timeZoneFault('Europe/Berlin')).toBeUndefined();
    expect(timeZoneFault('Mars/North')).toContain('Mars/North');
    for (const zone of ['GMT+1', 'UTC+2', 'UT-03:30', 'Z', '', '+02:00', '+2', 'EST'])
      expect([zone, timeZoneFault(zone)]).toEqual([zone, undefined]);
    for (const zone of ['GMT+25', 'UTC+', '+1:5']) expect(timeZoneFault(zone)).toContain(zone);
    expect(next({ cron: '0 12 * * *', timezone: 'GMT+1' }, '2026-01-01T00:00:00Z')).toEqual(['2026-01-01T11:00:00Z']);
    expect(next({ cron: '0 12 * * *', timezone: '' }, '2026-01-01T00:00:00Z')).toEqual(['2026-01-01T12:00:00Z']);
    expect(next({ cron: '5/10 8 * * *' }, '2026-01-01T00:00:00Z', 2)).toEqual([
      '2026-01-01T08:05:00Z',
      '2026-01-01T08:15:00Z',
    ]);
  });

  const schedule = (recoverMissedSchedules?: string) => ({
    kind: 'SCHEDULE',
    definition: { cron: '0 * * * *', ...(recoverMissedSchedules && { recoverMissedSchedules }) },
  });
  const evaluated = at('2026-05-05T06:00:00Z');
  const now = at('2026-05-05T09:30:00Z');
  it.each([
    ['ALL', '2026-05-05T07:00:00.000Z'],
    ['LAST', '2026-05-05T09:00:00.000Z'],
    ['NONE', '2026-05-05T10:00:00.000Z'],
    [undefined, '2026-05-05T07:00:00.000Z'],
  ])('recovers missed dates by the rule %s', (rule, wanted) => {
    expect(dueAfter(schedule(rule), evaluated, now)?.toISOString()).toBe(wanted);
    // Without missed dates, all rules are equal.
    expect(dueAfter(schedule(rule), at('2026-05-05T09:00:00Z'), now)?.toISOString()).toBe('2026-05-05T10:00:00.000Z');
    // A trigger that was never evaluated missed nothing.
    expect(dueAfter(schedule(rule), null, now)?.toISOString()).toBe('2026-05-05T10:00:00.000Z');
  });

  it('is at intervals for polling, at once for listening, never for triggers that others start', () => {
    const polling = { kind: 'POLLING', definition: { interval: 'PT5M' } };
    expect(firstDue(polling, now)).toEqual(now);
    expect(dueAfter(polling, now, now)).toEqual(at('2026-05-05T09:35:00Z'));
    expect(dueAfter({ kind: 'POLLING', definition: {} }, now, now)).toEqual(at('2026-05-05T09:31:00Z'));
    expect(firstDue({ kind: 'REALTIME', definition: {} }, now)).toEqual(now);
    expect(firstDue({ kind: 'WEBHOOK', definition: {} }, now)).toBeNull();
    expect(firstDue({ kind: 'FLOW', definition: {} }, now)).toBeNull();
  });
});
