import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { Collector } from '../support/collector.ts';
import { World } from '../support/world.ts';
import { raw, until } from './tools.ts';

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
const token = 'a token of the scraper';
const names = '{ tenant(key: "a") { groups { nodes { name } } } }';

describe('telemetry', () => {
  let world: World;
  let collector: Collector;

  beforeAll(async () => {
    collector = await Collector.start();
    const ship = [
      {
        name: 'nowhere',
        to: 'webhook' as const,
        url: 'http://127.0.0.1:9/',
        secretFrom: 'X',
        secret: 'x'.repeat(16),
        begin: 'oldest' as const,
        batch: 10,
      },
    ];
    world = await World.create({
      logLevel: 'info',
      config: {
        telemetry: {
          accessLog: 1,
          metrics: { port: 0, host: '127.0.0.1', token },
          traces: { url: collector.url, authorization: 'Bearer of the collector', sample: 1 },
        },
        audit: { checkpointMinutes: 60, ship },
      },
    });
    await world.tenant('a');
  });
  afterAll(async () => {
    await world.close();
    await collector.close();
  });

  const scrape = async (authorization = `Bearer ${token}`): Promise<string> => {
    const { status, text } = await raw(world.app.metricsUrl!, { method: 'GET', headers: { authorization } });
    expect(status).toBe(200);
    return text;
  };
  const seriesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  /** The labels of all series, without their values. */
  const shapesOf = (text: string): Set<string> => new Set(seriesOf(text).map((line) => line.replace(/ \S+$/, '')));
  const numberIn = (text: string, pattern: RegExp): number =>
    Number(
      seriesOf(text)
        .find((line) => pattern.test(line))
        ?.split(' ')
        .at(-1) ?? Number.NaN,
    );

  it('serves metrics to holders of the token only, and not on the port of the gateway', async () => {
    const at = world.app.metricsUrl!;
    expect((await raw(at, { method: 'GET' })).status).toBe(401);
    expect((await raw(at, { method: 'GET', headers: { authorization: 'Bearer another' } })).status).toBe(401);
    expect((await raw(at, { headers: { authorization: `Bearer ${token}` } })).status).toBe(405);
    expect((await raw(`${at}/x`, { method: 'GET', headers: { authorization: `Bearer ${token}` } })).status).toBe(404);
    expect((await raw(`${world.urls[0]}/metrics`, { method: 'GET' })).status).toBe(404);
    expect((await raw(at, { method: 'GET', headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  });

  it('measures requests, operations, statements, decisions, policies, feeds, shipping, the pool and the process', async () => {
    for (let i = 0; i < 20; i += 1) await world.root().ok(names);
    await world.root().codes('mutation { createGroup(input: { tenantKey: "none", name: "g" }) { group { id } } }');
    const end = new AbortController();
    const stream = world.root().sse('subscription { auditEvents(tenantKey: "a") { cursor } }', {}, end.signal);
    const first = stream.next();
    await until('a follower', async () => numberIn(await scrape(), /^gatehouse_feed_subscribers\S*audit/) === 1);
    const text = await scrape();
    end.abort();
    await first.catch(() => undefined);
    await stream.return(undefined).catch(() => undefined);

    const counts = {
      http: numberIn(text, /^http_server_request_duration_seconds_count\{.*POST.*"\/graphql".*"200"/),
      queries: numberIn(text, /^gatehouse_operation_duration_seconds_count\{.*"query".*"OK"/),
      statements: numberIn(text, /^db_client_operation_duration_seconds_count\{.*"SELECT"/),
      decisions: numberIn(text, /^gatehouse_decision_duration_seconds_count\{.*"allow"/),
    };
    for (const [what, count] of Object.entries(counts)) expect([what, count >= 20]).toEqual([what, true]);
    expect(numberIn(text, /^gatehouse_operation_duration_seconds_count\{.*"mutation".*"NOT_FOUND"/)).toBe(1);
    expect(numberIn(text, /^gatehouse_ready /)).toBe(1);
    expect(numberIn(text, /^gatehouse_pool_max /)).toBe(10);
    // The destination does not exist, so the oldest event grows old.
    expect(numberIn(text, /^gatehouse_shipping_lag\S*"nowhere"/)).toBeGreaterThan(0);
    expect(numberIn(text, /^process_memory_usage/)).toBeGreaterThan(5e7);
    const required = [
      'gatehouse_policy_duration_seconds_bucket',
      'gatehouse_audit_chain_lag',
      'gatehouse_pool_waiting',
      'gatehouse_pool_connections',
      'gatehouse_websockets',
      'nodejs_eventloop_delay_p99',
      'nodejs_eventloop_utilization',
      'v8js_memory_heap_used',
      'process_cpu_time',
    ];
    expect(required.filter((name) => !text.includes(`\n${name}`))).toEqual([]);
  });

  it('shows how old the events are that an open transaction of the server holds back', async () => {
    const client = await world.app.database.apart.connect();
    await client.query('BEGIN');
    await client.query('SELECT pg_current_xact_id()');
    await world.tenant('held');
    await until('a lag', async () => numberIn(await scrape(), /^gatehouse_audit_chain_lag/) > 0.05);
    await client.query('COMMIT');
    client.release();
    await until('no lag', async () => numberIn(await scrape(), /^gatehouse_audit_chain_lag/) === 0);
  });

  it.skipIf(!hasPromtool)('has metrics that promtool accepts', async () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: await scrape(),
      encoding: 'utf8',
    });
    expect([status, stdout, stderr]).toEqual([0, '', '']);
  });

  it('makes no series of the text of a request', async () => {
    const ask = async (i: string) => {
      const query = `query Hostile${i} { a${i}: viewer { name } }`;
      const headers = { ...world.root().headers, 'content-type': 'application/json', 'user-agent': `Agent${i}` };
      await raw(`${world.urls[0]}/graphql`, { headers, body: JSON.stringify({ query, operationName: `Hostile${i}` }) });
      await raw(`${world.urls[0]}/graphql`, { headers, body: JSON.stringify({ query, operationName: `No${i}` }) });
      await raw(`${world.urls[0]}/graphql`, { headers, body: JSON.stringify({ query: `{ hostile${i} }` }) });
      await raw(`${world.urls[0]}/hostile${i}/x?hostile=${i}`, { method: 'GET', headers });
      await raw(`${world.urls[0]}/tenants/hostile${i}/flows.csv`, { method: 'GET', headers });
      await raw(`${world.urls[0]}/auth/hostile${i}`, { method: 'PROPFIND', headers });
      if (i.length < 8) await world.basic(`hostile${i}`, 'a wrong password').codes('{ viewer { name } }');
      await world
        .root()
        .codes(`mutation Hostile${i} { createGroup(input: { tenantKey: "hostile${i}", name: "g" }) { group { id } } }`);
    };
    await ask('First');
    const before = shapesOf(await scrape());
    for (let i = 0; i < 25; i += 1) await ask(i < 3 ? `_${i}` : `_a_long_name_${i}`);
    const after = await scrape();
    const grown = [...shapesOf(after)].filter((shape) => !before.has(shape));
    // A lockout or a retry can have its own outcome, once.
    expect(grown.filter((shape) => !/_bucket|_sum|_count/.test(shape))).toEqual([]);
    expect(grown.length).toBeLessThan(60);
    expect(shapesOf(after).size).toBeLessThan(1_500);
    expect(after).not.toMatch(/hostile|Agent/i);
  });

  it('sends traces with a span for each step, and no text of the request', async () => {
    collector.spans.length = 0;
    const group =
      'mutation Secretly($n: String!) { createGroup(input: { tenantKey: "a", name: $n }) { group { id } } }';
    const { headers } = await world.root().run(group, { n: 'hidden name' });
    // The log has the ID of the trace.
    const line = world.log.map((text) => JSON.parse(text)).find((one) => one.requestId === headers.get('x-request-id'));
    expect(line).toMatchObject({ level: 'info', message: 'operation', kind: 'mutation', outcome: 'OK' });
    const { traceId } = line;
    await until('the root', () => collector.spans.some((one) => one.traceId === traceId && !one.parentSpanId), 8_000);
    const own = collector.spans.filter((span) => span.traceId === traceId);
    const nameOf = (id: string | undefined) => own.find(({ spanId }) => spanId === id)?.name ?? 'none';
    const edges = new Set(own.map(({ name, parentSpanId }) => `${nameOf(parentSpanId)} > ${name}`));
    for (const edge of [
      'none > POST /graphql',
      'POST /graphql > authenticate',
      'POST /graphql > mutation',
      'mutation > decide',
      'mutation > audit and commit',
      'audit and commit > COMMIT',
    ])
      expect(edges).toContain(edge);
    expect(JSON.stringify(own)).not.toMatch(/Secretly|hidden name|createGroup/);
    expect(new Set(collector.headers)).toEqual(new Set(['/v1/traces Bearer of the collector']));
  });

  it('logs one line for each operation, over HTTP, SSE and WebSocket, without its name', async () => {
    const lines = () => world.log.map((text) => JSON.parse(text)).filter(({ message }) => message === 'operation');
    const { id } = await world.db.user.findFirstOrThrow({ where: { username: 'root' } });
    world.log.length = 0;
    await world.root().ok('query Own { viewer { name } }');
    await world.anonymous().run('query Own { viewer { name } }');
    const end = new AbortController();
    const stream = world.root().sse('subscription Live { auditEvents(tenantKey: "a") { cursor } }', {}, end.signal);
    const first = stream.next();
    await until('the subscription', () => lines().length === 3);
    end.abort();
    await first.catch(() => undefined);
    const socket = world.root().socket();
    for await (const _ of socket.iterate({ query: names.replace('{', 'query Own {') })) break;
    await socket.dispose();
    await until('the last line', () => lines().length === 4);
    const shown = lines().map(({ kind, outcome, actor }) => [kind, outcome, actor]);
    expect(shown).toEqual([
      ['query', 'OK', id],
      ['query', 'UNAUTHENTICATED', null],
      ['subscription', 'OK', id],
      ['query', 'OK', id],
    ]);
    const [one, two] = lines();
    expect(one.document).toMatch(/^[0-9a-f]{16}$/);
    expect(two.document).toBe(one.document);
    expect(lines()[3].statements).toBeGreaterThan(0);
    expect(new Set(lines().map(({ requestId }) => requestId)).size).toBe(4);
    expect(lines().every(({ ms }) => ms >= 0 && ms < 5_000)).toBe(true);
    expect(world.log.join()).not.toMatch(/Own|Live/);
  });
});

describe('without settings', () => {
  it('a gateway serves no metrics, sends no traces and logs no operations', async () => {
    const { telemetry } = readConfig({});
    expect(telemetry).toEqual({ accessLog: 0, metrics: undefined, traces: undefined });
  });

  it('metrics for other hosts require a token', () => {
    const env = { GATEHOUSE_METRICS_PORT: '9464', GATEHOUSE_METRICS_HOST: '0.0.0.0' };
    expect(() => readConfig(env)).toThrow('GATEHOUSE_METRICS_TOKEN is required');
    expect(() => readConfig({ ...env, GATEHOUSE_METRICS_TOKEN: 'short' })).toThrow('at least 16 characters');
    expect(readConfig({ ...env, GATEHOUSE_METRICS_TOKEN: token }).telemetry.metrics?.port).toBe(9464);
    expect(readConfig({ GATEHOUSE_METRICS_PORT: '9464' }).telemetry.metrics?.host).toBe('127.0.0.1');
  });
});
