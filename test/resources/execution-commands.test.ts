import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Execution, Tenant } from '../../src/db/generated/client.ts';
import { newExecutionId } from '../../src/resources/orchestration/execution/service.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { type Engine, engineOf, miscounted, reportOf } from '../support/engine.ts';
import { addExecution, addFlow, addLog, addMetric, addTaskRun } from '../support/executions.ts';
import { idOf, World } from '../support/world.ts';

const create = call('createExecution', 'execution { id executionId state sequence inputs labels revision }');
const replay = call('replayExecution', 'execution { executionId originalId state inputs }');
const kill = call('killExecution', 'execution { state }');
const setState = call('setTaskRunState', 'taskRun { state }');
const setLabels = call('setExecutionLabels', 'execution { labels }');
const remove = call('deleteExecutions', 'results { execution { deletionAsked } error { code } }');

describe('commands about executions', () => {
  let world: World;
  let main: Tenant;
  let editor: Client;
  let engine: Engine;

  beforeAll(async () => {
    world = await World.create({ gateways: 2, config: { commands: { repeatAfterSeconds: 3 } } });
    main = await world.tenant('main');
    const { id } = await addFlow(world, main, 'company.x', 'hello');
    await world.db.flow.update({ where: { id }, data: { inputs: [{ id: 'day', type: 'STRING', required: false }] } });
    await addFlow(world, main, 'company.x', 'off', true);
    const user = await world.user('editor', [main]);
    await world.bind(main, { principal: user }, await world.managed(main, 'Editor'));
    editor = await world.as(user);
    engine = await engineOf(world, main);
  });
  afterAll(() => world.close());
  const on = (execution: { id: string }, rest: object = {}) => ({ i: { id: idOf('Execution', execution), ...rest } });
  const stored = (id: string) => world.db.execution.findFirst({ where: { id } });
  const drain = async () => {
    const commands = await engine.claim({ limit: 500 });
    if (commands.length > 0) await engine.reportExecutions({ acknowledge: commands.map(({ id }) => id) });
    return commands;
  };

  it('start an execution: the row exists at once, the engine claims the command and reports', async () => {
    const start = { tenantKey: 'main', namespaceName: 'company.x', flowId: 'hello' };
    const { createExecution } = await editor.ok<any>(create, {
      i: { ...start, inputs: { day: 'monday' }, labels: { team: 'a' }, reason: 'a try' },
    });
    const { executionId, id, ...rest } = createExecution.execution;
    expect(executionId).toMatch(/^[0-9A-Za-z]{22}$/);
    expect(rest).toEqual({
      state: 'SUBMITTED',
      sequence: '0',
      inputs: { day: 'monday' },
      labels: { team: 'a' },
      revision: null,
    });
    const [command, ...others] = await engine.claim({ tenantKey: 'main' });
    expect(others).toEqual([]);
    expect(command).toMatchObject({
      tenantKey: 'main',
      kind: 'CREATE',
      executionId,
      actorName: 'editor',
      repeated: false,
      execution: { inputs: { day: 'monday' } },
    });
    const report = reportOf(executionId, 1, ['SUBMITTED', 'CREATED', 'RUNNING'], { inputs: { day: 'monday' } });
    expect(await engine.reportExecutions({ executions: [report], acknowledge: [command.id, 'unknown'] })).toMatchObject(
      {
        results: [{ outcome: 'APPLIED' }],
        acknowledged: [command.id],
      },
    );
    expect(await engine.claim()).toEqual([]);
    const event = await world.db.auditEvent.findFirstOrThrow({ where: { action: 'execution.create' } });
    expect(event).toMatchObject({ actorName: 'editor', reason: 'a try', details: { command: command.id } });
    expect(JSON.stringify([event.patch, event.details])).not.toContain('monday');
    expect(await world.db.decision.count({ where: { id: event.decisionId! } })).toBe(1);
    expect(JSON.stringify(await world.db.decision.findMany({ where: { id: event.decisionId! } }))).not.toContain(
      'monday',
    );

    const codes = (i: object) => editor.codes(create, { i: { ...start, ...i } });
    expect(await codes({ flowId: 'off' })).toEqual(['CONFLICT']);
    expect(await codes({ flowId: 'nope' })).toEqual(['NOT_FOUND']);
    expect(await codes({ revision: 2 })).toEqual(['BAD_INPUT']);
    expect(await codes({ revision: 0 })).toEqual(['BAD_INPUT']);
    expect(await codes({ labels: { 'system.user': 'x' } })).toEqual(['BAD_INPUT']);
    expect(await codes({ labels: { team: 1 } })).toEqual(['BAD_INPUT']);
    expect(await codes({ inputs: ['x'] })).toEqual(['BAD_INPUT']);
    expect(await codes({ inputs: { day: 'y'.repeat(300_000) } })).toEqual(['BAD_INPUT']);
    expect(await codes({ tenantKey: 'nope' })).toEqual(['NOT_FOUND']);
    expect(await world.db.execution.count({ where: { state: 'SUBMITTED' } })).toBe(0);
    expect(new Set(Array.from({ length: 100 }, newExecutionId)).size).toBe(100);
  });

  it('check the inputs of a new execution against the declaration: each fault at its input', async () => {
    const source = (revision: number) => `id: asks
namespace: company.x
inputs:
  - { id: name, type: STRING }
  - { id: count, type: INT, min: 1, max: ${revision * 10} }
  - { id: ratio, type: FLOAT, defaults: 0.5 }
  - { id: day, type: DATE, required: false }
  - { id: at, type: DATETIME, required: false }
  - { id: hour, type: TIME, required: false }
  - { id: wait, type: DURATION, required: false }
  - { id: on, type: BOOLEAN, required: false }
  - { id: level, type: SELECT, required: false, values: [low, high] }
  - { id: free, type: SELECT, required: false, values: [low], allowCustomValue: true }
  - { id: many, type: MULTISELECT, required: false, values: [a, b] }
  - { id: list, type: ARRAY, required: false, itemType: INT }
  - { id: any, type: JSON, required: false }
  - { id: link, type: URI, required: false }
  - { id: mail, type: EMAIL, required: false }
  - { id: later, type: STRING, dependsOn: { inputs: [name] } }
tasks: [{ id: one, type: log }]
`;
    const save = call('saveFlow', 'outcome');
    for (const revision of [1, 2]) await editor.ok(save, { i: { tenantKey: 'main', source: source(revision) } });
    const start = { tenantKey: 'main', namespaceName: 'company.x', flowId: 'asks' };
    const faults = async (inputs: object, rest: object = {}) => {
      const { errors } = await editor.run(create, { i: { ...start, inputs, ...rest } });
      return errors.flatMap(({ extensions }: any) => extensions.issues.map(({ path }: any) => path.slice(2).join('.')));
    };
    expect(await faults({})).toEqual(['name', 'count']);
    expect(await faults({ name: null, count: 1 })).toEqual(['name']);
    expect(await faults({ name: 1, count: 1.5, other: 'x' })).toEqual(['name', 'count', 'other']);
    const right = { name: 'a', count: '7' };
    const wrong: Record<string, unknown[]> = {
      count: [0, 21, 'x', '', true],
      ratio: ['x', [], null].filter((value) => value !== null),
      day: ['2026-02-30', '2026-1-1', 1],
      at: ['2026-02-01', 'yesterday'],
      hour: ['24:00', '1:00', '12:60'],
      wait: ['5 minutes', 'P1Y', 5],
      on: ['yes', 1],
      level: ['middle', 1],
      free: [1],
      many: ['a', ['a', 'c']],
      list: [1, ['x'], [1.5]],
      any: ['{'],
      link: ['not a uri'],
      mail: ['no-address'],
    };
    for (const [id, values] of Object.entries(wrong))
      for (const value of values) expect(await faults({ ...right, [id]: value }), `${id} ${value}`).toEqual([id]);
    const all = {
      day: '2026-02-28',
      at: '2026-02-01T12:00:00Z',
      hour: '23:59',
      wait: 'PT5M',
      on: 'true',
      level: 'low',
    };
    const more = {
      free: 'x',
      many: ['a'],
      list: [1, 2],
      any: { a: 1 },
      link: 'https://a.example/x',
      mail: 'a@b.example',
    };
    expect(await faults({ ...right, ...all, ...more, ratio: 2, later: 'x' })).toEqual([]);
    // A former revision has its own declaration.
    expect(await faults({ ...right, count: 15 })).toEqual([]);
    expect(await faults({ ...right, count: 15 }, { revision: 1 })).toEqual(['count']);
    expect(await faults({ ...right, count: 15 }, { revision: 2 })).toEqual([]);
    // A caller who cannot read the flow does not learn what it declares.
    const user = await world.user('starter', [main]);
    await world.grant(main, user, ['EXECUTION:CREATE']);
    const { errors } = await (await world.as(user)).run(create, { i: { ...start, inputs: { name: 1 } } });
    expect(errors[0]!.extensions).toMatchObject({ code: 'BAD_INPUT', issues: [{ path: ['input', 'inputs'] }] });
    expect(JSON.stringify(errors)).not.toContain('count');
    await drain();
  });

  it('do not change the state themselves, are audited, and are refused in an invalid state', async () => {
    const running = await addExecution(world, main, { state: 'RUNNING' });
    const ended = await addExecution(world, main, { state: 'FAILED', labels: { a: 'b' } });
    const active = await addTaskRun(world, running);
    const failed = await addTaskRun(world, ended);
    expect(await editor.ok(kill, on(running))).toEqual({ killExecution: { execution: { state: 'RUNNING' } } });
    expect(await editor.codes(kill, on(running))).toEqual(['CONFLICT']);
    expect(await editor.codes(kill, on(ended))).toEqual(['CONFLICT']);
    const state = (run: { id: string }, to: string) =>
      editor.codes(setState, { i: { id: idOf('TaskRun', run), state: to } });
    expect(await state(failed, 'SUCCESS')).toEqual([]);
    expect(await state(failed, 'FAILED')).toEqual(['CONFLICT']);
    expect(await state(failed, 'RUNNING')).toEqual(['BAD_INPUT']);
    expect(await state(active, 'SUCCESS')).toEqual(['CONFLICT']);
    expect(await state({ id: 'nope' }, 'SUCCESS')).toEqual(['NOT_FOUND']);
    expect(await editor.ok(setLabels, on(ended, { labels: { c: 'd' } }))).toEqual({
      setExecutionLabels: { execution: { labels: { a: 'b' } } },
    });
    expect(await editor.codes(setLabels, on(ended, { labels: { 'system.x': 'd' } }))).toEqual(['BAD_INPUT']);
    expect(await editor.codes(replay, on(running))).toEqual(['CONFLICT']);
    expect(await editor.codes(replay, on(ended, { taskRun: idOf('TaskRun', active) }))).toEqual(['NOT_FOUND']);
    const { replayExecution } = await editor.ok<any>(replay, on(ended, { taskRun: idOf('TaskRun', failed) }));
    expect(replayExecution.execution).toMatchObject({ originalId: ended.executionId, state: 'SUBMITTED', inputs: {} });

    expect([(await stored(running.id))!.state, (await stored(ended.id))!.labels]).toEqual(['RUNNING', { a: 'b' }]);
    const commands = await drain();
    expect(commands.map(({ kind, payload }) => [kind, payload])).toEqual([
      ['KILL', {}],
      ['SET_TASK_RUN_STATE', { taskRunId: failed.taskRunId, state: 'SUCCESS' }],
      ['SET_LABELS', { labels: { c: 'd' } }],
      ['REPLAY', { executionId: ended.executionId, taskRunId: failed.taskRunId }],
    ]);
    const events = await world.db.auditEvent.findMany({
      where: { resource: 'EXECUTION', outcome: 'SUCCESS', resourceId: { in: [running.id, ended.id] } },
      orderBy: { ordinal: 'asc' },
    });
    expect(events.map(({ action }) => action)).toEqual([
      'execution.kill',
      'execution.set-task-run-state',
      'execution.set-labels',
    ]);
  });

  it('delete when the engine reports it: one result per item, and a late report restores nothing', async () => {
    const ended = await addExecution(world, main, { state: 'SUCCESS' });
    const running = await addExecution(world, main, { state: 'RUNNING' });
    const other = await addExecution(world, await world.tenant('other'), {});
    await addTaskRun(world, ended);
    await addLog(world, ended, 1, 2, 'x');
    await addMetric(world, ended, 1, 'x');
    const ids = [ended, running, other].map((one) => idOf('Execution', one));
    const input = { tenantKey: 'main', ids: [...ids, ids[0], 'nonsense'] };
    const { deleteExecutions } = await editor.ok<any>(remove, { i: input });
    expect(deleteExecutions.results.map(({ error }: any) => error?.code ?? 'asked')).toEqual([
      'asked',
      'CONFLICT',
      'NOT_FOUND',
      'CONFLICT',
      'BAD_INPUT',
    ]);
    expect(await stored(ended.id)).toMatchObject({ deletionAsked: true });
    for (const query of [kill, replay]) expect(await editor.codes(query, on(ended))).toEqual(['CONFLICT']);
    expect((await engine.claim()).map(({ kind, executionId }) => [kind, executionId])).toEqual([
      ['DELETE', ended.executionId],
    ]);
    const gone = { executionId: ended.executionId, sequence: '9', deleted: true };
    expect(await engine.report([gone])).toEqual(['APPLIED']);
    expect(await stored(ended.id)).toBeNull();
    for (const table of ['taskRun', 'logEntry', 'metric'] as const)
      expect(await (world.db[table] as any).count({ where: { executionKey: ended.id } })).toBe(0);
    expect(await world.db.command.count({ where: { state: { not: 'DONE' } } })).toBe(0);
    expect(await engine.report([gone])).toEqual(['NOT_FOUND']);
    expect(await engine.report([reportOf(ended.executionId, 10, ['RUNNING'])])).toEqual(['IGNORED']);
    expect(await miscounted(world)).toEqual([]);
    const noted = await world.db.removal.findFirstOrThrow({ where: { subject: 'Execution', tenantId: main.id } });
    expect(noted.row).toMatchObject({ id: ended.id, namespace: 'company.x' });
    expect(noted.row).not.toHaveProperty('outputs');
  });

  it('act on many executions by ID or filter, with an answer for each, and only in the right states', async () => {
    const labels = { bulk: 'yes' };
    const by = Object.fromEntries(
      await Promise.all(
        (['RUNNING', 'PAUSED', 'QUEUED', 'FAILED', 'SUCCESS'] as const).map(
          async (state) => [state, await addExecution(world, main, { state, labels })] as const,
        ),
      ),
    ) as Record<string, Execution>;
    const ids = Object.values(by).map((one) => idOf('Execution', one));
    const act = async (field: string, rest: object = {}, selected: object = { ids }) => {
      const query = call(field, 'results { execution { executionId state } error { code } } acceptedCount');
      const data = await editor.ok<any>(query, { i: { tenantKey: 'main', ...selected, ...rest } });
      return data[field].results.map(({ error }: any) => error?.code ?? 'ok');
    };
    const conflict = 'CONFLICT';
    const order = ['RUNNING', 'PAUSED', 'QUEUED', 'FAILED', 'SUCCESS'];
    const only = (...states: string[]) => order.map((state) => (states.includes(state) ? 'ok' : conflict));
    expect(await act('pauseExecutions')).toEqual(only('RUNNING'));
    expect(await act('resumeExecutions', { inputs: { approved: true } })).toEqual(only('PAUSED'));
    expect(await act('unqueueExecutions')).toEqual(only('QUEUED'));
    expect(await act('forceRunExecutions')).toEqual(only('PAUSED', 'QUEUED'));
    expect(await act('restartExecutions', { revision: 3 })).toEqual(only('FAILED'));
    expect(await act('setExecutionsState', { state: 'WARNING' })).toEqual(only('FAILED', 'SUCCESS'));
    expect(await act('addExecutionsLabels', { labels: { more: 'x' } })).toEqual(only(...order));
    expect(await act('killExecutions')).toEqual(only('RUNNING', 'PAUSED', 'QUEUED'));
    // Each command is given once, until the engine has carried it out.
    for (const field of ['pauseExecutions', 'resumeExecutions', 'restartExecutions', 'killExecutions'])
      expect(await act(field)).toEqual(only());
    const commands = await drain();
    expect(commands.find(({ kind }) => kind === 'RESUME').payload).toEqual({ inputs: { approved: true } });
    expect(commands.find(({ kind }) => kind === 'RESTART').payload).toEqual({ revision: 3 });
    expect(commands.find(({ kind }) => kind === 'SET_LABELS').payload).toEqual({ labels: { bulk: 'yes', more: 'x' } });
    const events = await world.db.auditEvent.findMany({
      where: { resourceId: { in: Object.values(by).map((e) => e.id) } },
    });
    expect(events).toHaveLength(16);
    expect(JSON.stringify(events.map(({ details }) => details))).not.toContain('approved');

    const where = { labels: ['bulk:yes'], not: { state: ['RUNNING', 'PAUSED', 'QUEUED'] } };
    expect(await act('replayExecutions', {}, { where })).toEqual(['ok', 'ok']);
    const codes = (i: object) =>
      editor.codes(call('killExecutions', 'acceptedCount'), { i: { tenantKey: 'main', ...i } });
    expect(await codes({})).toEqual(['BAD_INPUT']);
    expect(await codes({ where: {} })).toEqual(['BAD_INPUT']);
    expect(await codes({ where: { text: '' } })).toEqual(['BAD_INPUT']);
    expect(await codes({ where: { not: {} } })).toEqual(['BAD_INPUT']);
    expect(await codes({ ids, where })).toEqual(['BAD_INPUT']);
    expect(await act('setExecutionsState', { state: 'SUCCESS' }, { where: { labelKeys: ['none'] } })).toEqual([]);
    await drain();
  });

  it('are claimed once each by many claimers, and claimed again, marked as repeated, if not acknowledged', async () => {
    const executions: Execution[] = [];
    for (let i = 0; i < 60; i += 1) executions.push(await addExecution(world, main, { state: 'RUNNING' }));
    for (const one of executions) await editor.ok(kill, on(one));
    const claimers = [engine, await engineOf(world, main, '', 1), await engineOf(world, main, '', 1)];
    const taken = await Promise.all(
      claimers.map(async (one) => {
        const own: any[] = [];
        for (;;) {
          const commands = await one.claim({ limit: 7 });
          if (commands.length === 0) return own;
          own.push(...commands);
        }
      }),
    );
    const all = taken.flat();
    expect(all.map(({ executionId }) => executionId).sort()).toEqual(executions.map((e) => e.executionId).sort());
    expect(all.some(({ repeated }) => repeated)).toBe(false);
    await claimers[0]!.reportExecutions({ acknowledge: all.slice(0, 50).map(({ id }) => id) });
    await new Promise((resolve) => setTimeout(resolve, 3_200));
    const again = await claimers[1]!.claim();
    expect(again.map(({ id }) => id).sort()).toEqual(
      all
        .slice(50)
        .map(({ id }) => id)
        .sort(),
    );
    expect(again.every(({ repeated }) => repeated)).toBe(true);
    await claimers[1]!.reportExecutions({ acknowledge: again.map(({ id }) => id) });
  });

  it("are claimed within the claimer's reach, in each of its tenants", async () => {
    const second = await world.tenant('second');
    const narrow = await engineOf(world, main, 'company.x');
    const principal = await world.db.worker.findFirstOrThrow({ where: { serviceId: narrow.service } });
    await world.access(second, { id: principal.principalId });
    await world.grant(second, { id: principal.principalId }, ['EXECUTION:UPDATE', 'EXECUTION:READ'], 'team');
    const third = await world.tenant('third');
    const made = [
      await addExecution(world, main, { state: 'RUNNING' }),
      await addExecution(world, main, { state: 'RUNNING', namespace: 'company.y' }),
      await addExecution(world, second, { state: 'RUNNING', namespace: 'team.a' }),
      await addExecution(world, second, { state: 'RUNNING', namespace: 'teams' }),
      await addExecution(world, third, { state: 'RUNNING' }),
    ];
    for (const { tenantId, namespace, flowId, executionId, id } of made) {
      const place = { tenantId, namespace, flowId, executionId };
      await world.db.command.create({ data: { id, ...place, kind: 'KILL', actorId: 'x', actorName: 'x' } });
    }
    expect((await narrow.claim()).map(({ id }) => id)).toEqual([made[0]!.id, made[2]!.id]);
    const claim = call('claimCommands', 'commands { id }');
    const codes = (i: object) => narrow.client.codes(claim, { i: { serviceId: narrow.service, ...i } });
    expect(await codes({ tenantKey: 'third' })).toEqual(['NOT_FOUND']);
    expect(await codes({ limit: 0 })).toEqual(['BAD_INPUT']);
    expect(await codes({ serviceId: engine.service })).toEqual(['FORBIDDEN']);
    // Commands of others are not acknowledged either.
    expect((await narrow.reportExecutions({ acknowledge: made.map(({ id }) => id) })).acknowledged).toEqual([
      made[0]!.id,
    ]);
  });
});
