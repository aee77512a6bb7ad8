import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { killCovered } from '../../src/resources/orchestration/kill-switch/kill.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { addService, Engine, engineOf } from '../support/engine.ts';
import { addExecution } from '../support/executions.ts';
import { flowSource } from '../support/flows.ts';
import { idOf, World } from '../support/world.ts';

const create = call(
  'createKillSwitch',
  'killSwitch { id title behavior namespaceName flowId startsAt endsAt tenantKey }',
);
const update = call('updateKillSwitch', 'killSwitch { behavior endsAt }');
const remove = call('deleteKillSwitch', 'deletedId');
const start = call('createExecution', 'execution { executionId state }');
const past = '2026-01-01T00:00:00.000Z';

describe('kill switches', () => {
  let world: World;
  let main: Tenant;
  let other: Tenant;
  let admin: Client;
  let editor: Client;
  let engine: Engine;
  let evaluator: Engine;

  const stop = async (behavior: string, rest: object = {}, client = admin): Promise<any> =>
    (await client.ok<any>(create, { i: { tenantKey: 'main', title: 'Stop', behavior, ...rest } })).createKillSwitch
      .killSwitch;
  const end = (id: string, client = admin) => client.ok(remove, { i: { id } });
  const begin = (flowId: string, namespaceName = 'company.x', tenantKey = 'main') => ({
    i: { tenantKey, namespaceName, flowId },
  });
  const run = async (flowId: string, namespace?: string): Promise<string> =>
    (await editor.ok<any>(start, begin(flowId, namespace))).createExecution.execution.executionId;
  const claimed = async (kind?: string): Promise<string[]> => {
    const commands = await engine.claim({ limit: 500 });
    if (commands.length > 0) await engine.reportExecutions({ acknowledge: commands.map(({ id }) => id) });
    return commands.filter((one) => kind === undefined || one.kind === kind).map(({ executionId }) => executionId);
  };
  const triggers = async (): Promise<string[]> => {
    const claim = call('claimTriggers', 'claims { trigger { namespaceName flowId } }');
    const { claimTriggers } = await evaluator.client.ok<any>(claim, { i: { serviceId: evaluator.service } });
    await world.db.trigger.updateMany({ data: { evaluationStartedAt: null, workerId: null } });
    return claimTriggers.claims.map(({ trigger }: any) => `${trigger.namespaceName}/${trigger.flowId}`).sort();
  };
  const active = async (client: Client, flowId = 'hello', namespace = 'company.x') =>
    (
      await client.ok<any>(
        `query($n: String!, $f: String!) { serverInfo { activeKillSwitch { title } } tenant(key: "main") {
          activeKillSwitch { title behavior endsAt } flow(namespaceName: $n, flowId: $f) { activeKillSwitch { title behavior } } } }`,
        { n: namespace, f: flowId },
      )
    ).tenant;

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    other = await world.tenant('other');
    for (const [tenant, namespace, flowId] of [
      [main, 'company.x', 'hello'],
      [main, 'company.x', 'second'],
      [main, 'company.x.deep', 'hello'],
      [main, 'company.xy', 'hello'],
      [other, 'company.x', 'hello'],
    ] as const)
      await world.flow(tenant, flowSource(namespace, flowId));
    await world.db.trigger.updateMany({ data: { nextExecutionAt: new Date(Date.now() - 60_000) } });
    const [first, second] = [await world.user('admin', [main]), await world.user('editor', [main, other])];
    await world.bind(main, { principal: first }, await world.managed(main, 'Admin'));
    for (const tenant of [main, other])
      await world.bind(tenant, { principal: second }, await world.managed(tenant, 'Editor'));
    [admin, editor] = [await world.as(first), await world.as(second)];
    engine = await engineOf(world, main);
    const account = await world.user('evaluator', [main, other]);
    for (const tenant of [main, other])
      await world.bind(tenant, { principal: account }, await world.managed(tenant, 'Engine'));
    await world.grant(null, account, ['WORKER:UPDATE']);
    evaluator = new Engine(await world.as(account), await addService(world, account), 'main');
  });
  afterAll(() => world.close());

  const all = ['company.x.deep/hello', 'company.x/hello', 'company.x/hello', 'company.x/second', 'company.xy/hello'];

  it('hold new executions and triggers of what they cover, which continue at the end', async () => {
    expect(await triggers()).toEqual(all);
    const held = await stop('HOLD', { namespaceName: 'company.x' });
    expect(held).toMatchObject({ namespaceName: 'company.x', flowId: null, endsAt: null, tenantKey: 'main' });
    // The sibling with the same beginning, and the other tenant, are not covered.
    expect(await triggers()).toEqual(['company.x/hello', 'company.xy/hello']);
    const [waiting, below, beside] = [
      await run('hello'),
      await run('hello', 'company.x.deep'),
      await run('hello', 'company.xy'),
    ];
    expect(await claimed()).toEqual([beside]);
    await end(held.id);
    expect((await claimed()).sort()).toEqual([waiting, below].sort());
    expect(await triggers()).toEqual(all);
  });

  it('of a flow cover exactly that flow, and those of a tenant or the instance everything', async () => {
    const flow = await stop('HOLD', { namespaceName: 'company.x', flowId: 'hello' });
    expect(await triggers()).toEqual([
      'company.x.deep/hello',
      'company.x/hello',
      'company.x/second',
      'company.xy/hello',
    ]);
    expect((await active(editor)).flow.activeKillSwitch).toEqual({ title: 'Stop', behavior: 'HOLD' });
    expect((await active(editor, 'second')).flow.activeKillSwitch).toBeNull();
    await end(flow.id);
    const tenant = await stop('HOLD', { title: 'Maintenance' });
    expect(await triggers()).toEqual(['company.x/hello']);
    expect((await active(editor)).activeKillSwitch).toEqual({ title: 'Maintenance', behavior: 'HOLD', endsAt: null });
    await end(tenant.id);
    const root = world.root();
    const instance = await stop('HOLD', { tenantKey: null, title: 'Everything' }, root);
    expect(await triggers()).toEqual([]);
    expect((await active(editor)).activeKillSwitch).toMatchObject({ title: 'Everything' });
    await end(instance.id, root);
    expect((await active(editor)).activeKillSwitch).toBeNull();
  });

  it('that kill refuse new executions and ask engines to kill each running one, once', async () => {
    await world.db.execution.deleteMany();
    const states = ['RUNNING', 'PAUSED', 'SUBMITTED', 'SUCCESS', 'KILLING'] as const;
    const of = new Map<string, string>();
    for (const state of states)
      of.set(state, (await addExecution(world, main, { state, flowId: 'hello' })).executionId);
    const beside = await addExecution(world, main, { state: 'RUNNING', namespace: 'company.xy', flowId: 'hello' });
    const stopped = await stop('KILL', { namespaceName: 'company.x' });
    const { errors } = await editor.run<any>(start, begin('hello'));
    expect(errors[0]).toMatchObject({
      message: 'A kill switch stops executions of company.x/hello.',
      extensions: { code: 'CONFLICT' },
    });
    expect(await editor.codes(start, begin('hello', 'company.x.deep'))).toEqual(['CONFLICT']);
    expect(await editor.codes(start, begin('hello', 'company.x', 'other'))).toEqual([]);
    const { store } = world.app.services;
    expect(await killCovered(store)).toBe(3);
    expect(await killCovered(store)).toBe(0);
    expect((await claimed('KILL')).sort()).toEqual([of.get('RUNNING'), of.get('PAUSED'), of.get('SUBMITTED')].sort());
    // The engine acknowledged, but did not act: it is asked again after a minute.
    expect(await killCovered(store)).toBe(0);
    await world.db.command.updateMany({ data: { doneAt: new Date(Date.now() - 61_000) } });
    expect(await killCovered(store)).toBe(3);
    await claimed();
    const events = await world.db.auditEvent.findMany({
      where: { action: 'execution.kill', tenantId: main.id },
      select: { actorName: true, reason: true, resourceKey: true },
    });
    expect(events.length).toBe(6);
    expect(events[0]).toMatchObject({ actorName: 'system', reason: 'a kill switch' });
    expect(events.every(({ resourceKey }) => !resourceKey.includes(beside.executionId))).toBe(true);
    await end(stopped.id);
    await world.db.command.updateMany({ data: { doneAt: new Date(Date.now() - 61_000) } });
    expect(await killCovered(store)).toBe(0);
    expect(await editor.codes(start, begin('hello'))).toEqual([]);
  });

  it('are in effect for their time only, and are changed and recorded', async () => {
    const later = await stop('HOLD', { startsAt: '2090-01-01T00:00:00Z', endsAt: '2090-01-02T00:00:00Z' });
    expect((await active(editor)).activeKillSwitch).toBeNull();
    await admin.ok(update, { i: { id: later.id, startsAt: past } });
    expect((await active(editor)).activeKillSwitch).not.toBeNull();
    const { updateKillSwitch } = await admin.ok<any>(update, {
      i: { id: later.id, endsAt: '2026-01-02T00:00:00Z', behavior: 'KILL' },
    });
    expect(updateKillSwitch.killSwitch).toEqual({ behavior: 'KILL', endsAt: '2026-01-02T00:00:00.000Z' });
    expect((await active(editor)).activeKillSwitch).toBeNull();
    const listed = async (where: object) =>
      (
        await admin.ok<any>(
          'query($w: KillSwitchWhere) { tenant(key: "main") { killSwitches(where: $w) { nodes { id } } } }',
          { w: where },
        )
      ).tenant.killSwitches.nodes.length;
    expect([
      await listed({}),
      await listed({ at: '2026-01-01T12:00:00Z' }),
      await listed({ behavior: 'HOLD' }),
    ]).toEqual([1, 1, 0]);
    await end(later.id);
    const actions = await world.db.auditEvent.findMany({
      where: { resource: 'KILL_SWITCH', tenantId: main.id },
      orderBy: { ordinal: 'desc' },
      take: 4,
      select: { action: true },
    });
    expect(actions.map(({ action }) => action)).toEqual([
      'kill-switch.delete',
      'kill-switch.update',
      'kill-switch.update',
      'kill-switch.create',
    ]);
  });

  it('refuse invalid input, and callers without the permission', async () => {
    const codes = (i: object, client = admin) =>
      client.codes(create, { i: { tenantKey: 'main', title: 'x', behavior: 'HOLD', ...i } });
    expect(await codes({ flowId: 'hello' })).toEqual(['BAD_INPUT']);
    expect(await codes({ namespaceName: 'a..b' })).toEqual(['BAD_INPUT']);
    expect(await codes({ title: '' })).toEqual(['BAD_INPUT']);
    expect(await codes({ startsAt: past, endsAt: past })).toEqual(['BAD_INPUT']);
    expect(await codes({ tenantKey: null, namespaceName: 'company' }, world.root())).toEqual(['BAD_INPUT']);
    expect(await codes({ tenantKey: null })).toEqual(['FORBIDDEN']);
    expect(await codes({}, editor)).toEqual(['FORBIDDEN']);
    expect(await world.db.killSwitch.count()).toBe(0);
  });

  it('are deleted with their tenant', async () => {
    const gone = await world.tenant('gone');
    const root = world.root();
    await stop('HOLD', { tenantKey: 'gone' }, root);
    await root.ok(call('createBanner', 'banner { id }'), { i: { tenantKey: 'gone', message: 'x' } });
    await root.ok(call('deleteTenant', 'key'), { i: { id: idOf('Tenant', gone) } });
    expect([await world.db.killSwitch.count(), await world.db.banner.count()]).toEqual([0, 0]);
  });
});

describe('banners', () => {
  let world: World;
  let admin: Client;
  let viewer: Client;

  beforeAll(async () => {
    world = await World.create();
    const main = await world.tenant('main');
    const [first, second] = [await world.user('admin', [main]), await world.user('viewer', [main])];
    await world.bind(main, { principal: first }, await world.managed(main, 'Admin'));
    [admin, viewer] = [await world.as(first), await world.as(second)];
  });
  afterAll(() => world.close());
  const create = call('createBanner', 'banner { id message severity startsAt endsAt tenantKey }');
  const add = async (rest: object, client = admin) =>
    (await client.ok<any>(create, { i: { tenantKey: 'main', message: 'Hello', ...rest } })).createBanner.banner;
  const shown = async (client: Client) => {
    const { tenant, serverInfo } = await client.ok<any>(
      '{ tenant(key: "main") { activeBanners { message severity } } serverInfo { activeBanners { message } } }',
    );
    return [tenant.activeBanners, serverInfo.activeBanners].map((list) => list.map(({ message }: any) => message));
  };

  it('are shown to everyone with access for their time, with those of the instance', async () => {
    expect(await add({ severity: 'WARNING' })).toMatchObject({ message: 'Hello', severity: 'WARNING', endsAt: null });
    const later = await add({ message: 'Later', startsAt: '2090-01-01T00:00:00Z' });
    await add({ message: 'Former', startsAt: past, endsAt: '2026-01-02T00:00:00Z' });
    await add({ message: 'All', tenantKey: null, startsAt: past }, world.root());
    expect(await shown(viewer)).toEqual([['Hello', 'All'], ['All']]);
    await admin.ok(call('updateBanner', 'banner { id }'), { i: { id: later.id, startsAt: past, severity: 'ERROR' } });
    expect((await shown(viewer))[0]!.toSorted()).toEqual(['All', 'Hello', 'Later']);
    await admin.ok(call('deleteBanner', 'deletedId'), { i: { id: later.id } });
    expect((await shown(viewer))[0]).toEqual(['Hello', 'All']);
  });

  it('are managed by their permissions only', async () => {
    expect(await viewer.codes(create, { i: { tenantKey: 'main', message: 'x' } })).toEqual(['FORBIDDEN']);
    expect(await admin.codes(create, { i: { message: 'x' } })).toEqual(['FORBIDDEN']);
    expect(await admin.codes(create, { i: { tenantKey: 'main', message: ' ' } })).toEqual(['BAD_INPUT']);
    expect(await viewer.codes('{ tenant(key: "main") { banners { nodes { id } } } }')).toEqual(['FORBIDDEN']);
    expect(await admin.codes('{ instanceBanners { nodes { id } } }')).toEqual(['FORBIDDEN']);
  });
});
