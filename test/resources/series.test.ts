import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Execution, Tenant } from '../../src/db/generated/client.ts';
import type { Client } from '../support/client.ts';
import { addExecution, addFlow, addMetric, addTaskRun } from '../support/executions.ts';
import { World } from '../support/world.ts';

const zones = ['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/New_York'];
const units = ['HOUR', 'DAY', 'WEEK'];

describe('series', () => {
  let world: World;
  let main: Tenant;
  let viewer: Client;
  let narrow: Client;
  let all: Execution[];

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    // Around the change to winter time in Europe, one every 3 hours and 7 minutes.
    const first = Date.UTC(2026, 9, 22, 21, 13);
    for (let i = 0; i < 60; i += 1)
      await addExecution(world, main, {
        namespace: ['a', 'a.b', 'ab'][i % 3]!,
        flowId: `f${i % 4}`,
        state: (['SUCCESS', 'FAILED', 'RUNNING'] as const)[i % 7 > 2 ? 0 : i % 7]!,
        startedAt: new Date(first + i * 11_220_000),
        labels: { n: String(i % 2) },
      });
    await world.db.$executeRaw`UPDATE "Execution" SET "durationMs" = (('x' || substr(md5(id), 1, 4))::bit(16)::int)`;
    all = await world.db.execution.findMany({ orderBy: { startedAt: 'asc' } });
    const user = await world.user('viewer', [main]);
    await world.grant(main, user, ['EXECUTION:READ']);
    viewer = await world.as(user);
    const other = await world.user('narrow', [main]);
    await world.grant(main, other, ['EXECUTION:READ'], 'a');
    narrow = await world.as(other);
  });
  afterAll(() => world.close());

  const ask = async (
    variables: Record<string, unknown>,
    client = viewer,
    field = 'executionSeries',
    type = 'ExecutionWhere',
  ) => {
    const document = `query($where: ${type}, $from: DateTime, $until: DateTime, $by: SeriesUnit, $zone: String) { tenant(key: "main") {
      series: ${field}(where: $where, from: $from, until: $until, by: $by, zone: $zone) {
        from until by count states { state count } duration { count p50 p95 p99 } active { state count }
        periods { at count states { state count } duration { count p50 } } } } }`;
    return (await client.ok<any>(document, variables)).tenant.series;
  };
  const from = '2026-10-23T00:30:00Z';
  const until = '2026-10-28T12:00:00Z';

  /** The same by walking along the rows, with the calendar of the runtime. */
  const naive = (rows: readonly { startedAt: Date; state: string }[], by: string, zone: string, begin: string) => {
    const label = (at: Date) => {
      const local = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone);
      if (by === 'HOUR')
        return String(
          Math.floor((at.getTime() + local.offsetNanoseconds / 1e6) / 3_600_000) - local.offsetNanoseconds / 3.6e12,
        );
      const day = local.toPlainDate();
      return String(by === 'DAY' ? day : day.subtract({ days: day.dayOfWeek - 1 }));
    };
    const counted = rows.filter(({ startedAt }) => label(startedAt) === label(new Date(begin)));
    const states = Map.groupBy(counted, ({ state }) => state);
    return [...states]
      .map(([state, { length }]) => ({ state, count: length }))
      .sort((a, b) => (a.state < b.state ? -1 : 1));
  };

  it.each(zones.flatMap((zone) => units.map((by) => [by, zone] as const)))(
    'count by %s in %s as a walk along the rows',
    async (by, zone) => {
      for (const [where, rows] of [
        [{}, all],
        [{ under: 'a' }, all.filter(({ namespace }) => namespace !== 'ab')],
        [{ state: ['FAILED'] }, all.filter(({ state }) => state === 'FAILED')],
        [{ flowId: 'f1' }, all.filter(({ flowId }) => flowId === 'f1')],
        [
          { labels: ['n:1'], not: { namespaceName: 'a' } },
          all.filter((e) => e.namespace !== 'a' && (e.labels as any).n === '1'),
        ],
      ] as const) {
        const series = await ask({ where, by, zone, from, until });
        expect(series.by).toBe(by);
        for (const period of series.periods)
          expect(period.states, `${period.at}`).toEqual(naive(rows, by, zone, period.at));
        const within = rows.filter(
          ({ startedAt }) => startedAt >= new Date(series.from) && startedAt < new Date(series.until),
        );
        expect(series.count).toBe(within.length);
        expect(series.periods.reduce((sum: number, { count }: any) => sum + count, 0)).toBe(within.length);
        // Consecutive, without gap or overlap.
        expect(series.periods[0].at).toBe(series.from);
        expect(new Date(series.from) <= new Date(from) && new Date(series.until) >= new Date(until)).toBe(true);
      }
    },
  );

  it('use the counts by hour and day where they apply, with the same result', async () => {
    const series = () => ask({ from, until, by: 'HOUR' });
    const rolled = await series();
    await world.db.$executeRaw`UPDATE "ExecutionHour" SET count = count * 10`;
    expect((await series()).count).toBe(rolled.count * 10);
    // Half-hour zones and other filters count the rows.
    expect((await ask({ from, until, by: 'HOUR', zone: 'Asia/Kolkata' })).count).toBeLessThan(100);
    expect((await ask({ from, until, by: 'HOUR', where: { text: 'f' } })).count).toBe(rolled.count);
    await world.db.$executeRaw`UPDATE "ExecutionHour" SET count = count / 10`;
  });

  it('have the percentiles of what ended', async () => {
    const { duration, periods } = await ask({ from: '2026-10-01T00:00:00Z', until });
    const ended = all.filter(
      ({ state, startedAt }) => state !== 'RUNNING' && startedAt < new Date('2026-10-29T00:00:00Z'),
    );
    const sorted = ended.map(({ durationMs }) => Number(durationMs)).sort((a, b) => a - b);
    const at = (share: number) => {
      const place = share * (sorted.length - 1);
      const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
      return (low + (high - low) * (place % 1)) / 1_000;
    };
    expect(duration.count).toBe(ended.length);
    for (const [name, share] of [
      ['p50', 0.5],
      ['p95', 0.95],
      ['p99', 0.99],
    ] as const)
      expect(duration[name]).toBeCloseTo(at(share), 6);
    expect(periods.filter((one: any) => one.count === 0).every((one: any) => one.duration === null)).toBe(true);
  });

  it("are within the viewer's reach, also for people whose rights end at a namespace", async () => {
    const own = all.filter(({ namespace }) => namespace !== 'ab');
    const wide = { from: '2026-10-01T00:00:00Z', until: '2026-11-01T00:00:00Z' };
    const series = await ask(wide, narrow);
    expect(series.count).toBe(own.length);
    const running = own.filter(({ state }) => state === 'RUNNING').length;
    expect(series.active).toEqual([{ state: 'RUNNING', count: running }]);
    expect((await ask({ ...wide, where: { under: 'ab' } }, narrow)).count).toBe(0);
    const stranger = await world.as(await world.user('none', [main]));
    expect(await stranger.codes('{ tenant(key: "main") { executionSeries { count } } }')).toEqual(['FORBIDDEN']);
  });

  it('are the same for task runs', async () => {
    for (const execution of all.slice(0, 12)) {
      const { id } = await addTaskRun(world, execution, `t${all.indexOf(execution) % 2}`);
      await world.db.taskRun.update({ where: { id }, data: { startedAt: execution.startedAt } });
    }
    const of = (where: object, client = viewer) =>
      ask(
        { where, from: '2026-10-01T00:00:00Z', until: '2026-11-01T00:00:00Z' },
        client,
        'taskRunSeries',
        'TaskRunWhere',
      );
    expect((await of({})).count).toBe(12);
    expect((await of({}, narrow)).count).toBe(8);
    expect((await of({ text: 'T1' })).count).toBe(6);
    expect((await of({ not: { taskId: 't1' } })).count).toBe(6);
  });

  it('aggregate the metrics of a flow by period, task and name', async () => {
    const flow = await addFlow(world, main, 'a', 'f0');
    const ran = all.filter(({ namespace, flowId }) => namespace === 'a' && flowId === 'f0').slice(0, 4);
    const values = [2, 4, 9, -1];
    for (const [i, execution] of ran.entries())
      for (const [sequence, taskId] of ['one', 'two'].entries()) {
        const { id } = await addMetric(world, execution, sequence, 'rows');
        const at = new Date(Date.UTC(2026, 9, 23 + Math.floor(i / 2), 12));
        await world.db.metric.update({ where: { id }, data: { at, taskId, value: values[i]! * (sequence + 1) } });
      }
    const read = async (select: string, client = viewer) =>
      (await client.ok<any>(`{ tenant(key: "main") { flow(namespaceName: "a", flowId: "f0") { ${select} } } }`)).tenant
        .flow;
    const reader = await world.user('flows', [main]);
    await world.grant(main, reader, ['FLOW:READ', 'EXECUTION:READ']);
    const client = await world.as(reader);
    expect((await read('metricNames { name type taskIds }', client)).metricNames).toEqual([
      { name: 'rows', type: 'COUNTER', taskIds: ['one', 'two'] },
    ]);
    const series = async (args: string) =>
      (
        await read(
          `metricSeries(name: "rows", from: "2026-10-23T00:00:00Z", until: "2026-10-26T00:00:00Z", ${args}) { value }`,
          client,
        )
      ).metricSeries.map(({ value }: any) => value);
    expect(await series('taskId: "one"')).toEqual([3, 4, null]);
    expect(await series('aggregation: SUM')).toEqual([18, 24, null]);
    expect(await series('aggregation: MAX')).toEqual([8, 18, null]);
    expect(await series('aggregation: MIN')).toEqual([2, -2, null]);
    expect(await series('aggregation: COUNT, by: WEEK')).toEqual([8]);
    const flows = await world.user('only flows', [main]);
    await world.grant(main, flows, ['FLOW:READ']);
    const refused = '{ tenant(key: "main") { flow(namespaceName: "a", flowId: "f0") { metricNames { name } } } }';
    expect(await (await world.as(flows)).codes(refused)).toEqual(['FORBIDDEN']);
    expect(flow.flowId).toBe('f0');
  });

  it('name the flows whose newest ended execution failed', async () => {
    const failing = async (client: Client, args = 'from: "2026-01-01T00:00:00Z"') =>
      (
        await client.ok<any>(`{ tenant(key: "main") { failingFlows(${args}) { namespaceName flowId executionId } } }`)
      ).tenant.failingFlows.map((one: any) => `${one.namespaceName}/${one.flowId}`);
    const newest = (rows: readonly Execution[]) => {
      const byFlow = Map.groupBy(
        rows.filter(({ state }) => state !== 'RUNNING'),
        (e) => `${e.namespace}/${e.flowId}`,
      );
      return [...byFlow]
        .map(([flow, list]) => [flow, list.at(-1)!] as const)
        .filter(([, { state }]) => state === 'FAILED')
        .sort(([, a], [, b]) => b.startedAt.getTime() - a.startedAt.getTime())
        .map(([flow]) => flow);
    };
    expect(await failing(viewer)).toEqual(newest(all));
    expect(newest(all).length).toBeGreaterThan(0);
    expect(await failing(narrow)).toEqual(newest(all.filter(({ namespace }) => namespace !== 'ab')));
  });

  it('have a standard number of periods, the current one included', async () => {
    for (const [by, periods] of Object.entries({ HOUR: 24, DAY: 7, WEEK: 12 }))
      for (const zone of ['UTC', 'Asia/Kolkata']) {
        const series = await ask({ by, zone });
        expect(series.periods).toHaveLength(periods);
        expect(new Date(series.periods.at(-1).at) <= new Date() && new Date(series.until) > new Date()).toBe(true);
      }
  });

  it('are refused if they are too long, end before they start, or have an unknown zone', async () => {
    const codes = (args: string) => viewer.codes(`{ tenant(key: "main") { executionSeries(${args}) { count } } }`);
    for (const args of [
      'by: HOUR, from: "2026-01-01T00:00:00Z", until: "2026-03-01T00:00:00Z"',
      'from: "2026-01-02T00:00:00Z", until: "2026-01-01T00:00:00Z"',
      'zone: "Mars/Base"',
      'where: { from: "2026-01-02T00:00:00Z" }',
      'from: "0001-01-01T00:00:00Z"',
    ])
      expect(await codes(args), args).toEqual(['BAD_INPUT']);
  });
});
