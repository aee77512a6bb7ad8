import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { endOf } from '../../src/resources/orchestration/execution/execution-ended.ts';
import { Chance } from '../properties/generate.ts';
import { call } from '../support/call.ts';
import { type Engine, engineOf, history, miscounted, reportOf } from '../support/engine.ts';
import { addFlow, engineId } from '../support/executions.ts';
import { World } from '../support/world.ts';

const seconds = (n: number) => new Date(Date.UTC(2026, 0, 1, 12) + n * 1_000).toISOString();

describe('reports of executions', () => {
  let world: World;
  let main: Tenant;
  let engine: Engine;

  beforeAll(async () => {
    world = await World.create({ gateways: 2 });
    main = await world.tenant('main');
    for (const namespace of ['company.x', 'company.y']) await addFlow(world, main, namespace, 'hello');
    engine = await engineOf(world, main);
  });
  afterAll(() => world.close());
  const stored = (executionId: string) => world.db.execution.findFirst({ where: { executionId } });

  it('create and update an execution with its task runs; older, equal and repeated ones are IGNORED', async () => {
    const id = engineId();
    const run = (sequence: number | undefined, states: string[]) => ({
      taskRunId: 'run1',
      taskId: 'first',
      history: history(states),
      ...(sequence !== undefined && { sequence: String(sequence) }),
    });
    const first = reportOf(id, 3, ['CREATED', 'RUNNING'], {
      inputs: { day: 'monday' },
      labels: { team: 'a', 'system.correlationId': id },
      triggerId: 'daily',
      taskRuns: [run(undefined, ['RUNNING'])],
    });
    expect(await engine.report([first])).toEqual(['APPLIED']);
    expect(await engine.report([first])).toEqual(['IGNORED']);
    expect(await engine.report([reportOf(id, 2, ['CREATED'])])).toEqual(['IGNORED']);
    expect(
      await engine.report([
        reportOf(id, 5, ['CREATED', 'RUNNING', 'SUCCESS'], { outputs: { rows: 3 } }),
        reportOf(id, 4, ['CREATED', 'RUNNING', 'PAUSED']),
        reportOf(id, 5, ['CREATED', 'FAILED']),
      ]),
    ).toEqual(['APPLIED', 'IGNORED', 'IGNORED']);
    // An omitted field is empty: each report is complete.
    expect(await stored(id)).toMatchObject({
      state: 'SUCCESS',
      sequence: 5n,
      inputs: {},
      outputs: { rows: 3 },
      labels: {},
      triggerId: null,
      durationMs: 2_000n,
      endedAt: new Date(seconds(2)),
    });
    // Task runs in their own list follow the same rule.
    const own = { executionId: id, ...run(4, ['RUNNING', 'SUCCESS']) };
    const send = async (taskRuns: object[]) =>
      (await engine.reportExecutions({ taskRuns })).taskRunResults.map((r: any) => r.error?.code ?? r.outcome);
    expect(await send([own, own, { ...own, sequence: '2' }])).toEqual(['APPLIED', 'IGNORED', 'IGNORED']);
    expect(await send([own, { ...own, executionId: engineId() }])).toEqual(['IGNORED', 'NOT_FOUND']);
    expect(await world.db.taskRun.findMany({ where: { taskRunId: 'run1' } })).toMatchObject([
      { state: 'SUCCESS', sequence: 4n, durationMs: 1_000n },
    ]);
  });

  it('restart an ended execution: it counts once, without the time in between', async () => {
    const id = engineId();
    const failed = history(['CREATED', 'RUNNING', 'FAILED']);
    const again = [...failed, { state: 'RESTARTED', at: seconds(3_600) }, { state: 'RUNNING', at: seconds(3_601) }];
    const day = { tenantId: main.id, namespace: 'company.y' };
    const counts = async () =>
      Object.fromEntries(
        (await world.db.executionDay.findMany({ where: { ...day, count: { gt: 0 } } })).map((row) => [
          `${row.day.toISOString().slice(0, 10)} ${row.state}`,
          [row.count, row.durationMs],
        ]),
      );
    const report = (sequence: number, changes: object[]) =>
      engine.report([{ ...reportOf(id, sequence, []), namespaceName: 'company.y', history: changes }]);
    await report(1, failed);
    expect(await counts()).toEqual({ '2026-01-01 FAILED': [1n, 2_000n] });
    await report(2, again);
    expect(await stored(id)).toMatchObject({ state: 'RUNNING', endedAt: null, durationMs: 3_000n });
    expect(await counts()).toEqual({ '2026-01-01 RUNNING': [1n, 3_000n] });
    await report(3, [...again, { state: 'SUCCESS', at: seconds(3_605) }]);
    expect(await counts()).toEqual({ '2026-01-01 SUCCESS': [1n, 7_000n] });
    // RETRIED: it failed and was replaced. Both executions are counted.
    const retry = engineId();
    await report(4, [...failed, { state: 'RETRIED', at: seconds(3) }]);
    await engine.report([
      { ...reportOf(retry, 1, ['CREATED', 'RUNNING']), namespaceName: 'company.y', originalId: id },
    ]);
    expect(await counts()).toEqual({ '2026-01-01 RETRIED': [1n, 2_000n], '2026-01-01 RUNNING': [1n, 1_000n] });
    // The day is that of the start, in UTC.
    const late = [{ state: 'RUNNING', at: '2026-01-01T00:30:00+01:00' }];
    await engine.report([{ ...reportOf(retry, 2, []), namespaceName: 'company.y', history: late }]);
    expect(await counts()).toEqual({ '2026-01-01 RETRIED': [1n, 2_000n], '2025-12-31 RUNNING': [1n, 0n] });
    expect(await miscounted(world)).toEqual([]);
    // The duration of a running one increases.
    const { tenant } = await engine.client.ok<any>(
      `{ tenant(key: "main") { execution(executionId: "${retry}") { duration endedAt } } }`,
    );
    expect(tenant.execution).toMatchObject({ endedAt: null, duration: expect.stringMatching(/^P\d{2,}D/) });
  });

  it('have a result for each item: valid ones are applied, invalid ones return the fault and its path', async () => {
    const [good, unknown, bad] = [engineId(), engineId(), engineId()];
    const input = {
      tenantKey: 'main',
      serviceId: engine.service,
      executions: [
        reportOf(good, 1, ['RUNNING']),
        reportOf(unknown, 1, ['RUNNING'], { flowId: 'nope' }),
        reportOf('a b', 0, [], { labels: { 'a:b': 1 }, inputs: [] }),
        reportOf(bad, 1, [], { history: [...history(['RUNNING', 'FAILED'])].reverse() }),
        reportOf(bad, 1, [], { history: [{ state: 'RUNNING', at: new Date(Date.now() + 3_600_000).toISOString() }] }),
        reportOf(bad, 1, ['RUNNING'], { taskRuns: [{ taskRunId: 'x', taskId: 't', history: [] }] }),
        reportOf(bad, 1, ['RUNNING'], { namespaceName: null }),
        reportOf(good, 2, ['RUNNING'], { namespaceName: 'company.y' }),
        reportOf(good, 1, [], { deleted: true }),
        reportOf(bad, 1, [], { deleted: true }),
      ],
    };
    const mutation = call('reportExecutions', 'results { outcome error { code message details } }');
    const { reportExecutions } = await engine.client.ok<any>(mutation, { i: input });
    const reported = reportExecutions.results.map(({ outcome, error }: any) => [
      error?.code ?? outcome,
      ...(error?.details.issues?.map(({ path }: any) => path.slice(1).join('.')) ?? []),
    ]);
    expect(reported).toEqual([
      ['APPLIED'],
      ['NOT_FOUND'],
      [
        'BAD_INPUT',
        'executions.2.executionId',
        'executions.2.sequence',
        'executions.2.history',
        'executions.2.labels.a:b',
        'executions.2.inputs',
      ],
      ['BAD_INPUT', 'executions.3.history.1.at'],
      ['BAD_INPUT', 'executions.4.history.0.at'],
      ['BAD_INPUT', 'executions.5.taskRuns.0.history'],
      ['BAD_INPUT', 'executions.6.namespaceName'],
      ['CONFLICT'],
      ['CONFLICT'],
      ['NOT_FOUND'],
    ]);
    expect([await stored(good), await stored(unknown), await stored(bad)].map((row) => row !== null)).toEqual([
      true,
      false,
      false,
    ]);
    for (const executions of [[], Array.from({ length: 501 }, () => reportOf(engineId(), 1, ['RUNNING']))])
      expect(await engine.client.codes(mutation, { i: { ...input, executions } })).toEqual(['BAD_INPUT']);
  });

  it("are decided for each item by the reporter's tenant bindings; refusals are counted, others record no event", async () => {
    const narrow = await engineOf(world, main, 'company.x');
    const foreign = engineId();
    await engine.report([{ ...reportOf(foreign, 1, ['RUNNING']), namespaceName: 'company.y' }]);
    const before = await world.db.auditEvent.count();
    const elsewhere = (id: string, sequence: number) => ({
      ...reportOf(id, sequence, ['FAILED']),
      namespaceName: 'company.y',
    });
    expect(
      await narrow.report([
        reportOf(engineId(), 1, ['RUNNING']),
        elsewhere(foreign, 2),
        elsewhere(engineId(), 1),
        // The namespace of the input does not choose the scope of the decision.
        reportOf(foreign, 2, ['FAILED']),
      ]),
    ).toEqual(['APPLIED', 'NOT_FOUND', 'FORBIDDEN', 'NOT_FOUND']);
    expect(await stored(foreign)).toMatchObject({ state: 'RUNNING', sequence: 1n });
    const events = await world.db.auditEvent.findMany({ orderBy: { ordinal: 'asc' }, skip: before });
    expect(events.map(({ outcome, action, details }) => [outcome, action, (details as any)?.count])).toEqual([
      ['DENIED', 'execution.update', 2],
      ['DENIED', 'execution.create', undefined],
    ]);
    expect(await narrow.logs([log(foreign, 1)])).toEqual(['NOT_FOUND']);
    // An account without a registered service cannot report executions, whatever its permissions.
    const admin = await world.user('admin', [main]);
    await world.bind(main, { principal: admin }, await world.managed(main, 'Admin'));
    const input = { tenantKey: 'main', serviceId: engine.service, executions: [reportOf(engineId(), 1, ['RUNNING'])] };
    expect(await (await world.as(admin)).codes(call('reportExecutions', 'acknowledged'), { i: input })).toEqual([
      'FORBIDDEN',
    ]);
    expect(
      await world.root().codes(call('reportExecutions', 'acknowledged'), { i: { ...input, tenantKey: 'nope' } }),
    ).toEqual(['NOT_FOUND']);
  });

  const log = (executionId: string, sequence: number, rest: object = {}) => ({
    executionId,
    sequence: String(sequence),
    at: seconds(sequence),
    level: 'INFO',
    message: `line ${sequence}`,
    ...rest,
  });

  it('add log entries and metrics once each, by execution and sequence', async () => {
    const id = engineId();
    await engine.report([reportOf(id, 1, ['RUNNING'])]);
    expect(await engine.logs([log(id, 2), log(id, 1), log(id, 2, { message: 'other' })])).toEqual([
      'APPLIED',
      'APPLIED',
      'IGNORED',
    ]);
    expect(await engine.logs([log(id, 1), log(id, 3, { message: 'x'.repeat(100_001) }), log(id, -1)])).toEqual([
      'IGNORED',
      'BAD_INPUT',
      'BAD_INPUT',
    ]);
    const metric = { executionId: id, sequence: '1', at: seconds(1), type: 'TIMER', name: 'load', value: 0.25 };
    expect(
      await engine.metrics([metric, metric, { ...metric, sequence: '2', tags: { a: 1 } }, { ...metric, name: '' }]),
    ).toEqual(['APPLIED', 'IGNORED', 'BAD_INPUT', 'BAD_INPUT']);
    const { tenant } = await engine.client.ok<any>(
      `{ tenant(key: "main") { execution(executionId: "${id}") { logs { nodes { message } } metrics { nodes { value } } } } }`,
    );
    expect(tenant.execution).toEqual({
      logs: { nodes: [{ message: 'line 1' }, { message: 'line 2' }] },
      metrics: { nodes: [{ value: 0.25 }] },
    });
  });

  it('notify of each end once, also when it ends again', () => {
    const row = (state: string, endedAt: number | null) =>
      ({ executionId: 'e', state, endedAt: endedAt === null ? null : new Date(endedAt), triggerId: 'daily' }) as never;
    expect(endOf(null, row('RUNNING', null))).toBeUndefined();
    expect(endOf(null, row('SUCCESS', 5))).toMatchObject({ state: 'SUCCESS', triggerId: 'daily' });
    expect(endOf(row('RUNNING', null), row('FAILED', 5))).toBeDefined();
    expect(endOf(row('FAILED', 5), row('FAILED', 5))).toBeUndefined();
    expect(endOf(row('FAILED', 5), row('SUCCESS', 9))).toBeDefined();
    expect(endOf(row('FAILED', 5), row('RESTARTED', null))).toBeUndefined();
  });

  // Reports of four clients, in any order, repeated and concurrent, give the same result as the newest reports.
  it.each([1, 2, 3])('have the same result in any order: generated histories, seed %i', async (seed) => {
    const chance = new Chance(seed);
    const engines = [
      engine,
      await engineOf(world, main),
      await engineOf(world, main, '', 1),
      await engineOf(world, main, '', 1),
    ];
    const states = ['CREATED', 'QUEUED', 'RUNNING', 'PAUSED', 'KILLING', 'SUCCESS', 'FAILED', 'RESTARTED', 'RETRIED'];
    const reports = Array.from({ length: 12 }, () => {
      const id = engineId();
      const start = Date.UTC(2026, 1, 1 + chance.below(3), 23, 59, 58);
      const course = history(chance.some(states, 9), start);
      return course.map((_, i) =>
        reportOf(id, i + 1, [], {
          history: course.slice(0, i + 1),
          outputs: { last: i + 1 },
          taskRuns: [{ taskRunId: 'r', taskId: `t${i + 1}`, history: course.slice(0, i + 1) }],
        }),
      );
    });
    const all = reports.flat();
    const doubled = [...all, ...chance.some(all, 40)].sort(() => chance.next() - 0.5);
    const shares = engines.map((_, i) => doubled.filter((_report, k) => k % engines.length === i));
    const outcomes = await Promise.all(
      engines.map(async (one, i) => {
        const reported: string[] = [];
        for (let share = shares[i]!; share.length > 0; ) {
          const size = 1 + chance.below(7);
          reported.push(...(await one.report(share.slice(0, size))));
          share = share.slice(size);
        }
        return reported;
      }),
    );
    expect(new Set(outcomes.flat())).toEqual(new Set(['APPLIED', 'IGNORED']));
    for (const course of reports) {
      const last = course.at(-1)!;
      const row = await stored(last.executionId);
      expect(row).toMatchObject({
        state: last.history.at(-1)!.state,
        sequence: BigInt(course.length),
        outputs: { last: course.length },
        history: last.history,
      });
      expect(await world.db.taskRun.findMany({ where: { executionKey: row!.id } })).toMatchObject([
        { taskId: `t${course.length}`, sequence: BigInt(course.length) },
      ]);
    }
    expect(await miscounted(world)).toEqual([]);
    // Control: the recount detects a difference.
    await world.db.executionDay.updateMany({ data: { count: { increment: 1 } } });
    expect((await miscounted(world)).length).toBeGreaterThan(0);
    await world.db.executionDay.updateMany({ data: { count: { decrement: 1 } } });
  });

  it('process a batch of 500 in a few statements', async () => {
    const reports = Array.from({ length: 500 }, () => reportOf(engineId(), 1, ['CREATED', 'RUNNING']));
    const own = pg.Client.prototype.query;
    const sent = vi.spyOn(pg.Client.prototype, 'query').mockImplementation(own as never);
    expect(new Set(await engine.report(reports))).toEqual(new Set(['APPLIED']));
    const texts = sent.mock.calls.map(([query]: any[]) => String(query?.text ?? query));
    sent.mockRestore();
    // A single item takes as many.
    expect(texts.filter((text) => /"(Execution|ExecutionDay|TaskRun|Flow|Command)"/.test(text))).toHaveLength(5);
    expect(await world.db.execution.count({ where: { executionId: { in: reports.map((r) => r.executionId) } } })).toBe(
      500,
    );
    expect(await miscounted(world)).toEqual([]);
  });
});
