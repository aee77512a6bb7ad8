import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { purgeExecutions } from '../../src/resources/orchestration/execution/retention.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { addExecution } from '../support/executions.ts';
import { flowSource } from '../support/flows.ts';
import { World } from '../support/world.ts';

const update = call('updateTenantSettings', 'tenant { settings { requireExistingNamespace executionDays } }');
const save = call('saveFlow', 'flow { id }');
const dayMs = 86_400_000;

describe('the settings of a tenant', () => {
  let world: World;
  let main: Tenant;
  let admin: Client;

  const set = async (rest: object): Promise<any> =>
    (await admin.ok<any>(update, { i: { tenantKey: 'main', ...rest } })).updateTenantSettings.tenant.settings;
  const saving = (namespace: string, flowId: string) =>
    admin.codes(save, { i: { tenantKey: 'main', source: flowSource(namespace, flowId) } });

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    const user = await world.user('admin', [main]);
    await world.bind(main, { principal: user }, await world.managed(main, 'Admin'));
    admin = await world.as(user);
  });
  afterAll(() => world.close());

  it('have defaults, are changed one by one, recorded and undone', async () => {
    const read = '{ tenant(key: "main") { settings { requireExistingNamespace executionDays } } }';
    const shown = async () => (await admin.ok<any>(read)).tenant.settings;
    expect(await shown()).toEqual({ requireExistingNamespace: false, executionDays: null });
    expect(await set({ executionDays: 7 })).toEqual({ requireExistingNamespace: false, executionDays: 7 });
    expect(await set({ requireExistingNamespace: true })).toEqual({ requireExistingNamespace: true, executionDays: 7 });
    await set({ requireExistingNamespace: true });
    const events = await world.db.auditEvent.findMany({
      where: { action: 'tenant.configure' },
      orderBy: { seq: 'asc' },
    });
    expect(events.map(({ patch }) => patch)).toEqual([
      [{ op: 'add', path: '/settings/executionDays', value: 7 }],
      [{ op: 'add', path: '/settings/requireExistingNamespace', value: true }],
    ]);
    const listed = `{ tenant(key: "main") { auditEvents(where: { action: "tenant.configure" }) { nodes { id seq } } } }`;
    const { nodes } = (await admin.ok<any>(listed)).tenant.auditEvents;
    const [first] = nodes.sort((a: any, b: any) => Number(a.seq) - Number(b.seq));
    // The other setting was changed since, and stays.
    await admin.ok(call('undoChange', 'eventIds'), { i: { event: first.id } });
    expect(await shown()).toEqual({ requireExistingNamespace: true, executionDays: null });
    await set({ executionDays: 9 });
    expect(await admin.codes(call('undoChange', 'eventIds'), { i: { event: first.id } })).toEqual(['CONFLICT']);
    expect(await set({ executionDays: null, requireExistingNamespace: false })).toEqual(await shown());
    for (const executionDays of [0, -1, 40_000])
      expect(await admin.codes(update, { i: { tenantKey: 'main', executionDays } })).toEqual(['BAD_INPUT']);
  });

  it('refuse new flows in namespaces that were not created, and no changes of present flows', async () => {
    expect(await saving('implied.x', 'before')).toEqual([]);
    await set({ requireExistingNamespace: true });
    expect(await saving('implied.x', 'after')).toEqual(['CONFLICT']);
    expect(await saving('implied', 'after')).toEqual(['CONFLICT']);
    const source = flowSource('implied.x', 'before', true);
    await admin.ok(save, { i: { tenantKey: 'main', source } });
    await world.namespace(main, 'made.x');
    expect(await saving('made.x', 'after')).toEqual([]);
    expect(await saving('made.x.below', 'after')).toEqual(['CONFLICT']);
    expect(await world.db.namespace.count({ where: { namespace: 'made.x.below' } })).toBe(0);
    await set({ requireExistingNamespace: false });
    expect(await saving('made.x.below', 'after')).toEqual([]);
  });

  it('keep executions for a shorter time than the gateway, and never for a longer one', async () => {
    const other = await world.tenant('other');
    const add = (tenant: Tenant, days: number) =>
      addExecution(world, tenant, { state: 'SUCCESS', startedAt: new Date(Date.now() - days * dayMs) });
    for (const tenant of [main, other]) for (const days of [3, 10, 40]) await add(tenant, days);
    const kept = async () =>
      Promise.all([main, other].map(({ id }) => world.db.execution.count({ where: { tenantId: id } })));
    const { store } = world.app.services;
    await purgeExecutions(store);
    expect(await kept()).toEqual([3, 3]);
    await set({ executionDays: 7 });
    await purgeExecutions(store);
    expect(await kept()).toEqual([1, 3]);
    await set({ executionDays: 1_000 });
    await purgeExecutions(store, 30);
    expect(await kept()).toEqual([1, 2]);
  });
});
