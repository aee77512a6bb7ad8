import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import type { Answer } from '../support/client.ts';
import { hasRedis, Redis } from '../support/redis.ts';
import { World } from '../support/world.ts';
import { raw, until } from './tools.ts';

const query = '{ viewer { name } }';
const create = 'mutation { createGroup(input: { tenantKey: "a", name: "g" }) { group { id } } }';
const live = 'subscription { auditEvents { cursor } }';
const rule = (
  by: 'principal' | 'address',
  operations: ('query' | 'mutation' | 'subscription')[],
  max: number,
  perSeconds = 60,
) => ({ by, operations, max, perSeconds });
const limited = ({ status, headers, errors }: Answer<unknown>) => [
  status,
  headers.get('retry-after') !== null,
  errors[0]?.extensions.code,
  errors[0]?.extensions['limit'],
];
const refusal = [429, true, 'LIMIT_EXCEEDED', 'rate'];

describe('rate limits', () => {
  let world: World;
  beforeAll(async () => {
    const rules = [
      rule('principal', ['query'], 5),
      rule('principal', ['subscription'], 2),
      rule('address', ['mutation'], 3),
      rule('principal', ['query'], 1_000, 3_600),
    ];
    world = await World.create({
      config: {
        rateLimits: { store: 'memory', rules },
        telemetry: { accessLog: 0, metrics: { port: 0, host: '127.0.0.1', token: undefined }, traces: undefined },
      },
    });
    await world.tenant('a');
  });
  afterAll(() => world.close());

  it('refuse the operations of an account above its limit, with the time to wait, and not those of others', async () => {
    const [one, other] = [await world.as(await world.user('one')), await world.as(await world.user('other'))];
    const { db } = world;
    const { id } = await db.user.findFirstOrThrow({ where: { username: 'one' } });
    for (let i = 0; i < 5; i += 1) expect(await one.codes(query)).toEqual([]);
    const refused = await one.run(query);
    expect(limited(refused)).toEqual(refusal);
    const { retryAfter, allowed } = refused.errors[0]!.extensions;
    expect(allowed).toBe(5);
    expect(retryAfter).toBeGreaterThan(50);
    expect(refused.headers.get('retry-after')).toBe(String(retryAfter));
    // The account is limited, not its token.
    expect(limited(await (await world.as({ id })).run(query))).toEqual(refusal);
    expect(await other.codes(query)).toEqual([]);
  });

  it('count kinds of operations apart, over HTTP, SSE and WebSocket together', async () => {
    const client = await world.as(await world.user('follower'));
    const first = async (text: string) => {
      const end = new AbortController();
      const stream = client.sse(text, {}, end.signal);
      const { value } = await stream.next();
      end.abort();
      await stream.return(undefined).catch(() => undefined);
      return value as { errors?: { extensions: object }[] };
    };
    const socket = client.socket();
    const overSocket = (text: string) =>
      new Promise<unknown[]>((resolve) => {
        const stop = socket.subscribe(
          { query: text },
          {
            next: (result) => resolve([...(result.errors ?? [])]),
            error: (errors) => resolve(errors as unknown[]),
            complete: () => resolve([]),
          },
        );
        void stop;
      });
    for (let i = 0; i < 5; i += 1) expect(await client.codes(query)).toEqual([]);
    const shown = { extensions: expect.objectContaining({ code: 'LIMIT_EXCEEDED', limit: 'rate' }) };
    expect(await overSocket(query)).toEqual([expect.objectContaining(shown)]);
    // Two subscriptions are counted, although they are refused.
    for (let i = 0; i < 2; i += 1)
      expect((await first(live)).errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
    expect((await first(live)).errors).toEqual([expect.objectContaining(shown)]);
    expect(await overSocket(live)).toEqual([expect.objectContaining(shown)]);
    await socket.dispose();
  });

  it('limit an address with all its callers', async () => {
    for (let i = 0; i < 3; i += 1) expect(await world.anonymous().codes(create)).toEqual(['UNAUTHENTICATED']);
    expect(limited(await world.root().run(create))).toEqual(refusal);
    expect(limited(await world.anonymous().run(create))).toEqual(refusal);
    // A rule by principal does not count callers without an account.
    for (let i = 0; i < 8; i += 1) expect(await world.anonymous().codes(query)).toEqual(['UNAUTHENTICATED']);
  });

  it('count a file as one operation', async () => {
    const client = await world.as(await world.db.user.findFirstOrThrow({ where: { username: 'root' } }));
    const limits = world.app.services.limits as { pageSize: number };
    const { pageSize } = limits;
    limits.pageSize = 1;
    try {
      const { status, text } = await raw(`${world.urls[0]}/users.ndjson?fields=username`, {
        method: 'GET',
        headers: client.headers,
      });
      expect([status, text.trim().split('\n').length]).toEqual([200, await world.db.user.count()]);
    } finally {
      limits.pageSize = pageSize;
    }
    expect(await client.codes(query)).toEqual([]);
  });

  it('are measured by rule and kind', async () => {
    const { text } = await raw(world.app.metricsUrl!, { method: 'GET' });
    const counts = [...text.matchAll(/^gatehouse_rate_limit_refusals_total\{(.*)\} \d+$/gm)].map(
      ([, labels]) => labels,
    );
    expect(counts.toSorted()).toEqual([
      'by="address",graphql_operation_type="mutation"',
      'by="principal",graphql_operation_type="query"',
      'by="principal",graphql_operation_type="subscription"',
    ]);
  });

  it('have settings that are checked, and none by default', () => {
    expect(readConfig({}).rateLimits).toEqual({ store: 'memory', rules: [] });
  });
});

const stores: ('database' | 'redis')[] = hasRedis ? ['database', 'redis'] : ['database'];
describe.each(stores)('rate limits in %s', (store) => {
  let world: World;
  let redis: Redis | undefined;
  beforeAll(async () => {
    redis = store === 'redis' ? await Redis.start() : undefined;
    const rateLimits = { store, rules: [rule('principal', ['query'], 6)] };
    world = await World.create({ gateways: 2, logLevel: 'info', config: { rateLimits, redisUrl: redis?.url } });
    await until('the gateways use the store', async () => world.app.freshness.isFresh);
  });
  afterAll(async () => {
    await world.close();
    await redis?.kill();
  });

  it('are shared by all gateways, and counted by each alone while the store is gone', async () => {
    const user = await world.user('shared');
    const clients = [await world.as(user, 0), await world.as(user, 1)];
    let answers = 0;
    // Redis connects in the background: until then each gateway counts alone.
    if (redis) await new Promise((resolve) => setTimeout(resolve, 300));
    for (let i = 0; i < 12; i += 1) if ((await clients[i % 2]!.codes(query)).length === 0) answers += 1;
    expect(answers).toBe(6);
    expect(limited(await clients[0]!.run(query))).toEqual(refusal);

    if (redis) await redis.kill();
    else await world.db.$executeRaw`ALTER TABLE "RateLimit" RENAME TO "Gone"`;
    const own = await world.as(await world.user('alone'));
    answers = 0;
    for (let i = 0; i < 8; i += 1) if ((await own.codes(query)).length === 0) answers += 1;
    expect(answers).toBe(6);
    expect(world.log.filter((line) => line.includes('each gateway counts alone')).length).toBe(1);
    if (!redis) await world.db.$executeRaw`ALTER TABLE "Gone" RENAME TO "RateLimit"`;
  });
});
