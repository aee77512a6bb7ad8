import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readConfig } from '../../src/config.ts';
import type { Worker } from '../../src/db/generated/client.ts';
import { reportingService } from '../../src/resources/orchestration/worker/reporting.ts';
import { mayFollow, type ServiceState, serviceStates } from '../../src/resources/orchestration/worker/states.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { idOf, World } from '../support/world.ts';

const register = call('registerService', 'heartbeatMs worker { id serviceId type state hostname version startedAt }');
const beat = call('heartbeat', 'evicted worker { state metrics lastHeartbeatAt }');
const states = Object.keys(serviceStates) as ServiceState[];

/** kestra.md 6.2, written out independently. */
const legal: Record<ServiceState, string> = {
  CREATED: 'RUNNING ERROR DISCONNECTED',
  RUNNING: 'ERROR DISCONNECTED TERMINATING MAINTENANCE',
  MAINTENANCE: 'RUNNING ERROR DISCONNECTED TERMINATING',
  ERROR: 'TERMINATING',
  DISCONNECTED: 'TERMINATING NOT_RUNNING',
  TERMINATING: 'TERMINATED_GRACEFULLY TERMINATED_FORCED NOT_RUNNING',
  TERMINATED_GRACEFULLY: 'NOT_RUNNING',
  TERMINATED_FORCED: 'NOT_RUNNING',
  NOT_RUNNING: 'INACTIVE',
  INACTIVE: '',
};

const standard = readConfig({
  DATABASE_URL: 'postgresql://x/y',
  GATEHOUSE_MASTER_KEY: 'a master key of the tests, no other',
}).liveness;

describe('services of the orchestrator', () => {
  let world: World;
  let engine: Client;
  let rival: Client;
  let root: Client;
  let next = 0;

  beforeAll(async () => {
    // The gateway changes no states here: see test/resources/liveness.test.ts.
    world = await World.create({ config: { liveness: { ...standard, enabled: false } } });
    root = world.root();
    const account = async (name: string) => {
      const one = await world.account(null, name);
      await world.grant(null, one, ['WORKER:CREATE', 'WORKER:UPDATE']);
      return world.as(one);
    };
    engine = await account('engine');
    rival = await account('rival');
  });
  afterAll(() => world.close());

  const registered = async (input: object = {}): Promise<Worker> => {
    const serviceId = `service-${next++}`;
    await engine.ok(register, { i: { serviceId, type: 'WORKER', ...input } });
    return world.db.worker.findFirstOrThrow({ where: { serviceId } });
  };
  const inState = async (state: ServiceState) => {
    const { id } = await registered();
    return world.db.worker.update({ where: { id }, data: { state } });
  };
  const stored = ({ id }: { id: string }) => world.db.worker.findFirstOrThrow({ where: { id } });
  const beats = (worker: Worker, input: object, client = engine) =>
    client.run<any>(beat, { i: { serviceId: worker.serviceId, sequence: '1', ...input } });

  it('register once, with their event; one that restarts is a new one', async () => {
    const { key } = await world.db.workerGroup.create({ data: { id: 'g', key: 'big' } });
    const input = {
      serviceId: 'pod-1',
      type: 'WORKER',
      workerGroupKey: key,
      hostname: 'pod-1.cluster',
      version: '1.2.0',
    };
    const { registerService } = await engine.ok<any>(register, { i: input });
    expect(registerService).toMatchObject({
      heartbeatMs: 3_000,
      worker: { serviceId: 'pod-1', type: 'WORKER', state: 'CREATED', hostname: 'pod-1.cluster', version: '1.2.0' },
    });
    expect(await engine.codes(register, { i: input })).toEqual(['CONFLICT']);
    expect(await rival.codes(register, { i: input })).toEqual(['CONFLICT']);
    const events = await world.db.auditEvent.findMany({ where: { resource: 'WORKER', resourceKey: 'pod-1' } });
    expect(events.map(({ action, actorName, tenantId }) => [action, actorName, tenantId])).toEqual([
      ['worker.create', 'engine', ''],
    ]);
    expect(JSON.stringify(events[0]!.patch)).toContain('"group":"big"');
    const page = await root.ok<any>(
      '{ workers(where: { workerGroupKey: "big" }) { totalCount nodes { workerGroup { key } events { state reason } } } }',
    );
    expect(page.workers).toEqual({
      totalCount: 1,
      nodes: [{ workerGroup: { key: 'big' }, events: [{ state: 'CREATED', reason: null }] }],
    });
  });

  it.each([
    [{ serviceId: '' }, ['input', 'serviceId']],
    [{ serviceId: 'a b' }, ['input', 'serviceId']],
    [{ serviceId: 'a\n' }, ['input', 'serviceId']],
    [{ serviceId: 'x'.repeat(201) }, ['input', 'serviceId']],
    [{ workerGroupKey: 'nowhere' }, ['input', 'workerGroupKey']],
    [{ hostname: 'x'.repeat(256) }, ['input', 'hostname']],
    [{ startedAt: '2999-01-01T00:00:00Z' }, ['input', 'startedAt']],
    [{ timings: { heartbeatTimeoutMs: 1 } }, ['input', 'timings', 'heartbeatTimeoutMs']],
    [{ timings: { terminationGraceMs: -1 } }, ['input', 'timings', 'terminationGraceMs']],
  ])('cannot be registered with %j', async (input, path) => {
    const { errors } = await engine.run(register, { i: { serviceId: 'odd', type: 'WORKER', ...input } });
    expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_INPUT', issues: [{ path }] });
    expect(await world.db.worker.count({ where: { serviceId: 'odd' } })).toBe(0);
  });

  it('have the states of the orchestrator', () => {
    for (const from of states)
      for (const to of states)
        expect([from, to, mayFollow(from, to)]).toEqual([from, to, from === to || legal[from].split(' ').includes(to)]);
  });

  it.each(states)('change from %s to legal states only', async (from) => {
    for (const to of states) {
      const worker = await inState(from);
      const { data, errors } = await beats(worker, { state: to });
      const allowed = from === to || legal[from].split(' ').includes(to);
      const row = await stored(worker);
      if (allowed) {
        expect(data.heartbeat.worker.state).toBe(to);
        expect(row.state).toBe(to);
      } else {
        expect(errors[0]?.extensions).toMatchObject({
          code: 'CONFLICT',
          state: from,
          evicted: false,
          issues: [{ path: ['input', 'state'] }],
        });
        expect([row.state, row.lastHeartbeatAt]).toEqual([from, worker.lastHeartbeatAt]);
      }
      const events = await world.db.workerEvent.count({ where: { workerId: worker.id } });
      expect(events).toBe(allowed && from !== to ? 2 : 1);
    }
  });

  it('send heartbeats: time and metrics are stored; an older report changes nothing', async () => {
    const worker = await registered();
    const head = await world.db.auditEvent.count();
    await beats(worker, { state: 'RUNNING', sequence: '5', metrics: { threads: 8 } });
    const first = await stored(worker);
    expect(first).toMatchObject({ state: 'RUNNING', sequence: 5n, metrics: { threads: 8 } });
    expect(first.lastHeartbeatAt > worker.lastHeartbeatAt).toBe(true);
    const { data } = await beats(worker, { state: 'MAINTENANCE', sequence: '4', metrics: { threads: 1 } });
    expect(data.heartbeat.worker).toMatchObject({ state: 'RUNNING', metrics: { threads: 8 } });
    expect(await stored(worker)).toEqual(first);
    // An equal report is a heartbeat.
    await beats(worker, { sequence: '5' });
    expect((await stored(worker)).lastHeartbeatAt >= first.lastHeartbeatAt).toBe(true);
    expect(await world.db.auditEvent.count()).toBe(head);
  });

  it('cannot report from the future, beyond the clock skew', async () => {
    const worker = await registered();
    const at = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
    const { errors } = await beats(worker, { state: 'RUNNING', at: at(120) });
    expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_INPUT', issues: [{ path: ['input', 'at'] }] });
    expect((await stored(worker)).state).toBe('CREATED');
    expect((await beats(worker, { state: 'RUNNING', at: at(30) })).errors).toEqual([]);
    // The time of arrival counts, whatever its clock says.
    expect((await stored(worker)).lastHeartbeatAt.getTime()).toBeLessThan(Date.now() + 5_000);
  });

  it('cannot return after an eviction, and learn of it', async () => {
    const { id } = await registered();
    const worker = await world.db.worker.update({
      where: { id },
      data: { state: 'DISCONNECTED', evictedAt: new Date() },
    });
    expect((await beats(worker, { state: 'RUNNING' })).errors[0]?.extensions).toMatchObject({
      code: 'CONFLICT',
      state: 'DISCONNECTED',
      evicted: true,
    });
    expect((await beats(worker, {})).data.heartbeat).toMatchObject({
      evicted: true,
      worker: { state: 'DISCONNECTED' },
    });
    for (const state of ['TERMINATING', 'TERMINATED_GRACEFULLY', 'NOT_RUNNING'])
      expect((await beats(worker, { state })).errors).toEqual([]);
    expect((await beats(worker, { state: 'RUNNING' })).errors[0]?.extensions.code).toBe('CONFLICT');
    expect((await stored(worker)).state).toBe('NOT_RUNNING');
  });

  it('are reported only by the account that registered them', async () => {
    const worker = await registered();
    const refused = await beats(worker, { state: 'RUNNING' }, rival);
    const unknown = await rival.run<any>(beat, { i: { serviceId: 'no-such', sequence: '1' } });
    expect(refused.errors.map(({ message, extensions }) => [message, extensions.code])).toEqual(
      unknown.errors.map(({ message, extensions }) => [message, extensions.code]),
    );
    expect(refused.errors[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await beats(worker, { state: 'RUNNING' }, root)).errors[0]?.extensions.code).toBe('FORBIDDEN');
    const { principalId, serviceId, id } = worker;
    const doer = { kind: 'SERVICE_ACCOUNT', id: principalId, name: 'engine', requestId: 'r' } as const;
    const use = (as = doer as Parameters<typeof reportingService>[1]) =>
      world
        .write((tx) => reportingService(tx, as, serviceId))
        .then(
          (row) => row.id,
          (error) => error.code,
        );
    expect(await use()).toBe(id);
    expect(await use({ ...doer, id: 'someone-else' })).toBe('FORBIDDEN');
    expect(await use({ ...doer, impersonator: { id: 'x', name: 'x' } })).toBe('FORBIDDEN');
    await world.db.worker.update({ where: { id }, data: { state: 'NOT_RUNNING' } });
    expect(await use()).toBe('CONFLICT');
    await world.db.worker.update({ where: { id }, data: { state: 'RUNNING', evictedAt: new Date() } });
    expect(await use()).toBe('CONFLICT');
  });

  it('cannot be registered or reported while their owner is impersonated', async () => {
    const main = await world.tenant('main');
    const target = await world.user('target', [main]);
    await world.grant(null, target, ['WORKER:CREATE', 'WORKER:UPDATE']);
    const own = await world.as(target);
    await own.ok(register, { i: { serviceId: 'targets-own', type: 'WORKER' } });
    const acting = root.as({ 'x-gatehouse-impersonate': 'target' });
    expect((await acting.ok<any>('{ viewer { name } }')).viewer.name).toBe('target');
    expect(await acting.codes(register, { i: { serviceId: 'as-target', type: 'WORKER' } })).toEqual(['FORBIDDEN']);
    expect(await acting.codes(beat, { i: { serviceId: 'targets-own', sequence: '1' } })).toEqual(['FORBIDDEN']);
  });

  it('are listed by type, state, group and text, in every order', async () => {
    await registered({ type: 'SCHEDULER', hostname: '100%_sure' });
    const query = (where: string, rest = '') =>
      root.ok<any>(`{ workers(first: 100, where: ${where} ${rest}) { nodes { serviceId type state } } }`);
    const { workers } = await query('{ text: "0%_S" }');
    expect(workers.nodes).toEqual([{ serviceId: expect.any(String), type: 'SCHEDULER', state: 'CREATED' }]);
    expect((await query('{ type: [INDEXER] }')).workers.nodes).toEqual([]);
    expect(new Set((await query('{ state: [ERROR, INACTIVE] }')).workers.nodes.map((n: any) => n.state))).toEqual(
      new Set(['ERROR', 'INACTIVE']),
    );
    for (const field of ['SERVICE_ID', 'TYPE', 'STATE', 'STARTED_AT', 'LAST_HEARTBEAT_AT']) {
      const seen: string[] = [];
      let after = '';
      for (;;) {
        const { workers: page } = await root.ok<any>(
          `{ workers(first: 30, ${after} orderBy: { field: ${field}, direction: DESC }) { nodes { serviceId } pageInfo { hasNextPage endCursor } } }`,
        );
        seen.push(...page.nodes.map((n: any) => n.serviceId));
        if (!page.pageInfo.hasNextPage) break;
        after = `after: "${page.pageInfo.endCursor}",`;
      }
      expect([field, seen.length, new Set(seen).size]).toEqual([
        field,
        await world.db.worker.count(),
        await world.db.worker.count(),
      ]);
    }
    // A viewer who cannot read groups cannot find out which exist.
    const reader = await world.user('worker-reader');
    await world.grant(null, reader, ['WORKER:READ']);
    const client = await world.as(reader);
    expect(await client.codes('{ workers { nodes { serviceId } } }')).toEqual([]);
    expect(await client.codes('{ workers(where: { workerGroupKey: "big" }) { nodes { serviceId } } }')).toEqual([
      'FORBIDDEN',
    ]);
  });

  it('return many workers with groups and events in few statements', async () => {
    const query = '{ workers(first: 50) { nodes { workerGroup { key } events { at state } } } }';
    await root.ok(query);
    expect(await world.statements(() => root.ok(query))).toBeLessThanOrEqual(5);
  });

  it('are followed live: as they register, change and are deleted', async () => {
    const end = new AbortController();
    const seen: [string, string | undefined, string | undefined][] = [];
    const follow = async (where: string) => {
      const query = `subscription { workers${where} { kind id worker { serviceId state } } }`;
      for await (const { data } of root.sse<any>(query, {}, end.signal)) {
        const { kind, worker } = data.workers;
        seen.push([kind, worker?.serviceId, worker?.state]);
        if (kind === 'REMOVED') return;
      }
    };
    const following = follow('(where: { text: "service-" })');
    await vi.waitFor(async () => {
      await registered();
      expect(seen.length).toBeGreaterThan(0);
    });
    const worker = await registered();
    const listed = (state: string) =>
      vi.waitFor(() => expect(seen).toContainEqual(['CHANGED', worker.serviceId, state]), 5_000);
    await listed('CREATED');
    await beats(worker, { state: 'RUNNING' });
    await listed('RUNNING');
    await world.db.worker.update({ where: { id: worker.id }, data: { state: 'INACTIVE' } });
    await listed('INACTIVE');
    await root.ok(call('deleteWorker', 'deletedId'), { i: { id: idOf('Worker', worker) } });
    await following;
    end.abort();
    expect(seen.at(-1)).toEqual(['REMOVED', undefined, undefined]);
  });

  it('are deleted by hand once they have ended', async () => {
    const worker = await registered();
    const remove = call('deleteWorker', 'deletedId');
    expect(await root.codes(remove, { i: { id: idOf('Worker', worker) } })).toEqual(['CONFLICT']);
    await world.db.worker.update({ where: { id: worker.id }, data: { state: 'INACTIVE' } });
    expect(await root.codes(remove, { i: { id: idOf('Worker', worker) } })).toEqual([]);
    expect(await world.db.workerEvent.count({ where: { workerId: worker.id } })).toBe(0);
  });
});
