import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Permission } from '../../src/access/catalog.ts';
import { anyOf, covers, outside, type Where, within } from '../../src/access/where.ts';
import type { Execution, Flow, Tenant, Trigger } from '../../src/db/generated/client.ts';
import { newId } from '../../src/lib/ids.ts';
import { matches } from '../../src/policy/filter/portable.ts';
import { executionStates } from '../../src/resources/orchestration/execution/states.ts';
import { countExecutions, type DayCount } from '../../src/resources/orchestration/stats/count.ts';
import type { Reach } from '../../src/resources/orchestration/stats/reach.ts';
import { daysOf, windowOf } from '../../src/resources/orchestration/stats/window.ts';
import { Chance } from '../properties/generate.ts';
import type { Client } from '../support/client.ts';
import { World } from '../support/world.ts';

const fields = `from to namespaces flows tasks triggers executions executionDuration users groups roles serviceAccounts
  daily { day executions executionDuration states { state executions executionDuration } }`;
const ofTenant = `query($key: String!, $w: StatsWindow) { tenant(key: $key) { stats(window: $w) { ${fields} } } }`;
const ofAll = `query($w: StatsWindow) { stats(window: $w) { ${fields} } }`;
const dayMs = 86_400_000;
const namespaces = ['company', 'company.team', 'company.team.x', 'company-x', 'companyx', 'my_ns', 'myxns', 'other'];

describe('the window', () => {
  const now = new Date('2026-03-15T17:20:00.000Z');
  it.each([
    [null, '2026-03-14T00:00:00.000Z', '2026-03-16T00:00:00.000Z', 2],
    [{ days: 1 }, '2026-03-15T00:00:00.000Z', '2026-03-16T00:00:00.000Z', 1],
    [{ days: 366 }, '2025-03-15T00:00:00.000Z', '2026-03-16T00:00:00.000Z', 366],
    [{ from: new Date('2026-03-15T10:00:00Z') }, '2026-03-15T10:00:00.000Z', '2026-03-16T00:00:00.000Z', 1],
    [
      { from: new Date('2026-03-01T23:59:59.999Z'), to: new Date('2026-03-03T00:00:00.001Z') },
      '2026-03-01T23:59:59.999Z',
      '2026-03-03T00:00:00.001Z',
      3,
    ],
  ])('%j', (input, from, to, days) => {
    const window = windowOf(input, now);
    expect([window.from.toISOString(), window.to.toISOString(), daysOf(window).length]).toEqual([from, to, days]);
  });
});

describe('stats', () => {
  let world: World;
  const tenants: Tenant[] = [];
  const random = new Chance(20261121);
  const flows: Flow[] = [];
  const triggers: Trigger[] = [];
  const executions: Execution[] = [];
  const today = Math.floor(Date.now() / dayMs) * dayMs;

  beforeAll(async () => {
    world = await World.create();
    for (const key of ['a', 'b', 'c']) tenants.push(await world.tenant(key));
    for (const tenant of tenants) {
      for (const namespace of namespaces) {
        await world.namespace(tenant, namespace);
        for (let i = 0; i < random.below(3); i += 1) {
          const flow = { id: newId(), tenantId: tenant.id, namespace, flowId: `f${i}`, taskCount: random.below(5) };
          flows.push(
            await world.db.flow.create({
              data: {
                ...flow,
                revision: 1,
                source: '',
                disabled: random.below(2) === 0,
                declaredDisabled: false,
                labelTexts: [],
              },
            }),
          );
        }
      }
    }
    for (const { id: flowKey, tenantId, namespace, flowId } of flows) {
      for (let i = 0; i < random.below(3); i += 1) {
        const at = { tenantId, namespace, flowId, flowKey, triggerId: `t${i}` };
        triggers.push(
          await world.db.trigger.create({
            data: {
              id: newId(),
              ...at,
              type: 'x',
              kind: 'SCHEDULE',
              definition: {},
              disabled: false,
              declaredDisabled: false,
              stateAt: new Date(),
              flowDisabled: false,
              stopAfter: [],
            },
          }),
        );
      }
    }
    const edges = [0, 1, dayMs - 1, dayMs, dayMs * 2 - 1];
    const rows = Array.from({ length: 1_500 }, (_, i) => {
      const back = random.below(4) === 0 ? edges[random.below(edges.length)]! : random.below(6 * dayMs);
      return {
        id: newId(),
        executionId: `e${i}`,
        tenantId: tenants[random.below(3)]!.id,
        namespace: namespaces[random.below(namespaces.length)]!,
        flowId: `f${random.below(3)}`,
        state: executionStates[random.below(executionStates.length)]!,
        startedAt: new Date(today + dayMs - 1 - back),
        durationMs: BigInt(random.below(100_000)),
        labelTexts: [],
      };
    });
    await world.db.execution.createMany({ data: rows });
    executions.push(...(await world.db.execution.findMany()));
    await world.db.$executeRaw`
      INSERT INTO "ExecutionDay" ("tenantId", namespace, day, state, count, "durationMs")
      SELECT "tenantId", namespace, date_trunc('day', "startedAt", 'UTC'), state, count(*), sum("durationMs")
      FROM "Execution" GROUP BY 1, 2, 3, 4`;
  });
  afterAll(() => world.close());

  /** The figures of some executions, counted one by one. */
  function series(rows: readonly Execution[]) {
    const total = (some: readonly Execution[]) => ({
      executions: some.length,
      executionDuration: some.reduce((sum, { durationMs }) => sum + Number(durationMs), 0),
    });
    const days = Map.groupBy(rows, ({ startedAt }) => startedAt.toISOString().slice(0, 10));
    return {
      ...total(rows),
      days: new Map(
        [...days].map(([day, own]) => [
          day,
          new Map([...Map.groupBy(own, ({ state }) => state)].map(([state, some]) => [state, total(some)])),
        ]),
      ),
    };
  }
  function seriesOf(counts: readonly DayCount[]) {
    const days = new Map<string, Map<string, object>>();
    for (const { day, state, count, durationMs } of counts) {
      const own = days.get(day.toISOString().slice(0, 10)) ?? new Map();
      days.set(day.toISOString().slice(0, 10), own.set(state, { executions: count, executionDuration: durationMs }));
    }
    return {
      executions: counts.reduce((sum, { count }) => sum + count, 0),
      executionDuration: counts.reduce((sum, { durationMs }) => sum + durationMs, 0),
      days,
    };
  }

  /** A filter as policies and roles create them; half of them use more than tenant and namespace. */
  function filter(tenantId: string): Where {
    const name = () => namespaces[random.below(namespaces.length)]!;
    const arms: (() => Where)[] = [
      () => ({ tenantId }),
      () => ({}),
      () => within(name()),
      () => outside(name()),
      () => ({ AND: [{ tenantId }, anyOf([within(name()), within(name())])] }),
      () => ({ namespace: { in: [name(), name()] } }),
      () => ({ flowId: { in: ['f0', 'f1'] } }),
      () => ({ AND: [within(name()), { state: 'SUCCESS' }] }),
      () => ({ OR: [{ namespace: name() }, { durationMs: { lt: 50_000n } }] }),
      () => ({ startedAt: { gte: new Date(today - dayMs) } }),
    ];
    return arms[random.below(arms.length)]!();
  }

  it('count executions correctly, for any filter and window, by roll-up or by row', async () => {
    const now = new Date();
    let rolled = 0;
    for (let i = 0; i < 150; i += 1) {
      const scopes = tenants.filter(() => random.below(3) > 0).map(({ id }) => ({ tenantId: id, where: filter(id) }));
      const from = new Date(today - random.below(4) * dayMs + (random.below(2) ? random.below(dayMs) : 0));
      const to = new Date(from.getTime() + 1 + random.below(4 * dayMs));
      const window = random.below(2) ? { from, to } : windowOf({ days: 1 + random.below(6) }, now);
      const ask = { window, reach: { executions: scopes } as unknown as Reach };
      const [counts] = await countExecutions(world.db, [ask]);
      const expected = executions.filter(
        (row) =>
          row.startedAt >= window.from &&
          row.startedAt < window.to &&
          scopes.some(({ tenantId, where }) => row.tenantId === tenantId && matches(where, { ...row })),
      );
      expect(seriesOf(counts!)).toEqual(series(expected));
      if (expected.length > 0 && window.from.getTime() % dayMs === 0 && window.to.getTime() % dayMs === 0) rolled += 1;
    }
    expect(rolled).toBeGreaterThan(20);
  });

  it('use the counts by day exactly if they apply', async () => {
    const { id } = tenants[0]!;
    const window = windowOf({ days: 6 }, new Date());
    const count = async (where: Where, own = window) => {
      const ask = { window: own, reach: { executions: [{ tenantId: id, where }] } as unknown as Reach };
      return seriesOf((await countExecutions(world.db, [ask]))[0]!).executions;
    };
    // Wrong on purpose: figures based on it are wrong as well.
    await world.db.$executeRaw`UPDATE "ExecutionDay" SET count = count * 1000`;
    const real = executions.filter((row) => row.tenantId === id && row.startedAt >= window.from).length;
    expect(await count({ tenantId: id })).toBe(real * 1_000);
    expect(await count(anyOf([within('company'), outside('company')]))).toBe(real * 1_000);
    expect(await count({ state: { in: executionStates } })).toBe(real);
    expect(await count({ AND: [{ tenantId: id }, { OR: [{ flowId: { gte: '' } }] }] })).toBe(real);
    expect(await count({ tenantId: id }, { ...window, from: new Date(window.from.getTime() + 1) })).toBeLessThanOrEqual(
      real,
    );
    await world.db.$executeRaw`UPDATE "ExecutionDay" SET count = count / 1000`;
  });

  const resources = ['NAMESPACE', 'FLOW', 'TRIGGER', 'EXECUTION'] as const;
  type Held = { tenant: Tenant; permission: Permission; namespace: string };

  async function viewer(name: string): Promise<{ client: Client; held: Held[]; counted: Tenant[] }> {
    const user = await world.user(name, tenants);
    const held: Held[] = [];
    const counted = tenants.filter(() => random.below(4) > 0);
    for (const tenant of tenants) {
      if (counted.includes(tenant)) await world.grant(tenant, user, ['STATS:READ']);
      for (const resource of resources) {
        for (let i = random.below(3); i > 0; i -= 1) {
          const namespace = random.below(3) === 0 ? '' : namespaces[random.below(namespaces.length)]!;
          const permission = `${resource}:READ` as Permission;
          await world.grant(tenant, user, [permission], namespace);
          held.push({ tenant, permission, namespace });
        }
      }
      for (const permission of ['GROUP:READ', 'ROLE:READ', 'TENANT_ACCESS:READ', 'SERVICE_ACCOUNT:READ'] as const) {
        if (random.below(2)) {
          await world.grant(tenant, user, [permission]);
          held.push({ tenant, permission, namespace: '' });
        }
      }
    }
    return { client: await world.as(user), held, counted };
  }

  it('equal a count by hand of what each viewer can read, for generated permissions', async () => {
    for (const [i, tenant] of tenants.entries()) {
      for (let n = 0; n <= i; n += 1) {
        await world.group(tenant, `group ${n}`);
        await world.account(tenant, `account-${n}`);
      }
    }
    for (let round = 0; round < 12; round += 1) {
      const { client, held, counted } = await viewer(`counter-${round}`);
      const [accesses, groups, roles, accounts, users] = await Promise.all([
        world.db.tenantAccess.findMany(),
        world.db.group.findMany(),
        world.db.role.findMany(),
        world.db.serviceAccount.findMany(),
        world.db.user.findMany(),
      ]);
      const people = new Set(users.map(({ id }) => id));
      const spaces = await world.db.namespace.findMany();
      const expected = (of: readonly Tenant[], from: Date, to: Date) => {
        const may = (permission: Permission) => (row: { tenantId: string | null; namespace?: string }) =>
          of.some((tenant) => tenant.id === row.tenantId) &&
          held.some(
            (one) =>
              one.permission === permission &&
              one.tenant.id === row.tenantId &&
              covers(one.namespace, row.namespace ?? ''),
          );
        const countable = (permission: Permission, count: number) =>
          held.some((one) => one.permission === permission && of.includes(one.tenant)) ? count : null;
        const mine = flows.filter(may('FLOW:READ'));
        const run = series(
          executions.filter(may('EXECUTION:READ')).filter(({ startedAt }) => startedAt >= from && startedAt < to),
        );
        const withAccess = accesses.filter(may('TENANT_ACCESS:READ')).filter((row) => people.has(row.principalId));
        return {
          figures: {
            namespaces: spaces.filter(may('NAMESPACE:READ')).length,
            flows: mine.length,
            tasks: mine.reduce((sum, { taskCount }) => sum + taskCount, 0),
            triggers: triggers.filter(may('TRIGGER:READ')).length,
            executions: run.executions,
            users: countable('TENANT_ACCESS:READ', new Set(withAccess.map((row) => row.principalId)).size),
            groups: countable('GROUP:READ', groups.filter(may('GROUP:READ')).length),
            roles: countable('ROLE:READ', roles.filter(may('ROLE:READ')).length),
            serviceAccounts: countable('SERVICE_ACCOUNT:READ', accounts.filter(may('SERVICE_ACCOUNT:READ')).length),
          },
          seconds: Math.floor(run.executionDuration / 1_000),
          days: run.days,
        };
      };
      const check = (answer: any, of: readonly Tenant[]) => {
        const { from, to, daily, executionDuration, ...figures } = answer;
        const wanted = expected(of, new Date(from), new Date(to));
        expect(figures).toEqual(wanted.figures);
        expect(secondsOf(executionDuration)).toBe(wanted.seconds);
        expect(daily.map(({ day }: any) => day)).toEqual(
          daysOf({ from: new Date(from), to: new Date(to) }).map((day) => day.toISOString()),
        );
        for (const { day, executions: count, states } of daily) {
          const own = wanted.days.get(day.slice(0, 10)) ?? new Map();
          expect(states.map(({ state, executions: n }: any) => [state, n])).toEqual(
            [...own].map(([state, { executions: n }]) => [state, n]).sort(),
          );
          expect(count).toBe(states.reduce((sum: number, one: any) => sum + one.executions, 0));
        }
      };
      const window = [{ days: 1 + random.below(6) }, { from: new Date(today - random.below(3 * dayMs)) }][round % 2];
      for (const tenant of tenants) {
        const { data, errors } = await client.run<any>(ofTenant, { key: tenant.key, w: window });
        if (counted.includes(tenant)) check(data.tenant.stats, [tenant]);
        else {
          expect(data.tenant.stats).toBeNull();
          expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
        }
      }
      const { data, errors } = await client.run<any>(ofAll, { w: window });
      if (counted.length > 0) check(data.stats, counted);
      else expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    }
  });

  it('hide counts of principals from viewers who cannot list them, even if they can read themselves', async () => {
    const viewer = await world.user('viewer', [tenants[0]!]);
    await world.bind(tenants[0]!, { principal: viewer }, await world.managed(tenants[0]!, 'Viewer'));
    const client = await world.as(viewer);
    const { stats } = (await client.ok<any>(ofTenant, { key: 'a' })).tenant;
    expect(stats).toMatchObject({ users: null, groups: null, roles: null, serviceAccounts: null });
    expect(stats.flows).toBe(flows.filter(({ tenantId }) => tenantId === tenants[0]!.id).length);
    // The list has the same total.
    const lists = '{ tenant(key: "a") { flows { totalCount } triggers { totalCount } namespaces { totalCount } } }';
    const { tenant } = await client.ok<any>(lists);
    expect([tenant.flows.totalCount, tenant.triggers.totalCount, tenant.namespaces.totalCount]).toEqual([
      stats.flows,
      stats.triggers,
      stats.namespaces,
    ]);
  });

  it('name the types of tasks and triggers, worker groups and namespaces, within reach', async () => {
    const [tenant] = tenants as [Tenant];
    const own = <Row extends { tenantId: string }>(all: readonly Row[]) =>
      all.filter(({ tenantId }) => tenantId === tenant.id);
    for (const [i, { id }] of own(flows).entries())
      await world.db.flow.update({
        where: { id },
        data: {
          tasks: [
            { id: 'a', type: 'log' },
            { id: 'b', type: `t${i % 2}` },
          ],
        },
      });
    for (const [i, { id }] of own(triggers).entries())
      await world.db.trigger.update({ where: { id }, data: { type: `k${i % 2}`, workerGroup: i % 3 ? 'gpu' : '' } });
    const stored = own(await world.db.trigger.findMany());
    const countBy = (names: readonly string[]) =>
      Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]));
    const byName = (list: any[]) => Object.fromEntries(list.map(({ name, count }) => [name, count]));
    for (const place of ['', 'company.team']) {
      const user = await world.user(`kinds ${place}`, [tenant]);
      await world.grant(tenant, user, ['STATS:READ']);
      await world.grant(tenant, user, ['FLOW:READ', 'TRIGGER:READ', 'EXECUTION:READ'], place);
      const client = await world.as(user);
      const from = new Date(today - 2 * dayMs + 1_000);
      const { stats } = (
        await client.ok<any>(
          `query($w: StatsWindow) { tenant(key: "a") { stats(window: $w) { taskTypes { name count } triggerTypes { name count }
             workerGroups { name count } byNamespace(first: 200) { namespaceName flows triggers executions } flows triggers executions } } }`,
          { w: { from } },
        )
      ).tenant;
      const isIn = ({ namespace }: { namespace: string }) => place === '' || covers(place, namespace);
      const [readFlows, readTriggers] = [own(flows).filter(isIn), stored.filter(isIn)];
      const ran = own(executions).filter((one) => isIn(one) && one.startedAt >= from);
      expect(byName(stats.taskTypes)).toEqual(
        countBy(own(flows).flatMap((flow, i) => (isIn(flow) ? ['log', `t${i % 2}`] : []))),
      );
      expect(byName(stats.triggerTypes)).toEqual(countBy(readTriggers.map(({ type }) => type)));
      expect(byName(stats.workerGroups)).toEqual(countBy(readTriggers.map(({ workerGroup }) => workerGroup)));
      const sum = (name: string) => stats.byNamespace.reduce((all: number, one: any) => all + one[name], 0);
      expect([sum('flows'), sum('triggers'), sum('executions')]).toEqual([
        readFlows.length,
        readTriggers.length,
        ran.length,
      ]);
      expect([stats.flows, stats.triggers, stats.executions]).toEqual([
        readFlows.length,
        readTriggers.length,
        ran.length,
      ]);
      for (const one of stats.byNamespace)
        expect(one.executions).toBe(ran.filter(({ namespace }) => namespace === one.namespaceName).length);
      expect(await client.codes('{ tenant(key: "a") { stats { taskTypes(first: 201) { name } } } }')).toEqual([
        'BAD_INPUT',
      ]);
    }
  });

  it('run at most three statements, for any number of tenants and windows', async () => {
    const user = await world.user('counts-all', []);
    const many: string[] = [];
    const prepare = async (count: number) => {
      for (let i = 0; i < count; i += 1) {
        const tenant = await world.tenant(`m${many.length}`);
        many.push(tenant.key);
        const one = await world.db.user.findUniqueOrThrow({ where: { id: user.id } });
        await world.access(tenant, one);
        await world.grant(tenant, one, ['STATS:READ', 'EXECUTION:READ', 'FLOW:READ', 'GROUP:READ']);
        await world.grant(tenant, one, ['TRIGGER:READ'], 'company');
      }
    };
    await prepare(2);
    const client = await world.as(user);
    const both = `{ week: stats(window: { days: 7 }) { ${fields} } today: stats(window: { days: 1 }) { ${fields} } }`;
    const each = `{ tenants(first: 100) { nodes { key stats { ${fields} } } } }`;
    const statements = async (query: string) => {
      await client.ok(query);
      const counts: number[] = [];
      // Excludes the gateway's own periodic writes.
      for (let i = 0; i < 3; i += 1) counts.push(await world.statements(() => client.ok(query)));
      return Math.min(...counts);
    };
    const few = [await statements(both), await statements(each)];
    await prepare(10);
    const more = [await statements(both), await statements(each)];
    expect(more).toEqual(few);
    expect(Math.max(...more)).toBeLessThanOrEqual(3);
  });

  it.each([
    [{ days: 0 }, ['window', 'days']],
    [{ days: 367 }, ['window', 'days']],
    [{ days: 3, from: '2026-01-01T00:00:00Z' }, ['window', 'days']],
    [{ to: '2026-01-01T00:00:00Z' }, ['window', 'from']],
    [{ from: '2026-01-02T00:00:00Z', to: '2026-01-02T00:00:00Z' }, ['window', 'to']],
    [{ from: '2999-01-01T00:00:00Z' }, ['window', 'from']],
    [{ from: '2020-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }, ['window', 'from']],
  ])('refuse the window %j with its path', async (w, path) => {
    const user = await world.user(`asker-${newId()}`, [tenants[0]!]);
    await world.grant(tenants[0]!, user, ['STATS:READ']);
    const client = await world.as(user);
    for (const [query, variables] of [
      [ofAll, { w }],
      [ofTenant, { key: 'a', w }],
    ] as const) {
      const { errors } = await client.run(query, variables);
      expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_INPUT', issues: [{ path }] });
    }
  });
});

function secondsOf(text: string): number {
  const [, d = 0, h = 0, m = 0, s = 0] = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(text)!;
  return ((Number(d) * 24 + Number(h)) * 60 + Number(m)) * 60 + Number(s);
}
