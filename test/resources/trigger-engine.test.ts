import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceAccount, Tenant, Trigger } from '../../src/db/generated/client.ts';
import { newId } from '../../src/lib/ids.ts';
import { workersGone } from '../../src/resources/orchestration/worker/release-work.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { flowSource } from '../support/flows.ts';
import { idOf, World } from '../support/world.ts';

const claim = call('claimTriggers', 'claims { dueAt sequence trigger { id flowId backfill { currentDate } } }');
const report = call('reportTriggers', 'results { outcome error { code } }');
const register = call('registerService', 'worker { id serviceId }');

interface Claim {
  readonly dueAt: string;
  readonly sequence: string;
  readonly trigger: { readonly id: string; readonly flowId: string };
}

describe("the engine's side of triggers", () => {
  let world: World;
  let main: Tenant;
  let account: ServiceAccount;
  let engine: Client;
  let next = 0;

  beforeAll(async () => {
    world = await World.create({ gateways: 2 });
    main = await world.tenant('main');
    account = await world.account(null, 'engine');
    engine = await newEngine(account, [main]);
  });
  afterAll(() => world.close());

  /** An account that can register services, with the role Engine in these tenants. */
  async function newEngine(own: ServiceAccount, tenants: readonly Tenant[]): Promise<Client> {
    const role = await world.db.role.findFirstOrThrow({ where: { tenantId: null, name: 'Engine' } });
    await world.bind(null, { principal: own }, role);
    for (const tenant of tenants) {
      await world.access(tenant, own);
      await world.bind(tenant, { principal: own }, await world.managed(tenant, 'Engine'));
    }
    return world.as(own);
  }
  async function service(client = engine, more: object = {}): Promise<string> {
    const id = `service-${next++}`;
    await client.ok(register, { i: { serviceId: id, type: 'SCHEDULER', ...more } });
    return id;
  }
  const stored = (id: string): Promise<Trigger> => world.db.trigger.findUniqueOrThrow({ where: { id } });
  const state = (id: string, data: object) => world.db.trigger.update({ where: { id }, data });
  /** A new flow whose trigger is due now. */
  async function due(at: Date, { tenant = main, cron = 'cron: "0 6 * * *"', namespace = 'company.data' } = {}) {
    const flow = await world.flow(tenant, flowSource(namespace, `flow-${next++}`, false, cron));
    const trigger = await world.db.trigger.findFirstOrThrow({ where: { flowKey: flow.id } });
    return state(trigger.id, { nextExecutionAt: at });
  }
  const claims = async (id: string, input: object = {}, client = engine): Promise<Claim[]> =>
    (await client.ok<any>(claim, { i: { serviceId: id, ...input } })).claimTriggers.claims;
  const send = async (id: string, reports: object[], client = engine) =>
    (await client.ok<any>(report, { i: { serviceId: id, reports } })).reportTriggers.results as any[];
  const reportOf = ({ trigger, sequence, dueAt }: Claim, more: object = {}) => ({
    trigger: trigger.id,
    sequence,
    dueAt,
    ...more,
  });
  /** No trigger is due except those of the test. */
  const quiet = () => world.db.trigger.updateMany({ data: { nextExecutionAt: null, evaluationStartedAt: null } });

  it('claims due, enabled and free triggers, in order of dates, and no others', async () => {
    await quiet();
    const past = (minutes: number) => new Date(Date.now() - minutes * 60_000);
    const [late, later] = [await due(past(5)), await due(past(9))];
    await due(new Date(Date.now() + 60_000));
    for (const data of [
      { disabled: true },
      { flowDisabled: true },
      { executionId: 'runs' },
      { evaluationStartedAt: new Date(), workerId: 'w' },
      { workerGroup: 'gpu' },
    ])
      await state((await due(past(1))).id, data);
    const mine = await service();
    const taken = await claims(mine);
    expect(taken.map(({ trigger }) => trigger.id)).toEqual([later, late].map((row) => idOf('Trigger', row)));
    expect(await claims(mine)).toEqual([]);
    expect(await stored(late.id)).toMatchObject({ workerId: mine, sequence: 1n });
  });

  it('sets the last execution and the next date by a report; a repeated or stale report does nothing', async () => {
    await quiet();
    const dueAt = new Date(Math.floor(Date.now() / 86_400_000) * 86_400_000 - 18 * 3_600_000);
    const { id } = await due(dueAt);
    const mine = await service();
    const [first] = await claims(mine);
    expect(await send(mine, [reportOf(first!, { executionId: 'started' })])).toEqual([
      { outcome: 'APPLIED', error: null },
    ]);
    const after = await stored(id);
    expect(after).toMatchObject({
      executionId: 'started',
      lastExecutionId: 'started',
      evaluationStartedAt: null,
      workerId: null,
      evaluatedAt: dueAt,
    });
    expect(after.nextExecutionAt!.getTime()).toBe(dueAt.getTime() + 86_400_000);
    expect((await send(mine, [reportOf(first!, { executionId: 'started' })]))[0].outcome).toBe('IGNORED');
    expect(await stored(id)).toEqual(after);
    // A user unlocks it, another service claims it, and the first one still reports.
    await state(id, { executionId: null, nextExecutionAt: dueAt });
    const [second] = await claims(mine);
    await state(id, { evaluationStartedAt: null, workerId: null });
    const other = await service();
    const [third] = await claims(other);
    expect([second!.sequence, third!.sequence]).toEqual(['2', '3']);
    expect((await send(mine, [reportOf(second!, { executionId: 'twice' })]))[0].outcome).toBe('IGNORED');
    expect((await send(other, [reportOf(third!), reportOf(third!)])).map(({ outcome }) => outcome)).toEqual([
      'APPLIED',
      'IGNORED',
    ]);
    expect(await stored(id)).toMatchObject({ lastExecutionId: 'started', executionId: null });
  });

  it('runs a backfill date by date, and is due as before at its end', async () => {
    await quiet();
    const before = new Date(Date.now() + 3_600_000);
    const { id } = await due(before);
    const admin = await world.user(`admin-${next++}`, [main]);
    await world.bind(main, { principal: admin }, await world.managed(main, 'Admin'));
    const dates = { start: '2026-01-01T00:00:00Z', end: '2026-01-03T12:00:00Z' };
    await (await world.as(admin)).ok(call('createBackfill', 'trigger { id }'), {
      i: { id: idOf('Trigger', { id }), ...dates },
    });
    const mine = await service();
    const ran: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      const [one] = await claims(mine);
      if (!one) break;
      ran.push(one.dueAt);
      await send(mine, [reportOf(one)]);
    }
    expect(ran).toEqual(['2026-01-01T06:00:00.000Z', '2026-01-02T06:00:00.000Z', '2026-01-03T06:00:00.000Z']);
    expect(await stored(id)).toMatchObject({ backfill: null, nextExecutionAt: before, evaluatedAt: null });
  });

  it.each([
    ['ALL', -5],
    ['LAST', 0],
    ['NONE', undefined],
  ])('recovers dates that were not claimed by the rule %s', async (rule, hours) => {
    await quiet();
    const hour = 3_600_000;
    const top = Math.floor(Date.now() / hour) * hour;
    const cron = `cron: "0 * * * *"\n    recoverMissedSchedules: ${rule}`;
    const { id } = await due(new Date(top - 5 * hour), { cron });
    const mine = await service();
    const taken = await claims(mine);
    expect(taken.map(({ dueAt }) => (Date.parse(dueAt) - top) / hour)).toEqual(hours === undefined ? [] : [hours]);
    if (hours === undefined) {
      expect(await stored(id)).toMatchObject({ nextExecutionAt: new Date(top + hour), workerId: null });
      return;
    }
    await send(mine, [reportOf(taken[0]!)]);
    expect((await stored(id)).nextExecutionAt!.getTime()).toBe(top + (hours + 1) * hour);
  });

  it('holds a listening trigger until its worker reports that it stopped', async () => {
    await quiet();
    const flow = await world.flow(
      main,
      `id: rt-${next++}\nnamespace: company.data\ntasks: [{ id: a, type: t.A }]\ntriggers: [{ id: q, type: io.example.kafka.RealtimeTrigger }]\n`,
    );
    const { id } = await world.db.trigger.findFirstOrThrow({ where: { flowKey: flow.id } });
    const mine = await service();
    const [held] = await claims(mine);
    for (const executionId of ['e1', 'e2']) {
      expect((await send(mine, [reportOf(held!, { executionId })]))[0].outcome).toBe('APPLIED');
      expect(await stored(id)).toMatchObject({ lastExecutionId: executionId, executionId: null, workerId: mine });
    }
    await send(mine, [reportOf(held!, { ended: true })]);
    expect(await stored(id)).toMatchObject({ workerId: null, evaluationStartedAt: null });
    expect(await claims(await service())).toHaveLength(1);
  });

  it('is for the account that registered a service, in its tenants, for the work of its group', async () => {
    await quiet();
    const other = await world.tenant(`other-${next++}`);
    const past = new Date(Date.now() - 60_000);
    const here = await due(past);
    const there = await due(past, { tenant: other });
    const mine = await service();
    const thief = await newEngine(await world.account(null, `thief-${next++}`), []);
    expect(await thief.codes(claim, { i: { serviceId: mine } })).toEqual(['FORBIDDEN']);
    expect(await thief.codes(claim, { i: { serviceId: 'no-such' } })).toEqual(['FORBIDDEN']);
    expect(await claims(await service(thief), {}, thief)).toEqual([]);
    // An account that can update triggers, but is not an engine, cannot claim or report.
    const editor = await world.user(`editor-${next++}`, [main]);
    await world.bind(main, { principal: editor }, await world.managed(main, 'Editor'));
    expect(await (await world.as(editor)).codes(claim, { i: { serviceId: mine } })).toEqual(['FORBIDDEN']);
    const taken = await claims(mine);
    expect(taken.map(({ trigger }) => trigger.id)).toEqual([idOf('Trigger', here)]);
    const foreign = { trigger: idOf('Trigger', there), sequence: '1', dueAt: past };
    const unknown = { ...foreign, trigger: idOf('Trigger', { id: newId() }) };
    const answers = await send(mine, [foreign, unknown, reportOf(taken[0]!)]);
    expect(answers.map(({ outcome, error }) => outcome ?? error.code)).toEqual(['NOT_FOUND', 'NOT_FOUND', 'APPLIED']);
    expect((await stored(there.id)).workerId).toBeNull();
    // With a group, its workers claim the triggers, in the tenants that it serves.
    const root = world.root();
    await root.ok(call('createWorkerGroup', 'workerGroup { id }'), { i: { key: 'gpu', allowedTenantKeys: ['main'] } });
    await quiet();
    const special = await due(past, { cron: 'cron: "0 6 * * *"\n    workerGroup: { key: gpu }' });
    expect(await claims(mine)).toEqual([]);
    const gpu = await service(engine, { workerGroupKey: 'gpu' });
    expect((await claims(gpu)).map(({ trigger }) => trigger.id)).toEqual([idOf('Trigger', special)]);
    await quiet();
    await root.ok(call('updateTenant', 'tenant { id }'), { i: { id: idOf('Tenant', main), workerGroupKey: 'gpu' } });
    await due(past);
    expect(await claims(mine)).toEqual([]);
    expect(await claims(gpu)).toHaveLength(1);
    await root.ok(call('updateTenant', 'tenant { id }'), { i: { id: idOf('Tenant', main), workerGroupKey: null } });
  });

  it('keeps work of a group without workers waiting, or gives it to others to be failed or cancelled', async () => {
    await quiet();
    const past = new Date(Date.now() - 60_000);
    const mine = await service();
    const of = async (fallback: string) =>
      due(past, { cron: `cron: "0 6 * * *"\n    workerGroup: { key: empty, fallback: ${fallback} }` });
    const [fails, cancels] = [await of('FAIL'), await of('CANCEL')];
    await of('WAIT');
    const document = call('claimTriggers', 'claims { fallback trigger { id } }');
    const { claimTriggers } = await engine.ok<any>(document, { i: { serviceId: mine } });
    expect(claimTriggers.claims.map(({ fallback, trigger }: any) => [fallback, trigger.id]).sort()).toEqual(
      [
        ['FAIL', idOf('Trigger', fails)],
        ['CANCEL', idOf('Trigger', cancels)],
      ].sort(),
    );
    // A group whose workers do not serve the tenant counts as one without workers.
    await quiet();
    const elsewhere = await world.tenant(`elsewhere-${next++}`);
    await world.root().ok(call('createWorkerGroup', 'workerGroup { id }'), {
      i: { key: 'closed', allowedTenantKeys: [elsewhere.key] },
    });
    await service(engine, { workerGroupKey: 'closed' });
    const closed = await due(past, { cron: 'cron: "0 6 * * *"\n    workerGroup: { key: closed, fallback: FAIL }' });
    expect((await claims(mine)).map(({ trigger }) => trigger.id)).toEqual([idOf('Trigger', closed)]);
    // Once the group has a worker, that worker claims them.
    await quiet();
    const again = await of('FAIL');
    await world.root().ok(call('createWorkerGroup', 'workerGroup { id }'), { i: { key: 'empty' } });
    const theirs = await service(engine, { workerGroupKey: 'empty' });
    expect(await claims(mine)).toEqual([]);
    expect((await claims(theirs)).map(({ trigger }) => trigger.id)).toEqual([idOf('Trigger', again)]);
  });

  it('releases the claims of a worker that is gone, and ignores its late report', async () => {
    await quiet();
    const { id } = await due(new Date(Date.now() - 60_000));
    const mine = await service();
    const [held] = await claims(mine);
    const worker = await world.db.worker.findUniqueOrThrow({ where: { serviceId: mine } });
    await world.write((tx) => workersGone(tx, [worker]));
    expect(await stored(id)).toMatchObject({ workerId: null, evaluationStartedAt: null });
    expect((await send(mine, [reportOf(held!, { executionId: 'late' })]))[0].outcome).toBe('IGNORED');
    await world.db.worker.update({ where: { id: worker.id }, data: { evictedAt: new Date() } });
    expect(await engine.codes(claim, { i: { serviceId: mine } })).toEqual(['CONFLICT']);
    expect(await claims(await service())).toHaveLength(1);
  });

  it('gives 10,000 due triggers once each to 20 claimers on two gateways', { timeout: 60_000 }, async () => {
    await quiet();
    const crowd = await world.tenant(`crowd-${next++}`);
    const flow = await world.flow(crowd, flowSource('company', 'crowd'));
    await world.db.$executeRaw`
      INSERT INTO "Trigger" (id, "tenantId", namespace, "flowId", "triggerId", "flowKey", type, kind, definition, disabled,
        "declaredDisabled", "stateAt", "flowDisabled", "nextExecutionAt", "stopAfter")
      SELECT 'crowd-' || n, ${crowd.id}, 'company', 'crowd', 't' || n, ${flow.id}, 'x.Schedule', 'SCHEDULE',
        '{"cron":"0 6 * * *"}', false, false, now(), false, now() - n * interval '1 second', '{}'
      FROM generate_series(1, 10000) n`;
    const robot = await world.account(null, `robot-${next++}`);
    const clients = [await newEngine(robot, [crowd]), await world.as(robot, 1)];
    const taken = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const client = clients[i % 2]!;
        const mine = await service(client);
        const own: string[] = [];
        for (;;) {
          const part = await claims(mine, { limit: 100, tenantKey: crowd.key }, client);
          if (part.length === 0) return own;
          own.push(...part.map(({ trigger }) => trigger.id));
        }
      }),
    );
    const all = taken.flat();
    expect([all.length, new Set(all).size]).toEqual([10_000, 10_000]);
    expect(taken.filter((own) => own.length > 0).length).toBeGreaterThan(10);
  });

  it('refuses a faulty batch as a whole, with the field, and an invalid ID separately', async () => {
    const mine = await service();
    expect(await engine.codes(claim, { i: { serviceId: mine, limit: 0 } })).toEqual(['BAD_INPUT']);
    expect(await engine.codes(claim, { i: { serviceId: mine, limit: 501 } })).toEqual(['BAD_INPUT']);
    expect(await engine.codes(report, { i: { serviceId: mine, reports: [] } })).toEqual(['BAD_INPUT']);
    const bad = { trigger: idOf('Flow', { id: 'x' }), sequence: '1', dueAt: new Date() };
    expect((await send(mine, [bad])).map(({ error }) => error.code)).toEqual(['BAD_INPUT']);
    expect(await engine.codes(claim, { i: { serviceId: mine, tenantKey: 'nowhere' } })).toEqual(['NOT_FOUND']);
  });
});
