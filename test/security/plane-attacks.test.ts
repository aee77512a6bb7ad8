import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant, Trigger } from '../../src/db/generated/client.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { type Engine, engineOf, reportOf } from '../support/engine.ts';
import { flowSource } from '../support/flows.ts';
import { idOf, World } from '../support/world.ts';

const claim = call('claimTriggers', 'claims { dueAt sequence trigger { id } }');
const report = call('reportTriggers', 'results { outcome error { code } }');
const validate = call('validateFlow', 'valid issues { line message }');
const dayMs = 86_400_000;
const soak = process.env['SOAK'] === '1';

/** Attacks on the orchestration plane that once succeeded, or that a reviewer tried. */
describe('attacks on the orchestration plane', () => {
  let world: World;
  let a: Tenant;
  let editor: Client;
  let engine: Engine;
  let next = 0;
  beforeAll(async () => {
    world = await World.create();
    a = await world.tenant('a');
    const user = await world.user('editor', [a]);
    await world.bind(a, { principal: user }, await world.managed(a, 'Admin'));
    editor = await world.as(user);
    engine = await engineOf(world, a);
    const { principalId: id } = await world.db.worker.findUniqueOrThrow({ where: { serviceId: engine.service } });
    await world.grant(null, { id }, ['WORKER:UPDATE']);
    await world.flow(a, flowSource('company.x', 'hello'));
  });
  afterAll(async () => {
    expect(world.log).toEqual([]);
    await world.close();
  });

  const codes = (client: Client, field: string, select: string, i: object) => client.codes(call(field, select), { i });
  const save = (source: string, more: object = {}, client = editor) =>
    codes(client, 'saveFlow', 'outcome', { tenantKey: 'a', source, ...more });
  /** Creates a flow and returns its trigger. */
  async function newTrigger(more?: string): Promise<Trigger> {
    const flow = await world.flow(a, flowSource('company.x', `flow-${next++}`, false, more));
    return world.db.trigger.findFirstOrThrow({ where: { flowKey: flow.id } });
  }
  const stored = ({ id }: Trigger) => world.db.trigger.findUniqueOrThrow({ where: { id } });
  const setDue = ({ id }: Trigger) =>
    world.db.trigger.update({ where: { id }, data: { nextExecutionAt: new Date(Date.now() - 1_000) } });
  async function claimed(trigger: Trigger) {
    const { claimTriggers } = await engine.client.ok<any>(claim, { i: { serviceId: engine.service } });
    const one = claimTriggers.claims.find((each: any) => each.trigger.id === idOf('Trigger', trigger));
    return { trigger: one.trigger.id, sequence: one.sequence, dueAt: one.dueAt };
  }
  async function reportOutcome(one: object) {
    const { reportTriggers } = await engine.client.ok<any>(report, {
      i: { serviceId: engine.service, reports: [one] },
    });
    return reportTriggers.results[0].outcome ?? reportTriggers.results[0].error.code;
  }

  describe('by exhausting a gateway', () => {
    const many = (line: (i: number) => string, count: number) => Array.from({ length: count }, (_, i) => line(i));
    const source = (part: string) =>
      `id: big\nnamespace: company.x\n${part}\ntasks:\n  - id: t\n    type: io.example.Task\n`;

    it.each([
      ['many keys', false, source(`variables:\n${many((i) => `  k${i}: 1`, 40_000).join('\n')}`)],
      ['as many keys as are allowed', true, source(`variables:\n${many((i) => `  k${i}: 1`, 8_000).join('\n')}`)],
      ['many faults', false, source(`labels:\n${many((i) => `  system.${i}: 1`, 8_000).join('\n')}`)],
      ['quotes', false, '"'.repeat(400_000)],
      ['anchors with aliases', true, source(`x:\n${many((i) => `  - &a${i} 1\n  - *a${i}`, 5_000).join('\n')}`)],
    ])('answers a flow of %s within five seconds', async (_name, valid, text) => {
      const begun = performance.now();
      const { validateFlow } = await editor.ok<any>(validate, { i: { tenantKey: 'a', source: text } });
      expect(performance.now() - begun).toBeLessThan(5_000);
      expect(validateFlow.valid).toBe(valid);
    });

    it('finds duplicate keys, with their lines', async () => {
      const twice = source('variables:\n  a: 1\n  b: { c: 1, c: 2 }\n  a: 2');
      const { validateFlow } = await editor.ok<any>(validate, { i: { tenantKey: 'a', source: twice } });
      expect(validateFlow.issues.map(({ line }: any) => line)).toEqual([5, 6].sort());
    });

    it('serves other callers while it compares revisions that have nothing in common', async () => {
      const lines = (word: string) =>
        source(`description: |\n${many((i) => `  ${word}${i}`, soak ? 30_000 : 15_000).join('\n')}`).replace(
          'id: big',
          'id: compared',
        );
      await world.flow(a, lines('a'));
      await world.flow(a, lines('b'));
      const fields = many((i) => `d${i}: difference(from: 1)`, soak ? 5 : 2).join(' ');
      const asked = editor.run(
        `{ tenant(key: "a") { flow(namespaceName: "company.x", flowId: "compared") { ${fields} } } }`,
      );
      await sleep(500);
      const begun = performance.now();
      await editor.ok('{ viewer { __typename } }');
      expect(performance.now() - begun).toBeLessThan(1_500);
      await asked;
    });
  });

  describe('on due dates of triggers', () => {
    it.each([
      ['six parts without withSeconds', 'cron: "0 0 6 * * *"'],
      ['five parts with withSeconds', 'cron: "0 6 * * *"\n    withSeconds: true'],
      ['a date of five digits', 'dates: ["12025-01-01"]'],
      ['a date that is in the year 10000 in UTC', 'dates: ["9999-12-31T23:59:59-14:00"]'],
      ['a date before year 0', 'dates: ["-000001-01-01T00:00:00Z"]'],
    ])('rejects %s', async (_name, text) => {
      const type = text.startsWith('dates') ? 'trigger.ScheduleOnDates' : 'trigger.Schedule';
      const odd = flowSource('company.x', 'odd', false, text).replace('trigger.Schedule', type);
      expect(await save(odd)).toEqual(['BAD_INPUT']);
    });

    it.each(['deleteBackfill', 'pauseBackfill'])(
      'keeps the schedule after a report for a date of a backfill that %s stopped',
      async (act) => {
        const trigger = await newTrigger();
        const due = trigger.nextExecutionAt;
        const start = new Date(Date.now() - 20 * dayMs).toISOString();
        expect(
          await codes(editor, 'createBackfill', 'trigger { id }', { id: idOf('Trigger', trigger), start }),
        ).toEqual([]);
        const one = await claimed(trigger);
        expect(await codes(editor, act, 'trigger { id }', { id: idOf('Trigger', trigger) })).toEqual([]);
        expect(await reportOutcome({ ...one, executionId: `b-${next++}` })).toBe('APPLIED');
        const after = await stored(trigger);
        expect(after).toMatchObject({ nextExecutionAt: due, evaluatedAt: null, evaluationStartedAt: null });
        if (act === 'pauseBackfill')
          // The date is done: a resumed backfill does not repeat it.
          expect(new Date((after.backfill as any).currentDate).getTime()).toBe(new Date(one.dueAt).getTime() + dayMs);
      },
    );

    it('keeps a trigger on its calendar after a report for a date that was not claimed', async () => {
      const trigger = await setDue(await newTrigger());
      const one = await claimed(trigger);
      expect(await reportOutcome({ ...one, dueAt: '9999-12-31T23:00:00Z' })).toBe('BAD_INPUT');
      expect(await reportOutcome({ ...one, dueAt: '0001-01-01T00:00:00Z' })).toBe('APPLIED');
      expect((await stored(trigger)).nextExecutionAt).toEqual(trigger.nextExecutionAt);
    });

    it('applies a source that changes only the fallback', async () => {
      const text = (fallback: string) =>
        flowSource(
          'company.x',
          'falls',
          false,
          `cron: "0 6 * * *"\n    workerGroup: { key: gpu, fallback: ${fallback} }`,
        );
      await world.flow(a, text('WAIT'));
      await world.flow(a, text('FAIL'));
      expect(await world.db.trigger.findFirst({ where: { flowId: 'falls' } })).toMatchObject({
        workerGroupFallback: 'FAIL',
      });
    });

    it('rejects an empty text filter', async () => {
      for (const where of [{ text: '' }, { text: null }, {}])
        expect(
          await codes(editor, 'setTriggersDisabled', 'changedCount', { tenantKey: 'a', disabled: true, where }),
        ).toEqual(['BAD_INPUT']);
    });
  });

  describe('by holding a trigger forever', () => {
    it('releases a trigger whose execution ended before its own report', async () => {
      const trigger = await setDue(await newTrigger('cron: "0 6 * * *"\n    stopAfter: [FAILED]'));
      const one = await claimed(trigger);
      const executionId = `early-${next++}`;
      const ended = { flowId: trigger.flowId, triggerId: trigger.triggerId };
      expect(await engine.report([reportOf(executionId, 1, ['CREATED', 'FAILED'], ended)])).toEqual(['APPLIED']);
      expect(await reportOutcome({ ...one, executionId })).toBe('APPLIED');
      expect(await stored(trigger)).toMatchObject({
        executionId: null,
        lastExecutionId: executionId,
        disabled: true,
        disabledReason: 'STOP_AFTER',
      });
    });

    it('releases triggers whose executions end at the same time as their reports', async () => {
      const triggers: Trigger[] = [];
      for (let i = 0; i < 20; i += 1) triggers.push(await setDue(await newTrigger()));
      const { claimTriggers } = await engine.client.ok<any>(claim, { i: { serviceId: engine.service } });
      await Promise.all(
        triggers.flatMap((trigger, i) => {
          const { sequence, dueAt } = claimTriggers.claims.find((c: any) => c.trigger.id === idOf('Trigger', trigger));
          const executionId = `same-${i}`;
          const ended = { flowId: trigger.flowId, triggerId: trigger.triggerId };
          return [
            reportOutcome({ trigger: idOf('Trigger', trigger), sequence, dueAt, executionId }),
            engine.report([reportOf(executionId, 1, ['CREATED', 'SUCCESS'], ended)]),
          ];
        }),
      );
      const held = await Promise.all(triggers.map(stored));
      expect(held.map(({ executionId }) => executionId).filter((id) => id !== null)).toEqual([]);
    });

    it('rejects a report with an invalid execution ID', async () => {
      const trigger = await setDue(await newTrigger());
      const one = await claimed(trigger);
      for (const executionId of ['', 'x'.repeat(101), 'a b'])
        expect(await reportOutcome({ ...one, executionId })).toBe('BAD_INPUT');
      expect(await reportOutcome(one)).toBe('APPLIED');
    });
  });

  it('completes concurrent imports of the same flows in opposite orders and changes of all triggers', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `import-${i}`);
    const files = (order: readonly string[], minute: number) =>
      order.map((path) => ({ path, source: flowSource('company.x', path, false, `cron: "${minute} 6 * * *"`) }));
    const save = (order: readonly string[], minute: number) =>
      codes(editor, 'importFlows', 'results { outcome }', { tenantKey: 'a', files: files(order, minute) });
    expect(await save(names, 0)).toEqual([]);
    const all = (disabled: boolean) =>
      codes(editor, 'setTriggersDisabled', 'changedCount', { tenantKey: 'a', disabled, where: { text: 'import-' } });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => (i % 4 === 3 ? all(i > 4) : save(i % 2 ? names : names.toReversed(), i + 1))),
    );
    expect(answers.flat()).toEqual([]);
  });

  it('deletes a tenant while an engine writes its logs', async () => {
    const gone = await world.tenant('gone');
    await world.flow(gone, flowSource('company.x', 'hello'));
    const busy = await engineOf(world, gone);
    const ids = Array.from({ length: 40 }, (_, i) => `e-${i}`);
    await busy.report(ids.map((id) => reportOf(id, 1, ['CREATED'])));
    let isOver = false;
    const writers = [0, 1, 2].map(async (writer) => {
      for (let sequence = writer * 1_000_000; !isOver; sequence += 1) {
        const at = new Date().toISOString();
        const logs = ids.map((executionId) => ({
          executionId,
          sequence: String(sequence),
          at,
          level: 'INFO',
          message: 'x',
        }));
        const input = { tenantKey: 'gone', serviceId: busy.service, logs };
        const errors = await codes(busy.client, 'reportLogs', 'results { outcome }', input);
        if (errors.length > 0) return errors;
      }
      return [];
    });
    await sleep(300);
    const errors = await codes(world.root(), 'deleteTenant', 'deletedId', { id: idOf('Tenant', gone) });
    isOver = true;
    expect(errors).toEqual([]);
    // The writers get only errors that say that the tenant no longer exists.
    expect(new Set((await Promise.all(writers)).flat()).difference(new Set(['NOT_FOUND', 'CONFLICT'])).size).toBe(0);
  });

  it('keeps a stored file and its implied namespace together while the last flow of the namespace is deleted', async () => {
    for (let i = 0; i < 12; i += 1) {
      const namespace = `implied-${i}`;
      const flow = await world.flow(a, flowSource(namespace, 'last'));
      const put = { tenantKey: 'a', namespaceName: namespace, path: '/x', content: 'x' };
      const [stored, deleted] = await Promise.all([
        codes(editor, 'putNamespaceFile', 'file { path }', put),
        codes(editor, 'deleteFlow', 'deletedId', { id: idOf('Flow', flow) }),
      ]);
      expect(deleted).toEqual([]);
      const place = { tenantId: a.id, namespace };
      const files = await world.db.namespaceFile.count({ where: place });
      expect([stored, files, await world.db.namespace.count({ where: place })]).toEqual(
        files === 1 ? [[], 1, 1] : [['NOT_FOUND'], 0, 0],
      );
    }
  });

  it('does not reveal through expectedRevision whether a flow exists in a hidden namespace', async () => {
    await world.flow(a, flowSource('company.secret', 'hidden'));
    const user = await world.user('creator', [a]);
    await world.grant(a, user, ['FLOW:CREATE', 'FLOW:UPDATE', 'FLOW:READ'], 'company.mine');
    const client = await world.as(user);
    const asked = (flowId: string) => save(flowSource('company.secret', flowId), { expectedRevision: 5 }, client);
    expect(await asked('hidden')).toEqual(['FORBIDDEN']);
    expect(await asked('never-was')).toEqual(['FORBIDDEN']);
    // Where the caller may create flows, the answer is precise.
    expect(await save(flowSource('company.mine', 'never-was'), { expectedRevision: 5 }, client)).toEqual(['NOT_FOUND']);
  });

  it('rejects numbers and names beyond the limits as bad input', async () => {
    const beyond = '9999999999999999999';
    expect(await codes(engine.client, 'heartbeat', 'evicted', { serviceId: engine.service, sequence: beyond })).toEqual(
      ['BAD_INPUT'],
    );
    expect(await engine.report([reportOf('limits', 1, ['CREATED'])])).toEqual(['APPLIED']);
    const row = await world.db.execution.findFirstOrThrow({ where: { executionId: 'limits' } });
    const tail = `subscription($id: ID!) { logs(tenantKey: "a", execution: $id, after: "${beyond}") { message } }`;
    const off = new AbortController();
    for await (const { errors } of editor.sse(tail as never, { id: idOf('Execution', row) }, off.signal)) {
      expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_INPUT']);
      break;
    }
    off.abort();
    for (const name of ['half \ud800 a pair', 'a \u0000']) {
      const inputs = { [name]: 1 };
      const asked = { tenantKey: 'a', namespaceName: 'company.x', flowId: 'hello', inputs };
      expect(await codes(editor, 'createExecution', 'execution { id }', asked)).toEqual(['BAD_INPUT']);
    }
  });
});
