import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { temporaryFolder } from '../support/folder.ts';
import { freePort } from '../support/program.ts';
import { World } from '../support/world.ts';
import { until } from './tools.ts';

const hasPrometheus = ['promtool', 'prometheus'].every((name) => spawnSync(name, ['--version']).status === 0);
const folder = join(import.meta.dirname, '..', '..', 'src', 'server', 'operations');
const rulesFile = join(folder, 'prometheus', 'alerts.yaml');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly action: string };
}
const rules: Rule[] = parse(readFileSync(rulesFile, 'utf8')).groups[0].rules;
const dashboard = JSON.parse(readFileSync(join(folder, 'grafana', 'gatehouse.json'), 'utf8')) as {
  panels: { type: string; title: string; targets?: { expr: string }[] }[];
};
const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({
    title,
    expr: expr.replaceAll('$__rate_interval', '4s').replaceAll('$instance', '.*'),
  })),
);

/** Series that make each alert fire after some minutes. */
const firing: Record<string, Record<string, string>> = {
  GatehouseDown: { 'up{job="gatehouse"}': '0x30' },
  GatehouseNotReady: { gatehouse_ready: '0x30' },
  GatehouseErrors: {
    'gatehouse_operation_duration_seconds_count{gatehouse_outcome="OK"}': '0+90x30',
    'gatehouse_operation_duration_seconds_count{gatehouse_outcome="UNAVAILABLE"}': '0+10x30',
  },
  GatehousePolicyFails: { 'gatehouse_decision_duration_seconds_count{gatehouse_effect="error"}': '0+1x30' },
  GatehouseSlow: {
    'gatehouse_operation_duration_seconds_bucket{graphql_operation_type="query",le="2.5"}': '0+1x30',
    'gatehouse_operation_duration_seconds_bucket{graphql_operation_type="query",le="10"}': '0+100x30',
    'gatehouse_operation_duration_seconds_bucket{graphql_operation_type="query",le="+Inf"}': '0+100x30',
  },
  GatehousePoolExhausted: { gatehouse_pool_waiting: '3x30' },
  GatehouseAuditHeldBack: { gatehouse_audit_chain_lag_seconds: '0+60x30' },
  GatehouseShippingLate: { 'gatehouse_shipping_lag_seconds{destination="siem"}': '0+60x30' },
  GatehouseEventLoopBlocked: { nodejs_eventloop_delay_p99_seconds: '0.4x30' },
  GatehouseMemory: { 'process_memory_usage_bytes{job="gatehouse"}': '2000000000x30' },
  GatehouseRateLimited: {
    'gatehouse_rate_limit_refusals_total{by="principal",graphql_operation_type="query"}': '0+30x30',
  },
};
/** The same with a gateway that is well. */
const quiet: Record<string, string> = {
  'up{job="gatehouse"}': '1x30',
  gatehouse_ready: '1x30',
  'gatehouse_operation_duration_seconds_count{gatehouse_outcome="OK"}': '0+90x30',
  'gatehouse_operation_duration_seconds_bucket{graphql_operation_type="query",le="0.5"}': '0+100x30',
  'gatehouse_operation_duration_seconds_bucket{graphql_operation_type="query",le="+Inf"}': '0+100x30',
  gatehouse_pool_waiting: '0x30',
  gatehouse_audit_chain_lag_seconds: '0x30',
  'gatehouse_shipping_lag_seconds{destination="siem"}': '2x30',
  nodejs_eventloop_delay_p99_seconds: '0.03x30',
  'process_memory_usage_bytes{job="gatehouse"}': '300000000x30',
};

describe('the alerts and the dashboard', () => {
  it('say what to do, and name each panel once', () => {
    expect(rules.map(({ alert }) => alert).toSorted()).toEqual(Object.keys(firing).toSorted());
    for (const { annotations } of rules)
      expect(annotations).toEqual({ summary: expect.any(String), action: expect.any(String) });
    const titles = dashboard.panels.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
    expect(queries.length).toBeGreaterThan(25);
  });
});

describe.skipIf(!hasPrometheus)('a real Prometheus', () => {
  let world: World;
  let prometheus: ChildProcess;
  let url: string;
  const own = temporaryFolder('prometheus');
  const token = 'a token of the scraper';

  beforeAll(async () => {
    const metrics = { port: 0, host: '127.0.0.1', token };
    const ship = [
      { name: 'disk', to: 'file' as const, path: join(own, 'audit.ndjson'), begin: 'oldest' as const, batch: 10 },
    ];
    const rate = { by: 'principal' as const, operations: ['query' as const], max: 30, perSeconds: 60 };
    world = await World.create({
      config: {
        telemetry: { accessLog: 0, metrics, traces: undefined },
        audit: { checkpointMinutes: 60, ship },
        rateLimits: { store: 'memory', rules: [rate] },
      },
    });
    const config = parse(readFileSync(join(folder, 'prometheus', 'prometheus.yaml'), 'utf8'));
    writeFileSync(join(own, 'token'), token);
    const [job] = config.scrape_configs;
    Object.assign(job, { authorization: { credentials_file: join(own, 'token') } });
    job.static_configs = [{ targets: [new URL(world.app.metricsUrl!).host] }];
    config.global = { scrape_interval: '500ms', evaluation_interval: '500ms' };
    config.rule_files = [rulesFile];
    writeFileSync(join(own, 'prometheus.yaml'), stringify(config));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const flags = ['--config.file', join(own, 'prometheus.yaml'), '--storage.tsdb.path', join(own, 'data')];
    prometheus = spawn('prometheus', [...flags, '--web.listen-address', `127.0.0.1:${port}`], { stdio: 'ignore' });
  });
  afterAll(async () => {
    const ended = once(prometheus, 'close');
    prometheus.kill('SIGKILL');
    await ended;
    await world.close();
    rmSync(own, { recursive: true, force: true });
  });

  const ask = async (expr: string): Promise<{ status: string; data?: { result: { value: [number, string] }[] } }> =>
    (await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`)).json() as never;

  it('accepts the rules and the configuration', () => {
    const check = (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync('promtool', ['check', ...args], { encoding: 'utf8' });
      return [status, stdout + stderr];
    };
    expect(check('rules', rulesFile)).toEqual([0, expect.stringContaining(`${rules.length} rules found`)]);
    expect(check('config', '--syntax-only', join(folder, 'prometheus', 'prometheus.yaml'))[0]).toBe(0);
  });

  it('fires each alert for its fault, and none for a gateway that is well', () => {
    const series = (input: Record<string, string>) =>
      Object.entries(input).map(([name, values]) => ({ series: name, values }));
    const at = '25m';
    const file = join(own, 'rules.test.yaml');
    const sound = rules.map(({ alert }) => ({ eval_time: at, alertname: alert, exp_alerts: [] }));
    writeFileSync(
      file,
      stringify({
        rule_files: [rulesFile],
        evaluation_interval: '1m',
        tests: [{ interval: '1m', input_series: series(quiet), alert_rule_test: sound }],
      }),
    );
    const run = () => spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
    const well = run();
    expect([well.status, well.stdout + well.stderr]).toEqual([0, expect.anything()]);
    // Expecting no alert must fail for each fault.
    const tests = Object.entries(firing).map(([alertname, input]) => ({
      interval: '1m',
      input_series: series(input),
      alert_rule_test: [{ eval_time: at, alertname, exp_alerts: [] }],
    }));
    writeFileSync(file, stringify({ rule_files: [rulesFile], evaluation_interval: '1m', tests }));
    const { stdout, stderr } = run();
    const silent = Object.keys(firing).filter((name) => !new RegExp(`alertname:\\s*${name},`).test(stdout + stderr));
    expect(silent).toEqual([]);
  });

  it('reads a running gateway, and every panel of the dashboard has values', async () => {
    const tenant = await world.tenant('a');
    await world.group(tenant, 'g');
    const client = await world.as(await world.user('reader', [tenant]));
    const load = async () => {
      await client.run('{ viewer { name } }');
      await client.run('{ tenant(key: "a") { groups { totalCount } } }');
      await world.root().run('mutation { createGroup(input: { tenantKey: "a", name: "g" }) { group { id } } }');
    };
    await until(
      'Prometheus reads the gateway',
      async () => (await ask('up == 1').catch(() => undefined))?.data?.result.length === 1,
      20_000,
    );
    const isMissing = async ({ expr }: { expr: string }) => {
      const { status, data } = await ask(expr);
      expect([expr, status]).toEqual([expr, 'success']);
      return data!.result.length === 0 || data!.result.every(({ value }) => value[1] === 'NaN');
    };
    let missing = queries;
    await until(
      'every panel',
      async () => {
        for (let i = 0; i < 8; i += 1) await load();
        const absent = await Promise.all(missing.map(isMissing));
        missing = missing.filter((_query, i) => absent[i]);
        return missing.length === 0;
      },
      20_000,
    ).catch(() => undefined);
    expect(missing).toEqual([]);
    const alerts = (await (await fetch(`${url}/api/v1/rules`)).json()) as {
      data: { groups: { rules: { name: string; health: string }[] }[] };
    };
    expect(alerts.data.groups[0]!.rules.map(({ health }) => health)).toEqual(rules.map(() => 'ok'));
  });
});
