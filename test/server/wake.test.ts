import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { createPostgresWake, type Wake } from '../../src/db/wake.ts';
import { createRedisWake } from '../../src/db/wake-redis.ts';
import { createLog } from '../../src/lib/log.ts';
import { statements } from '../auth/tools.ts';
import { call } from '../support/call.ts';
import { DatabaseProxy } from '../support/database-proxy.ts';
import { hasRedis, Redis } from '../support/redis.ts';
import { idOf, World } from '../support/world.ts';
import { until } from './tools.ts';

const soak = process.env['SOAK'] === '1';

interface Place {
  readonly make: (log: string[]) => Wake;
  readonly away: () => void | Promise<void>;
  readonly back: () => void | Promise<void>;
  readonly remove: () => void | Promise<void>;
}
const logTo = (lines: string[]) => createLog('error', (line) => void lines.push(line));

const places: Record<string, () => Promise<Place>> = {
  async PostgreSQL() {
    const { host, user, password } = inject('server');
    const proxy = await DatabaseProxy.start(host);
    const connection = proxy.connection({ connection: { host, user, password, database: 'postgres' } });
    return {
      make: (lines) => createPostgresWake(connection, logTo(lines)),
      away: () => proxy.down(),
      back: () => proxy.up(),
      remove: () => proxy.close(),
    };
  },
  async Redis() {
    const redis = await Redis.start();
    return {
      make: (lines) => createRedisWake(redis.url, logTo(lines)),
      away: () => redis.kill(),
      back: () => redis.up(),
      remove: () => redis.kill(),
    };
  },
};

describe.each(Object.keys(places))('a wake over %s', (name) => {
  const open: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });
  // No redis-server on this machine: the tests are skipped, and the report says so.
  const test = it.skipIf(name === 'Redis' && !hasRedis);

  test('merges concurrent messages, tolerates lost ones, and reconnects', async () => {
    const place = await places[name]!();
    open.push(() => place.remove());
    const lines: string[] = [];
    const [one, other] = [place.make(lines), place.make(lines)];
    open.push(() => Promise.all([one.close(), other.close()]));
    const heard: string[] = [];
    other.on((topic) => heard.push(topic));
    const stop = other.on(() => heard.push('never after it was stopped'));
    stop();
    const reaches = async () => {
      one.send('probe');
      await sleep(30);
      return heard.includes('probe');
    };
    await until('the first message', reaches);
    await sleep(50);

    heard.length = 0;
    for (let i = 0; i < 1_000; i += 1) one.send(`audit:${i % 10}`);
    await until('all topics', () => new Set(heard).size === 10);
    await sleep(50);
    expect(heard.length).toBe(10);
    // A message that is too large makes every gateway check everything.
    heard.length = 0;
    for (let i = 0; i < 1_000; i += 1) one.send(`audit:${'x'.repeat(20)}${i}`);
    await until('everything', () => heard.includes('*'));
    expect(heard.length).toBeLessThan(10);

    await place.away();
    for (let i = 0; i < 50; i += 1) one.send('this is lost');
    await sleep(150);
    heard.length = 0;
    await place.back();
    await until('the call to look at everything', () => heard.includes('*'), 8_000);
    heard.length = 0;
    await until('a message again', reaches, 8_000);
    expect(heard).not.toContain('this is lost');
    expect(lines.length).toBe(name === 'Redis' ? 2 : 0);
    for (const line of lines) expect(line).toMatch(/Redis does not answer/);
  });
});

describe('gateways that wake each other over PostgreSQL', () => {
  const open: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });
  const stream = 'subscription { auditEvents(tenantKey: "main") { cursor } }';

  it('query their database less than once a second while idle', async () => {
    const world = await World.create();
    open.push(() => world.close());
    await world.root().ok('{ viewer { name } }');
    await sleep(500);
    const seconds = soak ? 60 : 6;
    const seen = await statements(() => sleep(seconds * 1_000));
    expect(seen.length, seen.join('\n')).toBeLessThanOrEqual(seconds);
    expect(world.app.services.store.wake.isHealthy).toBe(true);
  });

  it.each([
    ['knows that it hears nothing', false],
    ['does not know that it hears nothing', true],
  ])('end a stream within two seconds of a revocation, also on a gateway that %s', async (_what, isHealthy) => {
    const deaf: Wake = { send: () => undefined, on: () => () => undefined, close: () => Promise.resolve(), isHealthy };
    const world = await World.create({ gateways: 2, app: (index) => (index === 1 ? { wake: deaf } : {}) });
    open.push(() => world.close());
    const main = await world.tenant('main');
    for (let i = 0; i < (soak ? 20 : 3); i += 1) {
      const user = await world.user(`reader${i}`, [main]);
      await world.grant(main, user, ['AUDITLOG:READ']);
      const ended = new AbortController();
      const items = (await world.as(user, 1)).sse<any>(stream, {}, ended.signal);
      await items.next();
      // At a random moment between the polls.
      await sleep(400 * i);
      const started = performance.now();
      await world.root().ok(call('setUserDisabled', 'user { id }'), { i: { id: idOf('User', user), disabled: true } });
      let last: any;
      for await (const item of items) last = item;
      expect(last?.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
      expect(performance.now() - started).toBeLessThan(2_000);
      ended.abort();
    }
  });
});

describe.skipIf(!hasRedis)('gateways that wake each other over Redis (skipped without redis-server)', () => {
  it('reach each other with and without a running Redis', async () => {
    const redis = await Redis.start();
    const world = await World.create({ gateways: 2, config: { redisUrl: redis.url } });
    try {
      await world.tenant('main');
      const left = new AbortController();
      const stream = world.root(1).sse<any>('subscription { auditEvents { event { resourceKey } } }', {}, left.signal);
      await stream.next();
      const heard = async (key: string) => {
        const before = performance.now();
        await world.root().ok(`mutation { createTenant(input: { key: "${key}" }) { tenant { id } } }`);
        for (;;) {
          const next = await stream.next();
          if (next.value?.data.auditEvents.event?.resourceKey === key) return performance.now() - before;
        }
      };
      await heard('one');
      await redis.kill();
      await heard('two');
      await redis.up();
      await heard('three');
      left.abort();
      expect(world.log.splice(0).every((line) => line.includes('Redis does not answer'))).toBe(true);
      // PostgreSQL's own notifications are no longer used.
      const [row] = await world.db.$queryRaw<{ n: bigint }[]>`
        SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`;
      expect(row!.n).toBe(0n);
    } finally {
      await world.close();
      await redis.kill();
    }
  });
});
