import { Cron, CronPattern } from 'croner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cronFault } from '../../src/resources/orchestration/trigger/cron.ts';
import { hasDay } from '../../src/resources/orchestration/trigger/cron-days.ts';

const dates = ['*', '30', '31', '29', '30,31', '1W', '31W', '30W', 'L', 'LW', '1-7', '29-31', '5', '6W,31', '15W'];
const months = ['*', '2', '2,4', '2,4,6,9,11', '11', 'feb', '1-3', '*/2'];
const weekdays = ['*', '+1', '+6', '1', '+sat', '+1#5', '1#5', '+5L', '7L', '+0', '+mon-fri', '+sun#1', '+1#2'];

describe('a cron expression that never fires', () => {
  it('is detected exactly where croner finds no date', () => {
    const from = new Date('2026-05-05T00:00:00Z');
    const expressions = fc
      .tuple(fc.constantFrom(...dates), fc.constantFrom(...months), fc.constantFrom(...weekdays))
      .map((parts) => `0 0 ${parts.join(' ')}`);
    fc.assert(
      fc.property(expressions, (expression) => {
        const cron = new Cron(expression, { paused: true, timezone: 'UTC', mode: '5-part' });
        const pattern = new CronPattern(expression, 'UTC', { mode: '5-part' });
        expect(hasDay(pattern), expression).toBe(cron.nextRun(from) !== null);
      }),
      { numRuns: process.env['SOAK'] === '1' ? 20_000 : 150 },
    );
  });

  it('is detected quickly', () => {
    const started = performance.now();
    for (let minute = 0; minute < 500; minute += 1)
      expect(cronFault(`${minute % 60} ${minute % 24} 30 2 +1`)).toContain('never fires');
    expect(performance.now() - started).toBeLessThan(500);
  });
});
