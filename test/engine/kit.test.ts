import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { Engine, type Refusal } from '../../src/engine/engine.ts';
import { Journal } from '../../src/engine/journal.ts';
import { maxPending } from '../../src/engine/outbox.ts';
import { Program, until } from '../server/tools.ts';
import { call } from '../support/call.ts';
import { addFlow } from '../support/executions.ts';
import { flowSource } from '../support/flows.ts';
import { freePort } from '../support/program.ts';
import { masterKey, World } from '../support/world.ts';
import { engineToken, instantEngine, journalFile } from './support.ts';

const soak = process.env.SOAK === '1';

describe('the kit for engines', () => {
  let world: World;
  let tenants: Tenant[];
  let token: string;
  const engines: Engine[] = [];
  const own = <T extends { engine: Engine }>(made: T): T => {
    engines.push(made.engine);
    return made;
  };
  const submit = async (tenant: Tenant, count: number): Promise<string[]> => {
    const document = call('createExecution', 'execution { executionId }');
    const input = { i: { tenantKey: tenant.key, namespaceName: 'company.x', flowId: 'hello' } };
    const made = await Promise.all(Array.from({ length: count }, () => world.root().ok<any>(document, input)));
    return made.map(({ createExecution }) => createExecution.execution.executionId);
  };
  const rows = (ids: readonly string[]) =>
    world.db.execution.findMany({
      where: { executionId: { in: [...ids] } },
      include: { taskRuns: true, logs: true, metrics: true },
    });
  const open = () => world.db.command.count({ where: { state: { not: 'DONE' } } });
  /**
   * True if no command is left. Those that the gateway claimed for a process or a response that was lost, before the
   * journal had them, are due again after a minute: this test does not wait for it.
   */
  const allDone = async (): Promise<boolean> => {
    const present = await world.db.worker.findFirstOrThrow({ orderBy: { registeredAt: 'desc' } });
    const lost = [{ takenBy: { not: present.serviceId } }, { takenAt: { lt: new Date(Date.now() - 3_000) } }];
    await world.db.command.updateMany({ where: { state: 'TAKEN', OR: lost }, data: { takenAt: new Date(0) } });
    return (await open()) === 0;
  };
  const programs: Program[] = [];
  /** Each execution ended once, with one task run, log entry and metric, and no command is left. */
  const expectComplete = async (ids: readonly string[]) => {
    const found = await rows(ids);
    expect(found.map(({ state }) => state)).toEqual(ids.map(() => 'SUCCESS'));
    for (const { taskRuns, logs, metrics } of found)
      expect([taskRuns.length, logs.length, metrics.length]).toEqual([1, 1, 1]);
    expect(await open()).toBe(0);
  };

  beforeAll(async () => {
    world = await World.create({ gateways: 2, limits: { requestsPerMinute: 1_000_000 } as never });
    tenants = [await world.tenant('one'), await world.tenant('two')];
    const root = await world.db.user.findFirstOrThrow({ where: { username: 'root' } });
    for (const tenant of tenants) {
      await addFlow(world, tenant, 'company.x', 'hello');
      await world.access(tenant, root);
      await world.bind(tenant, { principal: root }, await world.managed(tenant, 'Admin'));
    }
    token = await engineToken(world, 'kit', tenants);
  });
  afterAll(async () => {
    await Promise.all(engines.map((engine) => engine.drain({ timeoutMs: 1_000 })));
    await Promise.all(programs.filter(({ isRunning }) => isRunning).map((program) => program.kill()));
    await world.close();
  });

  it('serves many tenants, claims their commands, reports in batches and ends as a service that is gone', async () => {
    const { engine, started } = own(instantEngine({ url: world.urls[0]!, token }));
    await engine.start();
    expect((await engine.read.tenants()).toSorted()).toEqual(['one', 'two']);
    const ids = (await Promise.all(tenants.map((tenant) => submit(tenant, 5)))).flat();
    await until('all are acknowledged', async () => (await open()) === 0, 10_000);
    await engine.flush();
    expect(started.toSorted()).toEqual(ids.toSorted());
    await expectComplete(ids);
    expect(await engine.drain()).toBe(true);
    const worker = await world.db.worker.findFirstOrThrow({ where: { serviceId: engine.serviceId } });
    expect(worker.state).toBe('NOT_RUNNING');
  });

  it('starts one execution for a due date, even if the trigger is claimed again', async () => {
    await world.flow(tenants[0]!, flowSource('company.x', 'daily'));
    const { engine, started } = own(instantEngine({ url: world.urls[0]!, token }));
    await engine.start();
    const dueAt = new Date(Date.now() - 1_000);
    const where = { tenantId: tenants[0]!.id, flowId: 'daily' };
    for (let i = 0; i < 2; i += 1) {
      await world.db.trigger.updateMany({ where, data: { nextExecutionAt: dueAt, executionId: null } });
      await until(
        'the date is done',
        async () => (await world.db.trigger.findFirstOrThrow({ where })).nextExecutionAt! > new Date(),
        10_000,
      );
    }
    expect(started.length).toBe(1);
    await engine.flush();
    expect(await world.db.execution.count({ where: { flowId: 'daily' } })).toBe(1);
    await engine.drain();
  });

  it('slows reporters down, keeps the newest report of an object, and names the reports that are refused', async () => {
    const refusals: Refusal[] = [];
    const [{ key }] = tenants as [Tenant];
    const engine = new Engine({
      name: 'busy',
      url: world.urls[0]!,
      token,
      onRefused: (refusal) => refusals.push(refusal),
    });
    engines.push(engine);
    await engine.start();
    const at = new Date().toISOString();
    const place = { namespaceName: 'company.x', flowId: 'hello' };
    const history = [{ state: 'RUNNING', at } as const];
    expect(await engine.create(key, { executionId: 'busy-1', ...place, history })).toBe(true);
    expect(await engine.create(key, { executionId: 'busy-1', ...place, history })).toBe(false);
    await expect(engine.create(key, { executionId: 'busy-2', ...place, flowId: 'none', history })).rejects.toThrow(
      'The flow is not found.',
    );
    for (let i = 0; i < 1_000; i += 1)
      void engine.report(key, { executions: [{ executionId: 'busy-1', ...place, history, outputs: { i } }] });
    expect(engine.pending).toBe(1);
    const entry = { executionId: 'busy-1', at, level: 'INFO', message: 'x' } as const;
    let isWaiting = true;
    const waiting = engine
      .report(key, { logs: Array.from({ length: maxPending + 1 }, () => entry) })
      .then(() => (isWaiting = false));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isWaiting).toBe(true);
    await waiting;
    expect(engine.pending).toBeLessThanOrEqual(maxPending / 2);
    // Too large for one request, and one entry that is too long for the gateway.
    const large = Array.from({ length: 30 }, () => ({ ...entry, message: 'y'.repeat(90_000) }));
    await engine.report(key, { logs: [...large, { ...entry, message: 'z'.repeat(100_001) }] });
    await engine.report(key, { logs: [{ ...entry, executionId: 'unknown' }] });
    await engine.flush();
    const [row] = await rows(['busy-1']);
    expect(row!.outputs).toEqual({ i: 999 });
    expect(row!.logs.length).toBe(maxPending + 1 + 30);
    expect(refusals.map(({ kind, code, message }) => [kind, code, message])).toEqual(
      expect.arrayContaining([
        ['execution', 'NOT_FOUND', 'The flow is not found.'],
        ['log', 'BAD_INPUT', 'A message can have at most 100,000 characters.'],
        ['log', 'NOT_FOUND', 'The execution is not found.'],
      ]),
    );
    expect(refusals.length).toBe(3);
    await engine.drain();
  });

  it('gives a log entry another number if its own is taken, and learns that another engine has taken over', async () => {
    const [{ key }] = tenants as [Tenant];
    const superseded: string[] = [];
    const engine = new Engine({
      name: 'late',
      url: world.urls[0]!,
      token,
      onSuperseded: (_tenant, id) => superseded.push(id),
    });
    engines.push(engine);
    await engine.start();
    const at = new Date().toISOString();
    const execution = {
      executionId: 'late-1',
      namespaceName: 'company.x',
      flowId: 'hello',
      history: [{ state: 'RUNNING', at } as const],
    };
    await engine.create(key, execution);
    await world.db.execution.updateMany({ where: { executionId: 'late-1' }, data: { sequence: 2n ** 62n } });
    await engine.report(key, { executions: [execution] });
    await engine.flush();
    expect(superseded).toEqual(['late-1']);
    // It has observed the higher number now.
    await engine.read.execution(key, 'late-1');
    await engine.report(key, { executions: [{ ...execution, outputs: { mine: true } }] });
    await engine.flush();
    expect((await rows(['late-1']))[0]!.outputs).toEqual({ mine: true });
    await engine.drain();
  });

  it('registers again when it was evicted, and its reports continue', async () => {
    let evictions = 0;
    const { engine } = own(instantEngine({ url: world.urls[0]!, token, onEvicted: () => (evictions += 1) }));
    await engine.start();
    const former = engine.serviceId;
    await world.db.worker.updateMany({
      where: { serviceId: former },
      data: { state: 'INACTIVE', evictedAt: new Date() },
    });
    const ids = await submit(tenants[1]!, 3);
    await until('all are acknowledged', async () => (await open()) === 0, 10_000);
    await engine.flush();
    expect([evictions, engine.serviceId === former]).toEqual([1, false]);
    await expectComplete(ids);
    await engine.drain();
  });

  it('fails at the start if its account is not allowed to register', async () => {
    const engine = new Engine({ name: 'no', url: world.urls[0]!, token: 'gth_wrong' });
    await expect(engine.start()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await engine.drain({ timeoutMs: 10 });
  });

  it('doubles and loses nothing when the engine is killed again and again', async () => {
    const journal = journalFile();
    const ids: string[] = [];
    const rounds = soak ? 30 : 3;
    const start = async () => {
      const program = new Program([join(import.meta.dirname, 'process.ts'), world.urls[0]!, token, journal]);
      programs.push(program);
      await program.says(/started/);
      return program;
    };
    for (let i = 0; i < rounds; i += 1) {
      const program = await start();
      ids.push(...(await submit(tenants[0]!, 40)));
      await new Promise((resolve) => setTimeout(resolve, 40 + Math.random() * 150));
      await program.kill('SIGKILL');
    }
    const last = await start();
    await until('all are acknowledged', allDone, 20_000);
    expect(await last.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    await expectComplete(ids);
    expect(new Journal(journal).entries()).toEqual([]);
    const workers = await world.db.worker.findMany({ where: { serviceId: { startsWith: 'instant-' } } });
    expect(workers.filter(({ state }) => state === 'RUNNING')).toEqual([]);
  });

  it('doubles and loses nothing when the gateway is killed and starts again', async () => {
    const { host, user, password, database } = world.connection;
    const port = await freePort();
    const start = async () => {
      const program = new Program(['src/main.ts', 'serve'], {
        PORT: String(port),
        DATABASE_URL: `postgresql://${user}:${password}@localhost/${database}?host=${encodeURIComponent(host)}`,
        GATEHOUSE_MASTER_KEY: masterKey,
        GATEHOUSE_CONSOLE: '0',
      });
      programs.push(program);
      await program.says(/listens on/);
      return program;
    };
    let gateway = await start();
    let retries = 0;
    const { engine } = own(
      instantEngine({ url: `http://127.0.0.1:${port}`, token, onRetry: () => (retries += 1), pollMs: 20 }),
    );
    await engine.start();
    const ids: string[] = [];
    for (let i = 0; i < (soak ? 10 : 1); i += 1) {
      const submitting = submit(tenants[0]!, 60);
      await until('some are done', async () => (await rows(await submitting)).some((row) => row.state === 'SUCCESS'));
      await gateway.kill('SIGKILL');
      ids.push(...(await submitting));
      gateway = await start();
    }
    await until('all are acknowledged', allDone, 20_000);
    await engine.flush();
    expect(retries).toBeGreaterThan(0);
    await expectComplete(ids);
    await engine.drain();
    await gateway.kill('SIGTERM');
  });

  it('reads a journal whose last line was cut, and keeps it small', () => {
    const path = journalFile();
    const journal = new Journal(path);
    for (let i = 0; i < 30_000; i += 1) {
      journal.add(`report ${i}`, { text: 'x'.repeat(100) });
      if (i >= 10) journal.done([`report ${i - 10}`]);
    }
    journal.close();
    expect(readFileSync(path).length).toBeLessThan(2_100_000);
    appendFileSync(path, '["report cut",{"te');
    const keys = new Journal(path).entries().map(({ key }) => key);
    expect(keys).toEqual(Array.from({ length: 10 }, (_, i) => `report ${29_990 + i}`));
  });
});
