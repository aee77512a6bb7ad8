import { describe, expect, it } from 'vitest';
import plugin from '../../plugins/change-window.ts';
import { accepts, prepared } from '../../src/policy/testing.ts';

const office = {
  namespaces: ['billing'],
  timeZone: 'Europe/Berlin',
  windows: [{ days: ['MON', 'TUE', 'WED', 'THU', 'FRI'], from: '09:00', to: '17:00' }],
};
const at = (text: string) => ({ now: new Date(text) });

describe('change-window', () => {
  it('opens and closes by local time, with an exclusive end', async () => {
    const { leaves } = await prepared(plugin, { rules: [office] });
    const open = (text: string) => leaves(at(text), { namespace: 'billing.eu' });
    // Monday 1 June 2026. Berlin is two hours ahead of UTC in summer.
    expect(open('2026-06-01T06:59:59Z')).toBe(false);
    expect(open('2026-06-01T07:00:00Z')).toBe(true);
    expect(open('2026-06-01T14:59:59Z')).toBe(true);
    expect(open('2026-06-01T15:00:00Z')).toBe(false);
    expect(open('2026-06-06T09:00:00Z')).toBe(false);
    // In winter it is one hour.
    expect(open('2026-01-05T07:30:00Z')).toBe(false);
    expect(open('2026-01-05T08:00:00Z')).toBe(true);
  });

  it('handles the missing hour of the change to summer time and the repeated hour of the change back', async () => {
    const night = { ...office, windows: [{ days: ['SUN'], from: '02:00', to: '03:00' }] };
    const { leaves } = await prepared(plugin, { rules: [night] });
    const open = (text: string) => leaves(at(text), { namespace: 'billing' });
    // 29 March 2026: 02:00 to 03:00 does not exist in Berlin.
    for (const minute of ['00:59', '01:00', '01:30']) expect(open(`2026-03-29T${minute}:00Z`)).toBe(false);
    // 25 October 2026: this hour occurs twice and is open both times.
    for (const minute of ['00:00', '00:59', '01:00', '01:59']) expect(open(`2026-10-25T${minute}:00Z`)).toBe(true);
    expect(open('2026-10-25T02:00:00Z')).toBe(false);
  });

  it('applies each rule to its namespaces and their descendants', async () => {
    const always = { namespaces: ['sales'], timeZone: 'UTC', windows: [{ days: ['MON'], from: '00:00', to: '24:00' }] };
    const { leaves } = await prepared(plugin, { rules: [office, always] });
    const monday = at('2026-06-01T23:59:00Z');
    expect(
      ['billing', 'billing.x', 'billingx', 'bill', 'sales', 'sales.x'].map((namespace) =>
        leaves(monday, { namespace }),
      ),
    ).toEqual([false, false, true, true, true, true]);
    const tuesday = at('2026-06-02T12:00:00Z');
    expect(['billing', 'sales', 'sales.x', 'salesx'].map((namespace) => leaves(tuesday, { namespace }))).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  it('states how long its answer holds, and abstains without rules', async () => {
    const { verdict } = await prepared(plugin, { rules: [office] });
    expect(verdict(at('2026-06-01T20:00:30Z'))).toMatchObject({
      effect: 'deny',
      reason: 'the time is outside the change window',
      until: new Date('2026-06-01T20:01:00Z'),
    });
    expect((await prepared(plugin, {})).verdict(at('2026-06-01T20:00:30Z'))).toEqual({ effect: 'abstain' });
  });

  it('rejects invalid settings', () => {
    const bad = [
      { timeZone: 'Berlin' },
      { windows: [] },
      { namespaces: [''] },
      { windows: [{ days: ['MON'], from: '17:00', to: '09:00' }] },
      { windows: [{ days: ['Monday'], from: '09:00', to: '17:00' }] },
      { windows: [{ days: ['MON'], from: '9:00', to: '25:00' }] },
    ];
    for (const change of bad) expect(accepts(plugin, { rules: [{ ...office, ...change }] })).toBe(false);
    expect(accepts(plugin, { rules: [office] })).toBe(true);
  });
});
