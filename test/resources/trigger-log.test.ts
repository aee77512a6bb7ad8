import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { purgeTriggerLogs } from '../../src/resources/orchestration/trigger-log/report.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { type Engine, engineOf } from '../support/engine.ts';
import { flowSource } from '../support/flows.ts';
import { idOf, World } from '../support/world.ts';

const report = call('reportTriggerLogs', 'results { outcome error { code message } }');
const fields = 'nodes { namespaceName flowId triggerId sequence at level message }';

describe('log entries of triggers', () => {
  let world: World;
  let main: Tenant;
  let engine: Engine;
  let reader: Client;
  let sequence = 0;

  const send = async (logs: object[], by = engine): Promise<string[]> => {
    const i = { tenantKey: 'main', serviceId: by.service, logs };
    const { reportTriggerLogs } = await by.client.ok<any>(report, { i });
    return reportTriggerLogs.results.map(({ outcome, error }: any) => error?.code ?? outcome);
  };
  const entry = (rest: object = {}) => ({
    namespaceName: 'company.x',
    flowId: 'hello',
    triggerId: 'daily',
    sequence: String(++sequence),
    at: '2026-01-01T00:00:00Z',
    level: 'INFO',
    message: 'evaluated',
    ...rest,
  });
  const listed = async (where: object = {}, client = reader): Promise<string[]> => {
    const query = `query($w: TriggerLogWhere) { tenant(key: "main") { triggerLogs(where: $w, first: 100) { ${fields} } } }`;
    return (await client.ok<any>(query, { w: where })).tenant.triggerLogs.nodes.map(({ message }: any) => message);
  };

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    for (const [namespace, flowId] of [
      ['company.x', 'hello'],
      ['company.y', 'hello'],
    ] as const)
      await world.flow(main, flowSource(namespace, flowId));
    engine = await engineOf(world, main);
    const user = await world.user('viewer', [main]);
    await world.bind(main, { principal: user }, await world.managed(main, 'Viewer'));
    reader = await world.as(user);
  });
  afterAll(() => world.close());

  it('are stored once, each item on its own, within the reach of the engine', async () => {
    const one = entry({ message: 'first' });
    expect(await send([one])).toEqual(['APPLIED']);
    expect(
      await send([
        one,
        entry({ message: 'a\u0000b', level: 'WARN' }),
        entry({ triggerId: null, message: 'of the flow' }),
        entry({ flowId: 'unknown' }),
        entry({ sequence: '-1' }),
        entry({ level: 'LOUD' }),
        entry({ message: 'x'.repeat(100_001) }),
      ]),
    ).toEqual(['IGNORED', 'APPLIED', 'APPLIED', 'NOT_FOUND', 'BAD_INPUT', 'BAD_INPUT', 'BAD_INPUT']);
    const narrow = await engineOf(world, main, 'company.y');
    expect(await send([entry(), entry({ namespaceName: 'company.y', message: 'beside' })], narrow)).toEqual([
      'NOT_FOUND',
      'APPLIED',
    ]);
    const i = { tenantKey: 'main', serviceId: narrow.service, logs: [entry()] };
    expect(await engine.client.codes(report, { i })).toEqual(['FORBIDDEN']);
    expect(await engine.client.codes(report, { i: { ...i, serviceId: engine.service, logs: [] } })).toEqual([
      'BAD_INPUT',
    ]);
  });

  it('are listed with filters, for a trigger and for a flow, within the reach of the viewer', async () => {
    expect((await listed()).sort()).toEqual(['a\ufffdb', 'beside', 'first', 'of the flow']);
    expect(await listed({ minLevel: 'WARN' })).toEqual(['a\ufffdb']);
    expect(await listed({ under: 'company.y' })).toEqual(['beside']);
    expect(await listed({ text: 'FIRST' })).toEqual(['first']);
    expect(await listed({ text: '%' })).toEqual([]);
    expect(await listed({ from: '2026-01-01T00:00:01Z' })).toEqual([]);
    const trigger = await world.db.trigger.findFirstOrThrow({ where: { namespace: 'company.x' } });
    const own = `query($t: ID!, $f: ID!) { trigger: node(id: $t) { ... on Trigger { logs { ${fields} } } } flow: node(id: $f) { ... on Flow { triggerLogs { totalCount } } } }`;
    const found = await reader.ok<any>(own, { t: idOf('Trigger', trigger), f: idOf('Flow', { id: trigger.flowKey }) });
    expect(found.trigger.logs.nodes.map(({ message }: any) => message).sort()).toEqual(['a\ufffdb', 'first']);
    expect(found.flow.triggerLogs.totalCount).toBe(3);
    const user = await world.user('narrow', [main]);
    await world.grant(main, user, ['TRIGGER:READ'], 'company.y');
    expect(await listed({}, await world.as(user))).toEqual(['beside']);
    expect(
      await (await world.as(await world.user('none', [main]))).codes(
        '{ tenant(key: "main") { triggerLogs { totalCount } } }',
      ),
    ).toEqual(['FORBIDDEN']);
  });

  it('are deleted after the days of the retention, and with their tenant', async () => {
    const { store } = world.app.services;
    const purged = (days: number) => purgeTriggerLogs(store, 30, Date.UTC(2026, 0, 1) + days * 86_400_000);
    expect(await purged(30)).toBe(0);
    expect(await purged(31)).toBe(4);
    await send([entry()]);
    await world.root().ok(call('deleteTenant', 'key'), { i: { id: idOf('Tenant', main) } });
    expect(await world.db.triggerLog.count()).toBe(0);
  });
});
