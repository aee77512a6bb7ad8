import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Liveness } from '../../src/config.ts';
import { readConfig } from '../../src/config.ts';
import type { Worker } from '../../src/db/generated/client.ts';
import { newId } from '../../src/lib/ids.ts';
import { judgeServices } from '../../src/resources/orchestration/worker/liveness.ts';
import { call } from '../support/call.ts';
import { World } from '../support/world.ts';

const standard = readConfig({
  DATABASE_URL: 'postgresql://x/y',
  GATEHOUSE_MASTER_KEY: 'a master key of the tests, no other',
}).liveness;
const short: Liveness = {
  ...standard,
  intervalMs: 100,
  heartbeatMs: 300,
  timeoutMs: 1_500,
  initialDelayMs: 500,
  terminationGraceMs: 500,
  purgeDays: 1 / 86_400,
};

const eventually = (check: () => Promise<void>, timeout = 5_000) => vi.waitFor(check, { timeout, interval: 50 });

const put = (world: World, data: Partial<Worker> & { state: string }): Promise<Worker> => {
  const id = newId();
  const now = new Date();
  const times = { startedAt: now, lastHeartbeatAt: now, stateAt: now, registeredAt: now };
  return world.db.worker.create({
    data: { id, serviceId: id, principalId: 'p', type: 'WORKER', ...times, ...data } as never,
  });
};

describe('liveness', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ config: { liveness: { ...standard, enabled: false } } });
  });
  afterAll(() => world.close());

  /** Checks one service, with the given milliseconds since each of its times. */
  async function judged(
    { state, ...given }: Partial<Worker> & { state: string },
    ages: { heard?: number; registered?: number; inState?: number } = {},
    { calm = 3_600_000, settings = standard, late = 0 } = {},
  ): Promise<Worker | null> {
    const { id } = await put(world, { state, ...given });
    return world.write(async (tx) => {
      const old = (age = 0) => `date_trunc('milliseconds', now()) - interval '1 millisecond' * ${age}`;
      await tx.$executeRawUnsafe(
        `UPDATE "Worker" SET "lastHeartbeatAt" = ${old(ages.heard)}, "registeredAt" = ${old(ages.registered ?? 3_600_000)},
          "stateAt" = ${old(ages.inState ?? 1)} WHERE id = $1`,
        id,
      );
      const [{ now }] = (await tx.$queryRawUnsafe(`SELECT ${old()} AS now`)) as [{ now: Date }];
      const since = new Date(now.getTime() - calm);
      await judgeServices(tx, settings, { since, at: new Date(now.getTime() - late), pauseMs: 1_000 });
      return tx.worker.findUnique({ where: { id } });
    });
  }
  const stateOf = async (...args: Parameters<typeof judged>) => (await judged(...args))?.state ?? 'gone';

  it('has the documented timings', () => {
    expect(standard).toEqual({
      enabled: true,
      intervalMs: 5_000,
      heartbeatMs: 3_000,
      timeoutMs: 45_000,
      initialDelayMs: 45_000,
      terminationGraceMs: 300_000,
      purgeDays: 7,
      restartStrategy: 'AFTER_TERMINATION_GRACE_PERIOD',
      skewMs: 60_000,
    });
  });

  it.each(['CREATED', 'RUNNING', 'MAINTENANCE'])('%s: after its timeout, not at it', async (state) => {
    expect(await stateOf({ state }, { heard: 45_000 })).toBe(state);
    const evicted = await judged({ state }, { heard: 45_001 });
    expect(evicted?.state).toBe('DISCONNECTED');
    expect(evicted?.evictedAt).toEqual(evicted?.stateAt);
  });

  it('is not checked before the initial delay', async () => {
    expect(await stateOf({ state: 'CREATED' }, { heard: 60_000, registered: 45_000 })).toBe('CREATED');
    expect(await stateOf({ state: 'CREATED' }, { heard: 60_000, registered: 45_001 })).toBe('DISCONNECTED');
  });

  it("uses the service's own timings first", async () => {
    const timings = { heartbeatTimeoutMs: 2_000, terminationGraceMs: 1_000, initialDelayMs: 0 };
    expect(await stateOf({ state: 'RUNNING', timings }, { heard: 2_001, registered: 1 })).toBe('DISCONNECTED');
    expect(await stateOf({ state: 'RUNNING', timings: { heartbeatTimeoutMs: 90_000 } }, { heard: 60_000 })).toBe(
      'RUNNING',
    );
    expect(await stateOf({ state: 'TERMINATING', timings }, { inState: 1_000 })).toBe('TERMINATING');
    expect(await stateOf({ state: 'TERMINATING', timings }, { inState: 1_001 })).toBe('NOT_RUNNING');
  });

  it.each([
    ['ERROR', { heard: 45_001 }, 'TERMINATING'],
    ['ERROR', { heard: 45_000 }, 'ERROR'],
    ['DISCONNECTED', { inState: 300_000 }, 'DISCONNECTED'],
    ['DISCONNECTED', { inState: 300_001 }, 'NOT_RUNNING'],
    ['TERMINATING', { inState: 300_001 }, 'NOT_RUNNING'],
    ['TERMINATED_GRACEFULLY', {}, 'NOT_RUNNING'],
    ['TERMINATED_FORCED', {}, 'NOT_RUNNING'],
    ['NOT_RUNNING', {}, 'INACTIVE'],
    ['INACTIVE', { inState: 7 * 86_400_000 }, 'INACTIVE'],
    ['INACTIVE', { inState: 7 * 86_400_000 + 1 }, 'gone'],
  ])('%s after %j: %s', async (state, ages, expected) => {
    expect(await stateOf({ state }, ages)).toBe(expected);
  });

  it('is not judged by a gateway that was not awake for the whole timeout', async () => {
    for (const calm of [0, 44_999]) {
      expect(await stateOf({ state: 'RUNNING' }, { heard: 600_000 }, { calm })).toBe('RUNNING');
      expect(await stateOf({ state: 'DISCONNECTED' }, { inState: 600_000 }, { calm })).toBe('DISCONNECTED');
    }
    expect(await stateOf({ state: 'RUNNING' }, { heard: 600_000 }, { calm: 45_000 })).toBe('DISCONNECTED');
    // It stopped in the middle of the round.
    expect(await stateOf({ state: 'RUNNING' }, { heard: 600_000 }, { late: 1_001 })).toBe('RUNNING');
  });

  it('writes an event for each state, and audits an eviction', async () => {
    const evicted = await judged({ state: 'RUNNING' }, { heard: 45_001 });
    const { id } = evicted!;
    expect(await world.db.workerEvent.findMany({ where: { workerId: id } })).toMatchObject([
      { state: 'DISCONNECTED', reason: expect.stringContaining('no heartbeat'), at: evicted!.stateAt },
    ]);
    const events = await world.db.auditEvent.findMany({ where: { resource: 'WORKER', resourceId: id } });
    expect(events).toMatchObject([
      { action: 'worker.evict', actorKind: 'SYSTEM', tenantId: '', patch: [{ path: '/state', value: 'DISCONNECTED' }] },
    ]);
  });

  it('skips a service that is reporting at this moment, until the next round', async () => {
    const { id } = await put(world, { state: 'RUNNING', lastHeartbeatAt: new Date(0), registeredAt: new Date(0) });
    const calm = { since: new Date(0), at: new Date(), pauseMs: 60_000 };
    const judge = () => world.write((tx) => judgeServices(tx, standard, calm));
    await world.write(async (tx) => {
      await tx.$executeRaw`SELECT 1 FROM "Worker" WHERE id = ${id} FOR SHARE`;
      await judge();
    });
    expect((await world.db.worker.findFirstOrThrow({ where: { id } })).state).toBe('RUNNING');
    await judge();
    expect((await world.db.worker.findFirstOrThrow({ where: { id } })).state).toBe('DISCONNECTED');
  });
});

describe('the coordinator', () => {
  const beat = call('heartbeat', 'evicted worker { state }');
  const register = call('registerService', 'worker { id }');
  const stateOf = async (world: World, serviceId: string, from: number) =>
    (await world.apps[from]!.database.prisma.worker.findFirst({ where: { serviceId } }))?.state ?? 'gone';

  async function engineOf(world: World, gateway = 0) {
    const account = await world.account(null, `engine-${newId()}`);
    await world.grant(null, account, ['WORKER:CREATE', 'WORKER:UPDATE']);
    return world.as(account, gateway);
  }

  it('evicts silent services and keeps reporting ones, until they are settled and purged', async () => {
    const world = await World.create({ config: { liveness: short } });
    const engine = await engineOf(world);
    for (const serviceId of ['silent', 'lively']) await engine.ok(register, { i: { serviceId, type: 'WORKER' } });
    let sequence = 0;
    const live = setInterval(() => {
      sequence += 1;
      void engine.run(beat, { i: { serviceId: 'lively', state: 'RUNNING', sequence: String(sequence) } });
    }, 300);
    await eventually(async () => expect(await stateOf(world, 'silent', 0)).toBe('gone'), 20_000);
    expect(await stateOf(world, 'lively', 0)).toBe('RUNNING');
    clearInterval(live);
    const { errors } = await engine.run(beat, { i: { serviceId: 'silent', sequence: '1' } });
    expect(errors[0]?.extensions.code).toBe('FORBIDDEN');
    await eventually(async () => expect(await stateOf(world, 'lively', 0)).toBe('DISCONNECTED'), 20_000);
    const late = await engine.run(beat, { i: { serviceId: 'lively', state: 'RUNNING', sequence: '999' } });
    expect(late.errors[0]?.extensions).toMatchObject({ code: 'CONFLICT', evicted: true });
    const audited = await world.db.auditEvent.findMany({ where: { action: 'worker.evict' }, orderBy: { seq: 'asc' } });
    expect(audited.map(({ resourceKey }) => resourceKey)).toEqual(['silent', 'lively']);
    expect(world.log).toEqual([]);
    await world.close();
  });

  it('is one of two gateways; the other takes over when it ends, after a full timeout of its own', async () => {
    const world = await World.create({ gateways: 2, config: { liveness: short } });
    const locks = async () =>
      Number(
        (
          (await world.apps[1]!.database.prisma.$queryRawUnsafe(
            `SELECT count(*) AS n FROM pg_locks l JOIN pg_database d ON d.oid = l.database
             WHERE l.locktype = 'advisory' AND l.objid = 7301003 AND d.datname = current_database()`,
          )) as [{ n: bigint }]
        )[0].n,
      );
    await eventually(async () => expect(await locks()).toBe(1));
    const engine = await engineOf(world, 1);
    await engine.ok(register, { i: { serviceId: 'orphan', type: 'WORKER' } });
    // The first gateway was created first, so it leads: it ends before a service is late.
    await world.apps[0]!.close();
    const at = performance.now();
    await eventually(async () => expect(await locks()).toBe(1));
    await eventually(async () => expect(await stateOf(world, 'orphan', 1)).toBe('DISCONNECTED'), 20_000);
    expect(performance.now() - at).toBeGreaterThan(1_400);
    await world.apps[1]!.close();
    await world.onServer(`DROP DATABASE "${world.name}" WITH (FORCE)`);
  });

  it('releases the lock when it loses its connection, and acquires it again', async () => {
    const world = await World.create({ config: { liveness: short } });
    const engine = await engineOf(world);
    const kill = async () =>
      Number(
        (
          (await world.db.$queryRawUnsafe(
            `SELECT count(pg_terminate_backend(l.pid)) AS n FROM pg_locks l JOIN pg_database d ON d.oid = l.database
             WHERE l.locktype = 'advisory' AND l.objid = 7301003 AND d.datname = current_database()`,
          )) as [{ n: bigint }]
        )[0].n,
      );
    await eventually(async () => expect(await kill()).toBe(1));
    await engine.ok(register, { i: { serviceId: 'late', type: 'WORKER' } });
    await eventually(async () => expect(await stateOf(world, 'late', 0)).toBe('DISCONNECTED'), 20_000);
    await world.close();
  });

  it('evicts no service after a stall until it was awake for a full timeout', async () => {
    const settings = { ...short, timeoutMs: 2_500 };
    const world = await World.create({ config: { liveness: settings } });
    const engine = await engineOf(world);
    await engine.ok(register, { i: { serviceId: 'waiting', type: 'WORKER' } });
    await eventually(async () => expect(world.app.coordinator.leads).toBe(true));
    // The process is blocked for longer than the timeout: no heartbeat could arrive.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4_000);
    const awake = performance.now();
    const service = { serviceId: 'waiting', state: 'RUNNING' };
    const until = awake + 2_000;
    while (performance.now() < until) {
      expect(await stateOf(world, 'waiting', 0)).toBe('CREATED');
      await new Promise((done) => setTimeout(done, 100));
    }
    expect((await engine.run(beat, { i: { ...service, sequence: '1' } })).errors).toEqual([]);
    await eventually(async () => expect(await stateOf(world, 'waiting', 0)).toBe('DISCONNECTED'), 20_000);
    expect(performance.now() - awake).toBeGreaterThan(4_000);
    await world.close();
  });

  it('evicts no service when it is disabled', async () => {
    const world = await World.create({ config: { liveness: { ...short, enabled: false } } });
    await put(world, {
      state: 'RUNNING',
      serviceId: 'forgotten',
      lastHeartbeatAt: new Date(0),
      registeredAt: new Date(0),
    });
    await new Promise((done) => setTimeout(done, 2_500));
    expect(await stateOf(world, 'forgotten', 0)).toBe('RUNNING');
    await world.close();
  });
});
