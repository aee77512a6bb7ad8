import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDemo } from '../../src/bootstrap/demo.ts';
import type { Client } from '../support/client.ts';
import { World } from '../support/world.ts';
import * as pages from './plane-documents.ts';

describe('the pages of the orchestrator, with the demo organisation', () => {
  let world: World;
  let alice: Client;
  let carol: Client;
  const tenant = 'main';
  beforeAll(async () => {
    world = await World.create();
    const demo = await loadDemo(world.app.store, world.app.services.keys, world.app.config);
    await world.app.freshness.confirm();
    [alice, carol] = [0, 2].map((i) => world.basic(demo.users[i]!.username, demo.users[i]!.password)) as [
      Client,
      Client,
    ];
  });
  afterAll(() => world.close());
  const of = <T>(answer: { tenant?: T | null }): T => answer.tenant!;

  it('show Home: past, failed and upcoming executions', async () => {
    const { executions, failed, running, triggers, series, failing } = of(await carol.ok(pages.HomePage, { tenant }));
    expect(series!.periods).toHaveLength(7);
    expect(series!.count).toBe(series!.periods.reduce((sum, { count }) => sum + count, 0));
    expect(series!.active.reduce((sum, { count }) => sum + count, 0)).toBe(running!.totalCount);
    expect(failing).not.toBeNull();
    expect(executions!.totalCount).toBeGreaterThan(150);
    expect(executions!.nodes).toHaveLength(10);
    expect(failed!.totalCount).toBeGreaterThan(0);
    expect(failed!.totalCount + running!.totalCount).toBeLessThan(executions!.totalCount);
    expect(triggers!.totalCount).toBe(6);
  });

  it('show Flows, and one flow with all its tabs', async () => {
    const { flows } = of(await carol.ok(pages.FlowsPage, { tenant, first: 3 }));
    expect([flows!.totalCount, flows!.nodes.length, flows!.pageInfo.hasNextPage]).toEqual([10, 3, true]);
    expect(flows!.nodes.map(({ flowId }) => flowId)).toEqual(['approval', 'clean-up', 'click-stream']);
    const labelled = of(await carol.ok(pages.FlowsPage, { tenant, where: { labels: ['kind:report'] } })).flows!;
    expect(labelled.nodes.map(({ flowId }) => flowId)).toEqual(['orders-report']);
    const page = of(await alice.ok(pages.FlowPage, { tenant, namespace: 'company.data', flowId: 'orders-daily' }));
    const flow = page.flow!;
    expect(flow.source).toContain('recoverMissedSchedules: LAST');
    expect(flow.topology.edges).toContainEqual({
      from: 'task:check',
      to: 'task:nothing',
      kind: 'CHILD',
      label: 'else',
    });
    expect(flow.dependencies!.map(({ direction, flowId }) => [direction, flowId])).toEqual([
      ['OUT', 'customers'],
      ['IN', 'orders-report'],
    ]);
    expect(flow.executions!.totalCount).toBe(42);
    expect(flow.metrics!.nodes).toHaveLength(10);
    expect(flow.metricNames!.map(({ name }) => name)).toContain('duration');
    expect(flow.metricSeries!.some(({ value }) => value !== null)).toBe(true);
    expect(flow.revisions!.nodes).toMatchObject([{ revision: 1, authorName: 'system' }]);
    expect(flow.triggers!.nodes.map(({ kind }) => kind).sort()).toEqual(['SCHEDULE', 'WEBHOOK']);
  });

  it('show Executions, and one execution with Gantt, logs, topology, outputs and metrics', async () => {
    const seen: string[] = [];
    for (let after: string | undefined; ; ) {
      const where = { flowId: 'orders-daily', state: ['SUCCESS' as const] };
      const { executions } = of(await carol.ok(pages.ExecutionsPage, { tenant, where, first: 10, after }));
      seen.push(...executions!.nodes.map(({ executionId }) => executionId));
      if (!executions!.pageInfo.hasNextPage) {
        expect(seen).toHaveLength(executions!.totalCount);
        break;
      }
      after = executions!.pageInfo.endCursor!;
    }
    expect(new Set(seen).size).toBe(seen.length);
    const { execution } = of(await carol.ok(pages.ExecutionPage, { tenant, executionId: seen[0]! }));
    expect(execution).toMatchObject({
      flowId: 'orders-daily',
      state: 'SUCCESS',
      trigger: { triggerId: 'every-morning' },
    });
    expect(execution!.history.map(({ state }) => state)).toEqual(['CREATED', 'RUNNING', 'SUCCESS']);
    const runs = execution!.taskRuns!.nodes;
    expect(runs.length).toBeGreaterThan(1);
    // A Gantt chart: each bar within the execution, each after the previous one.
    for (const [i, run] of runs.entries()) {
      expect(Date.parse(run.startedAt)).toBeGreaterThanOrEqual(
        Date.parse(runs[i - 1]?.endedAt ?? execution!.startedAt) - 1,
      );
      expect(Date.parse(run.endedAt!)).toBeLessThanOrEqual(Date.parse(execution!.endedAt!) + 1);
    }
    expect(execution!.logs!.nodes).toHaveLength(runs.length);
    expect(execution!.metrics!.nodes[0]).toMatchObject({ name: 'duration', type: 'TIMER' });
    expect(execution!.flow!.tasks.find(({ id }) => id === 'fetch')!.source).toContain('io.example.http.Download');
  });

  it('show Logs and Task runs', async () => {
    const { logs } = of(await carol.ok(pages.LogsPage, { tenant, where: { minLevel: 'WARN' }, first: 50 }));
    expect(logs!.nodes.length).toBeGreaterThan(3);
    expect(logs!.nodes.every(({ level }) => level === 'WARN' || level === 'ERROR')).toBe(true);
    expect(logs!.nodes.every(({ execution }) => execution !== null)).toBe(true);
    const { taskRuns } = of(
      await carol.ok(pages.TaskRunsPage, { tenant, where: { taskId: 'fetch', state: ['SUCCESS'] } }),
    );
    expect(taskRuns!.totalCount).toBeGreaterThan(30);
    expect(taskRuns!.nodes[0]).toMatchObject({ taskId: 'fetch', flowId: 'orders-daily' });
  });

  it('show Namespaces, and one namespace with all its tabs', async () => {
    const { namespaces } = of(await carol.ok(pages.NamespacesPage, { tenant }));
    expect(namespaces!.nodes.map(({ name, declared }) => [name, declared])).toEqual([
      ['company', true],
      ['company.data', true],
      ['company.data.ingest', true],
      ['company.sales', true],
      ['system', false],
    ]);
    const page = of(await alice.ok(pages.NamespaceSettingsPage, { tenant, name: 'company.data.ingest' }));
    expect(page.namespace!.files!.nodes.map(({ path }) => path)).toEqual(['/merge.py']);
    expect(page.namespace!.auditEvents!.nodes.map(({ action }) => action)).toContain('flow.create');
    expect(page.serviceAccounts!.nodes.map(({ name }) => name)).toEqual(['ci-deploy']);
  });

  it('show Triggers with their state, and disable them', async () => {
    const { triggers } = of(await carol.ok(pages.TriggersPage, { tenant, first: 20 }));
    expect(triggers!.totalCount).toBe(7);
    const weekly = triggers!.nodes.find(({ triggerId }) => triggerId === 'weekly')!;
    expect(weekly).toMatchObject({
      disabled: true,
      declaredDisabled: true,
      disabledReason: 'SOURCE',
      active: false,
      nextExecutionAt: null,
      viewerPermissions: ['READ'],
      lastExecution: null,
    });
    expect(triggers!.nodes.filter(({ lastExecution }) => lastExecution !== null)).toHaveLength(5);
    const input = { tenantKey: tenant, triggers: [{ id: weekly.id, version: weekly.version }], disabled: false };
    expect((await carol.run(pages.SwitchTriggers, { input })).errors[0]?.extensions.code).toBe('FORBIDDEN');
    const { setTriggersDisabled } = await alice.ok(pages.SwitchTriggers, { input });
    expect(setTriggersDisabled).toMatchObject({ changedCount: 1, results: [{ changed: true, error: null }] });
    const after = of(await carol.ok(pages.TriggersPage, { tenant, where: { triggerId: 'weekly' } })).triggers!
      .nodes[0]!;
    expect(after).toMatchObject({ disabled: false, declaredDisabled: true, active: true, stateBy: 'alice' });
    expect(Date.parse(after.nextExecutionAt!)).toBeGreaterThan(Date.now());
  });

  it('show live when other users disable a trigger', async () => {
    const [weekly] = of(await alice.ok(pages.TriggersPage, { tenant, where: { triggerId: 'weekly' } })).triggers!.nodes;
    const stop = new AbortController();
    const stream = carol.sse<any>(
      pages.ChangesOfTriggers as never,
      { tenant, where: { under: 'system' } },
      stop.signal,
    );
    const first = stream.next();
    const set = (disabled: boolean, id = weekly!.id) =>
      alice.ok(pages.SwitchTriggers, { input: { tenantKey: tenant, triggers: [{ id }], disabled } });
    // Changes before the stream is open are not delivered.
    const change = await Promise.race([
      first,
      (async () => {
        for (;;) {
          await set(true);
          await new Promise((resolve) => setTimeout(resolve, 100));
          await set(false);
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      })(),
    ]);
    stop.abort();
    expect(change.value!.data!.triggers).toMatchObject({ kind: 'CHANGED', trigger: { triggerId: 'weekly' } });
  });

  it('show Stats: what exists, and what ran', async () => {
    const { stats } = of(await alice.ok(pages.StatsPage, { tenant, window: { days: 9 } }));
    const { executions } = of(await alice.ok(pages.ExecutionsPage, { tenant, first: 1 }));
    expect(stats).toMatchObject({
      namespaces: 5,
      flows: 10,
      tasks: 25,
      triggers: 7,
      users: 3,
      groups: 1,
      serviceAccounts: 1,
    });
    expect(stats!.executions).toBe(executions!.totalCount);
    expect(stats!.daily.reduce((sum, day) => sum + day.executions, 0)).toBe(stats!.executions);
    // A viewer who cannot list principals does not get their number.
    const seen = of(await carol.ok(pages.StatsPage, { tenant, window: { days: 9 } })).stats!;
    expect([seen.executions, seen.users, seen.groups, seen.roles]).toEqual([stats!.executions, null, null, null]);
  });

  it('show Workers to a super admin', async () => {
    const { workers, workerGroups } = await world.root().ok(pages.WorkersPage);
    expect(workers!.nodes.map(({ serviceId, state }) => [serviceId, state])).toEqual([
      ['demo-executor', 'RUNNING'],
      ['demo-scheduler', 'RUNNING'],
      ['demo-worker-1', 'RUNNING'],
      ['demo-worker-2', 'RUNNING'],
    ]);
    expect(workerGroups!.nodes).toMatchObject([
      { key: 'gpu', allowedTenantKeys: ['main'], workers: { totalCount: 1 } },
    ]);
    expect(await alice.codes(pages.WorkersPage)).toEqual(['FORBIDDEN', 'FORBIDDEN']);
  });

  it('show Maintenance, hold everything for a time, and tell everyone', async () => {
    const input = { tenantKey: tenant, title: 'Upgrade', behavior: 'HOLD' as const };
    expect((await carol.run(pages.CreateKillSwitch, { input })).errors[0]?.extensions.code).toBe('FORBIDDEN');
    const { killSwitch } = (await alice.ok(pages.CreateKillSwitch, { input })).createKillSwitch!;
    await alice.ok(pages.CreateBanner, { input: { tenantKey: tenant, message: 'Upgrade until noon.' } });
    const page = of(await alice.ok(pages.MaintenancePage, { tenant }));
    expect(page.killSwitches!.nodes).toMatchObject([{ id: killSwitch!.id, title: 'Upgrade', namespaceName: null }]);
    const seen = of((await carol.run(pages.MaintenancePage, { tenant })).data!);
    expect(seen).toMatchObject({
      activeKillSwitch: { title: 'Upgrade' },
      activeBanners: [{ message: 'Upgrade until noon.' }],
      killSwitches: null,
      banners: null,
    });
    await alice.ok(pages.DeleteKillSwitch, { input: { id: killSwitch!.id } });
    expect(of(await alice.ok(pages.MaintenancePage, { tenant })).activeKillSwitch).toBeNull();
  });

  it('show Plugins, and the flows that use one', async () => {
    const where = { kind: ['TASK' as const], inUse: true };
    const page = of(await carol.ok(pages.PluginsPage, { tenant, where }));
    const { type, flowCount } = page.plugins!.nodes[0]!;
    const using = of(await carol.ok(pages.PluginsPage, { tenant, where: { type }, type })).flows!;
    expect(using.nodes).toHaveLength(flowCount);
  });

  it('show Blueprints', async () => {
    const catalogue = of(await carol.ok(pages.BlueprintsPage, { tenant, where: { kind: 'CATALOGUE' } })).blueprints!;
    expect(catalogue.totalCount).toBeGreaterThan(5);
    const found = of(await carol.ok(pages.BlueprintsPage, { tenant, where: { text: catalogue.nodes[0]!.title } }));
    expect(found.blueprints!.nodes.map(({ id }) => id)).toContain(catalogue.nodes[0]!.id);
  });

  it('show Custom blueprints, save one and create a flow from it in one step', async () => {
    const source = 'id: greet\nnamespace: company\ntasks: [{ id: hello, type: io.example.core.log.Log }]\n';
    const input = { tenantKey: tenant, title: 'Greeting', tags: ['Start'], source };
    expect((await carol.run(pages.SaveBlueprint, { input })).errors[0]?.extensions.code).toBe('FORBIDDEN');
    const { blueprint } = (await alice.ok(pages.SaveBlueprint, { input })).saveBlueprint!;
    const page = of(await alice.ok(pages.CustomBlueprintsPage, { tenant, text: 'greet' }));
    expect(page.blueprints!.nodes).toMatchObject([{ id: blueprint!.id, title: 'Greeting', tags: ['Start'], source }]);
    expect(page.blueprintTags).toContain('Start');
    const use = { tenantKey: tenant, blueprint: blueprint!.id, namespaceName: 'company.sales', flowId: 'greeting' };
    expect((await alice.ok(pages.UseBlueprint, { input: use })).useBlueprint!.flow).toEqual({
      namespaceName: 'company.sales',
      flowId: 'greeting',
      revision: 1,
    });
  });

  it("show the viewer's own Settings only", async () => {
    const input = { settings: { timeZone: 'Europe/Berlin', theme: 'dark' } };
    const answer = await alice.run(pages.SaveSettings, { input });
    expect(answer.errors).toEqual([]);
    expect((await alice.ok(pages.SettingsPage)).viewer.settings).toMatchObject({ timeZone: 'Europe/Berlin' });
    expect((await carol.ok(pages.SettingsPage)).viewer.settings).not.toMatchObject({ timeZone: 'Europe/Berlin' });
  });
});
