import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { addService, Engine, reportOf } from '../support/engine.ts';
import { flowSource } from '../support/flows.ts';
import { roundTrips } from '../support/round-trips.ts';
import { idOf, World } from '../support/world.ts';

describe('round trips to the database', () => {
  let world: World;
  let main: Tenant;
  let admin: Client;
  let engine: Engine;
  const ids = new Map<string, string>();

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    const flow = await world.flow(main, flowSource('company.x', 'hello'));
    const [trigger, namespace] = await Promise.all([
      world.db.trigger.findFirstOrThrow({ where: { flowKey: flow.id } }),
      world.namespace(main, 'company'),
    ]);
    const person = await world.user('admin', [main], { superAdmin: true });
    await world.bind(main, { principal: person }, await world.managed(main, 'Admin'));
    admin = await world.as(person);
    const made = async (field: string, select: string, input: object): Promise<string> =>
      (await admin.ok<any>(call(field, `made: ${select} { id }`), { i: input }))[field].made.id;
    ids.set('Tenant', idOf('Tenant', main));
    ids.set('Namespace', idOf('Namespace', namespace));
    ids.set('Trigger', idOf('Trigger', trigger));
    ids.set('Group', idOf('Group', await world.group(main, 'people')));
    ids.set('Role', idOf('Role', await world.role(main, 'reader', ['FLOW:READ'])));
    ids.set('ServiceAccount', idOf('ServiceAccount', await world.account(main, 'robot')));
    ids.set('User', idOf('User', await world.user('someone', [main])));
    ids.set('WorkerGroup', await made('createWorkerGroup', 'workerGroup', { key: 'gpu' }));
    const secret = { tenantKey: 'main', namespaceName: 'company', key: 'K', value: 'v' };
    ids.set('Secret', await made('putSecret', 'secret', secret));
    const blueprint = { tenantKey: 'main', title: 'Start', source: flowSource('company.x', 'started') };
    ids.set('Blueprint', await made('saveBlueprint', 'blueprint', blueprint));
    const account = await world.user('engine', [main]);
    const everywhere = await world.db.role.findFirstOrThrow({ where: { tenantId: null, name: 'Engine' } });
    await world.bind(null, { principal: account }, everywhere);
    await world.bind(main, { principal: account }, await world.managed(main, 'Engine'));
    engine = new Engine(await world.as(account), await addService(world, account), main.key);
  });
  afterAll(() => world.close());

  /** Counts the second time: the first one may load what is then in memory. */
  async function counted(client: Client, work: (turn: number) => Promise<unknown>): Promise<string[]> {
    await work(1);
    // After a change of access, the next request proves its identity again.
    await client.ok('{ viewer { name } }');
    const { sent } = await roundTrips(world.app, () => work(2));
    const trips = Map.groupBy(sent, ({ trip }) => trip);
    return [...trips.values()].map((part) => part.map(({ text }) => text.trim().split(/\s/)[0]).join(' '));
  }

  const access = ['SELECT', 'BEGIN SELECT SELECT', 'UPDATE UPDATE WITH SELECT COMMIT'];
  const others = ['SELECT', 'BEGIN SELECT SELECT', 'UPDATE WITH SELECT COMMIT'];
  const named = ['SELECT', 'BEGIN SELECT SELECT', 'SELECT', 'UPDATE UPDATE WITH SELECT COMMIT'];
  /** Its event names the allowed tenants. */
  const listed = ['SELECT', 'BEGIN SELECT SELECT', 'SELECT', 'UPDATE SELECT', 'WITH SELECT COMMIT'];

  it.each([
    ['updateGroup', 'Group', { description: 'new' }, access],
    ['updateGroup', 'Group', { name: 'renamed' }, named],
    ['updateRole', 'Role', { description: 'new' }, access],
    ['updateServiceAccount', 'ServiceAccount', { description: 'new' }, access],
    ['updateUser', 'User', { firstName: 'new' }, access],
    ['updateTenant', 'Tenant', { description: 'new' }, access],
    ['updateNamespace', 'Namespace', { description: 'new' }, others],
    ['updateSecret', 'Secret', { description: 'new' }, others],
    ['saveBlueprint', 'Blueprint', { tenantKey: 'main', description: 'new' }, others],
    ['updateWorkerGroup', 'WorkerGroup', { description: 'new' }, listed],
  ] as const)('are at most 5 for a change of a row: %s %s %j', async (field, type, fields, expected) => {
    const trips = await counted(admin, (turn) => {
      const varied = Object.entries(fields).map(([key, value]) => [
        key,
        key === 'tenantKey' ? value : `${value}${turn}`,
      ]);
      return admin.ok(call(field, '__typename'), { i: { id: ids.get(type), ...Object.fromEntries(varied) } });
    });
    expect(trips).toEqual(expected);
    expect(trips.length).toBeLessThanOrEqual(5);
  });

  it('are at most 5 for a change of a trigger', async () => {
    const id = ids.get('Trigger');
    const begin = call('createBackfill', 'trigger { id }');
    const end = call('deleteBackfill', 'trigger { id }');
    const backfill = { id, start: '2026-01-01T00:00:00Z', end: '2026-01-05T00:00:00Z' };
    const trips = await counted(admin, async (turn) => {
      if (turn === 1) await admin.ok(begin, { i: backfill });
      await admin.ok(end, { i: { id } });
      if (turn === 1) await admin.ok(begin, { i: backfill });
    });
    expect(trips).toEqual(['SELECT', 'BEGIN SELECT SELECT', 'UPDATE', 'WITH SELECT COMMIT']);
    const restart = call('restartTriggers', 'results { changed }');
    const ofSelection = await counted(admin, () => admin.ok(restart, { i: { tenantKey: 'main', triggers: [{ id }] } }));
    expect(ofSelection).toEqual(['BEGIN SELECT', 'SELECT', 'SELECT', 'UPDATE', 'WITH SELECT COMMIT']);
  });

  it('are at most 5 for a report or a claim of an engine', async () => {
    const report = (turn: number) =>
      engine.report(
        Array.from({ length: 20 }, (_, i) => reportOf(`run-${turn}-${i}`, 1, ['CREATED', 'RUNNING', 'SUCCESS'])),
      );
    expect(await counted(engine.client, report)).toEqual([
      ...['BEGIN SELECT', 'SELECT SELECT', 'SELECT SELECT', 'INSERT SELECT', 'WITH COMMIT'],
    ]);
    const at = '2026-01-01T12:00:00Z';
    const log = (turn: number) =>
      engine.logs([{ executionId: 'run-1-1', sequence: String(turn), at, level: 'INFO', message: 'done' }]);
    expect(await counted(engine.client, log)).toEqual(['BEGIN SELECT', 'SELECT SELECT', 'INSERT', 'COMMIT']);
    const claim = call('claimTriggers', 'claims { sequence dueAt trigger { id } }');
    const claims = () =>
      engine.client.ok<any>(claim, { i: { serviceId: engine.service, tenantKey: 'main', limit: 1 } });
    const due = () => world.db.trigger.updateMany({ data: { nextExecutionAt: new Date(), evaluationStartedAt: null } });
    await due();
    const taken = (await claims()).claimTriggers.claims as any[];
    expect(taken).toHaveLength(1);
    const { sequence, dueAt, trigger } = taken[0];
    const sent = call('reportTriggers', 'results { outcome }');
    const reports = [{ trigger: trigger.id, sequence, dueAt }];
    const { count } = await roundTrips(world.app, () =>
      engine.client.ok(sent, { i: { serviceId: engine.service, reports } }),
    );
    expect(count).toBe(3);
    await due();
    expect((await roundTrips(world.app, claims)).count).toBe(4);
    const beat = call('heartbeat', 'worker { state }');
    const heartbeat = (turn: number) =>
      engine.client.ok(beat, { i: { serviceId: engine.service, sequence: String(turn) } });
    expect(await counted(engine.client, heartbeat)).toEqual(['BEGIN SELECT', 'SELECT', 'UPDATE', 'COMMIT']);
  });
});
