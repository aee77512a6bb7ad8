import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { firstStart } from '../../src/bootstrap/first-start.ts';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/db/client.ts';
import { Deadline, withDeadline } from '../../src/db/deadline.ts';
import { startEmbedded } from '../../src/db/embedded.ts';
import { PrismaClient } from '../../src/db/generated/client.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createLog } from '../../src/lib/log.ts';
import { call } from '../support/call.ts';
import { Client } from '../support/client.ts';
import { idOf, masterKey, password, World } from '../support/world.ts';
import { codesOf, json, jsonType, raw, until } from './tools.ts';

// A list: single tenants are answered from memory.
const query = '{ tenants { nodes { name } } }';

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
const resume = (pid: number): void => {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // The process no longer exists.
  }
};

describe('a gateway and its database', () => {
  const open: (() => Promise<unknown> | unknown)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });
  const create = async (options: Parameters<typeof World.create>[0]): Promise<World> => {
    const world = await World.create(options);
    open.push(() => world.close());
    await world.tenant('main');
    return world;
  };

  it('answers 503 while the pool is exhausted, until a connection is free', async () => {
    const world = await create({ limits: { poolSize: 2 } });
    const root = world.root();
    await root.ok(query);
    const held = await Promise.all([world.app.database.pool.connect(), world.app.database.pool.connect()]);
    const sleeping = held.map((client) => client.query('BEGIN; SELECT pg_sleep(60)').catch(() => undefined));
    const started = Date.now();
    const change = 'mutation { createGroup(input: { tenantKey: "main", name: "None" }) { group { id } } }';
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => root.run(i % 2 === 0 ? query : change)));
    expect(Date.now() - started).toBeLessThan(2_100);
    for (const { status, headers, errors } of answers) {
      expect(status).toBe(503);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect(errors[0]?.extensions.code).toMatch(/UNAVAILABLE|POLICY_ERROR/);
    }
    for (const client of held) client.release(true);
    await Promise.all(sleeping);
    await until('an answer', async () => (await root.run(query)).status === 200, 3_000);
    expect(world.log).toEqual([]);
  });

  it('makes the statements of one account wait for each other, not for those of others', async () => {
    const world = await create({});
    const [viewer, other] = await Promise.all(['viewer', 'other'].map((name) => world.user(name)));
    const { pool, prisma } = world.app.database;
    /** Runs work as a request of this user. */
    const as = <T>(user: { id: string }, work: () => Promise<T>): Promise<T> => {
      const deadline = new Deadline(10_000);
      deadline.owner = () => user.id;
      // Prisma sends a statement when it is awaited.
      return withDeadline(deadline, async () => await work());
    };
    const slow = Array.from({ length: 30 }, () =>
      as(viewer!, () => prisma.$queryRaw`SELECT pg_sleep(0.4)::text`).then(
        () => 'done',
        (error: Error) => error.message,
      ),
    );
    await sleep(50);
    for (let i = 0; i < 5; i += 1) {
      const started = performance.now();
      await as(other!, () => prisma.$queryRaw`SELECT 1`);
      // A transaction, and a statement next to it, as a dry run needs them.
      await as(other!, () => prisma.$transaction(() => prisma.user.count()));
      expect(performance.now() - started).toBeLessThan(350);
    }
    // One connection is always reserved for the gateway's own work.
    expect(pool.totalCount - pool.idleCount).toBeLessThanOrEqual(9);
    const answers = await Promise.all(slow);
    expect(answers.filter((answer) => answer === 'done').length).toBeGreaterThan(16);
    expect(answers.filter((answer) => answer !== 'done' && !/timeout exceeded/.test(answer))).toEqual([]);
  });

  it('does not delay others while one account changes access and runs slow statements', async () => {
    const world = await create({});
    const [busy, other] = await Promise.all(['busy', 'other'].map((name) => world.user(name)));
    const chief = await world.as(await world.user('chief', [], { superAdmin: true }));
    const mine = await world.as(busy!);
    const mint = call('createApiToken', 'apiToken { id }');
    const changes = Array.from({ length: 40 }, (_, i) => mine.codes(mint, { i: { name: `t${i}` } }));
    await sleep(300);
    // The changes already wait for their turn. Now the account uses all the connections that it can.
    const deadline = new Deadline();
    deadline.owner = () => busy!.id;
    const { prisma } = world.app.database;
    const slow = Array.from({ length: 20 }, () =>
      withDeadline(deadline, async () => await prisma.$queryRaw`SELECT pg_sleep(1.2)::text`).catch(() => undefined),
    );
    await sleep(50);
    const started = performance.now();
    const disable = call('setUserDisabled', 'user { disabled }');
    expect(await chief.codes(disable, { i: { id: idOf('User', other!), disabled: true } })).toEqual([]);
    expect(performance.now() - started).toBeLessThan(600);
    await Promise.all([...slow, ...changes]);
  });

  it('limits statements, locks and idle transactions, on every connection of requests', async () => {
    const world = await create({ limits: { requestMs: 1_234, bulkMs: 5_678 } });
    const settings = async (name: string) =>
      (await world.db.$queryRawUnsafe<{ value: string }[]>(`SELECT current_setting('${name}') AS value`))[0]!.value;
    expect(await settings('statement_timeout')).toBe('5678ms');
    expect(await settings('lock_timeout')).toBe('1234ms');
    expect(await settings('idle_in_transaction_session_timeout')).toBe('1234ms');
    // The limits apply: an idle transaction is ended and its locks are released.
    const client = await world.app.database.pool.connect();
    const ended = new Promise<Error>((resolve) => client.once('error', resolve));
    await client.query('BEGIN');
    expect(await Promise.race([ended, sleep(3_000)])).toMatchObject({ code: '25P03' });
    client.release(true);
  });

  it('decides requests that need no rows while the pool is exhausted', async () => {
    const world = await create({ limits: { poolSize: 2 } });
    const root = world.root();
    await root.ok('{ viewer { name } }');
    const held = await Promise.all([world.app.database.pool.connect(), world.app.database.pool.connect()]);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await root.codes('{ viewer { name } }')).toEqual([]);
    expect((await fetch(`${world.urls[0]}/readyz`)).status).toBe(200);
    for (const client of held) client.release();
  });

  it('control: the stock adapter waits for its exhausted pool without a limit', async () => {
    const { connection } = await create({});
    const pool = new pg.Pool({ ...connection, max: 2 });
    const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
    const held = [await pool.connect(), await pool.connect()];
    const asked = prisma.tenant.findMany().then(
      () => 'answered',
      () => 'failed',
    );
    expect(await Promise.race([asked, sleep(4_000, 'hangs')])).toBe('hangs');
    for (const client of held) client.release();
    expect(await asked).toBe('answered');
    await prisma.$disconnect();
    await pool.end();
  });

  describe('a request over its deadline', () => {
    const slowly = async (world: World) => {
      await world.db.$executeRaw`ALTER TABLE "Tenant" RENAME TO "TenantRows"`;
      await world.db
        .$executeRaw`CREATE VIEW "Tenant" AS SELECT t.* FROM "TenantRows" t, LATERAL (SELECT pg_sleep(30), t.id) s`;
    };
    const busy = async (world: World) =>
      (
        await world.db.$queryRaw<{ n: bigint }[]>`SELECT count(*) AS n FROM pg_stat_activity
          WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()
            AND (wait_event = 'PgSleep' OR wait_event_type = 'Lock')`
      )[0]!.n;

    it.each([
      ['a query', query],
      ['a mutation', 'mutation { createNamespace(input: { tenantKey: "main", name: "slow" }) { namespace { name } } }'],
    ])('is answered 504, and its statement is cancelled: %s', async (_what, operation) => {
      const world = await create({ limits: { requestMs: 600 } });
      const root = world.root();
      await root.ok('{ viewer { name } }');
      await slowly(world);
      const started = Date.now();
      const asked = root.run(operation);
      await until('the statement', async () => (await busy(world)) > 0n, 550);
      const { status, errors } = await asked;
      expect([status, errors[0]?.extensions.code]).toEqual([504, 'TIMEOUT']);
      expect(Date.now() - started).toBeLessThan(1_500);
      await until('the cancellation', async () => (await busy(world)) === 0n, 500);
      // Other requests are unaffected: the same connections continue to serve.
      const others = await Promise.all(Array.from({ length: 30 }, () => root.run('{ viewer { name } }')));
      expect(others.map((answer) => answer.status)).toEqual(others.map(() => 200));
    });

    it('is answered with TIMEOUT over a WebSocket', async () => {
      const world = await create({ limits: { requestMs: 600 } });
      await slowly(world);
      const socket = world.root().socket();
      const result = new Promise<string>((resolve) =>
        socket.subscribe(
          { query },
          {
            next: ({ errors }) =>
              resolve(String((errors?.[0] as { extensions?: { code?: string } })?.extensions?.code)),
            error: (errors) => resolve(String((errors as { extensions: { code: string } }[])[0]?.extensions?.code)),
            complete: () => undefined,
          },
        ),
      );
      expect(await result).toBe('TIMEOUT');
      await socket.dispose();
      await until('the cancellation', async () => (await busy(world)) === 0n, 500);
    });

    it('does not cancel a request that gets its connection', async () => {
      const world = await create({});
      const { limits } = world.app.services;
      const { pool, close } = openDatabase(world.connection, { ...limits, poolSize: 1 });
      open.push(close);
      const [first, second] = [new Deadline(60_000), new Deadline(60_000)];
      const client = await withDeadline(first, () => pool.connect());
      const waiting = withDeadline(second, () => pool.query('SELECT pg_sleep(20)'));
      const outcome = waiting.then(
        () => 'slept',
        (error: { code?: string }) => error.code,
      );
      withDeadline(first, () => client.release());
      await until('the statement', async () => (await busy(world)) > 0n);
      first.expire();
      expect(await Promise.race([outcome, sleep(300, 'runs')])).toBe('runs');
      second.expire();
      expect(await Promise.race([outcome, sleep(2_000, 'runs')])).toBe('57014');
    });

    it('does not cancel the statements of waiting requests when the pool is full', async () => {
      const world = await create({ limits: { requestMs: 900, poolSize: 2, poolWaitMs: 1_900 } });
      const root = world.root();
      await root.ok('{ viewer { name } }');
      // Waits for a connection of a request that has ended: its cancellation must not reach the next request.
      await slowly(world);
      const slow = [root.run(query), root.run(query)];
      await until(
        'both',
        async () => {
          const client = new pg.Client(world.connection);
          await client.connect();
          const { rows } = await client.query(
            `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`,
          );
          await client.end();
          return rows[0].n === 2;
        },
        600,
      );
      await sleep(150);
      const waiting = Array.from({ length: 5 }, () => root.run('{ users { totalCount } }'));
      expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([504, 504]);
      for (const { status, errors } of await Promise.all(waiting)) expect([status, errors]).toEqual([200, []]);
    });
  });

  it('answers 503 while the database is down, and serves requests and streams when it returns', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-gone-'));
    open.push(() => rmSync(folder, { recursive: true, force: true }));
    let server = await startEmbedded(folder);
    open.push(() => server.stop());
    await migrate(server.connection);
    const base = readConfig({
      PORT: '0',
      GATEHOUSE_DATA_DIR: folder,
      GATEHOUSE_DEMO: '0',
      GATEHOUSE_MASTER_KEY: masterKey,
    });
    const log: string[] = [];
    const app = await createApp(
      base,
      server.connection,
      createLog('error', (line) => void log.push(line)),
    );
    open.push(() => app.close());
    await firstStart(app.store, { username: 'root', password }, 15);
    await app.freshness.confirm();
    const url = await app.listen();
    const root = new Client(url, {
      authorization: `Basic ${Buffer.from(`root:${password}`).toString('base64')}`,
    });
    const create = (key: string) =>
      root.ok(`mutation { createTenant(input: { key: "${key}", name: "n" }) { tenant { key } } }`);
    const health = async (path: string) => (await raw(`${url}${path}`, { method: 'GET' })).status;
    const thrown: unknown[] = [];
    const note = (error: unknown) => void thrown.push(error);
    process.on('uncaughtException', note).on('unhandledRejection', note);
    open.push(() => process.off('uncaughtException', note).off('unhandledRejection', note));
    await create('before');
    expect(await health('/readyz')).toBe(200);

    // Frozen: requests are answered, and do not wait for a response that never arrives.
    const processes = [server.pid, ...childrenOf(server.pid)];
    for (const pid of processes) process.kill(pid, 'SIGSTOP');
    open.push(() => {
      for (const pid of processes) resume(pid);
    });
    const frozenAt = performance.now();
    const waits: number[] = [];
    while (performance.now() - frozenAt < 3_500) {
      const asked = performance.now();
      const [read, change] = await Promise.all([
        root.run('{ tenants { nodes { name } } }'),
        root.run('mutation { createTenant(input: { key: "frozen", name: "n" }) { tenant { key } } }'),
      ]);
      waits.push(performance.now() - asked);
      expect([read.status, change.status]).toEqual([503, 503]);
    }
    expect(Math.max(...waits)).toBeLessThan(3_200);
    for (const pid of processes) resume(pid);
    await until('an answer', async () => (await root.codes('{ viewer { name } }')).length === 0, 5_000);
    expect(log).toEqual([expect.stringContaining('the database does not answer')]);
    log.length = 0;

    const subscription = 'subscription { auditEvents { cursor event { resourceKey } } }';
    const left = new AbortController();
    open.push(() => left.abort());
    const stream = root.sse(subscription, {}, left.signal);
    expect((await stream.next()).value?.data).toBeTruthy();
    const ended = stream.next();

    process.kill(server.pid, 'SIGQUIT');
    await until('not ready', async () => (await health('/readyz')) === 503, 5_000);
    expect(await health('/healthz')).toBe(200);
    for (const [operation, headers] of [
      ['{ viewer { name } }', root.headers],
      ['mutation { createTenant(input: { key: "lost", name: "n" }) { tenant { key } } }', root.headers],
      ['{ viewer { name } }', { authorization: `Basic ${Buffer.from('some:body').toString('base64')}` }],
    ] as const) {
      const answer = await raw(`${url}/graphql`, { headers: { ...jsonType, ...headers }, body: json(operation) });
      expect([operation, answer.status, codesOf(answer.text)]).toEqual([
        operation,
        503,
        [expect.stringMatching(/UNAVAILABLE|POLICY_ERROR/)],
      ]);
      expect(answer.headers['retry-after']).toBeDefined();
    }
    // The open stream ends with an error.
    const outcome = await Promise.race([ended, sleep(8_000, 'hangs')]);
    expect(outcome).toMatchObject({
      value: { errors: [{ extensions: { code: expect.stringMatching(/UNAVAILABLE|POLICY_ERROR/) } }] },
    });

    const started = Date.now();
    server = await startEmbedded(folder);
    const up = Date.now();
    await until('ready', async () => (await health('/readyz')) === 200, 5_000);
    expect(Date.now() - up).toBeLessThan(2_000);
    expect(up).toBeGreaterThan(started);
    expect((await root.ok('{ viewer { tenants { nodes { key } } } }')).viewer.tenants.nodes).toEqual([
      { key: 'before' },
    ]);
    const again = root.sse(subscription, {}, left.signal);
    await again.next();
    await create('after');
    const next = await Promise.race([again.next(), sleep(3_000, undefined)]);
    expect(next?.value?.data.auditEvents.event.resourceKey).toBe('after');
    expect(thrown).toEqual([]);
    // The outage is logged once, however many requests failed.
    expect(log).toEqual([expect.stringContaining('the database does not answer')]);
  });
});
