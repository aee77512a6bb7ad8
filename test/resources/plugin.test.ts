import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { maxPlugins } from '../../src/resources/orchestration/plugin/report.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { addService, engineOf, history } from '../support/engine.ts';
import { flowSource } from '../support/flows.ts';
import { World } from '../support/world.ts';

const report = call('reportPlugins', 'stored removed');
const save = call('saveFlow', 'flow { id }');
const list = `query($where: PluginWhere, $first: Int, $after: String, $last: Int, $before: String) {
  tenant(key: "main") { plugins(where: $where, first: $first, after: $after, last: $last, before: $before) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    nodes { type kind isReported title description documentation icon schema version deprecated reportedAt flowCount lastRunAt } } } }`;
const http = 'io.example.http.Request';
const log = 'io.example.log.Log';
const schedule = 'io.example.core.trigger.Schedule';

describe('plugins', () => {
  let world: World;
  let main: Tenant;
  let editor: Client;
  let ofTeam: Client;
  let instance: { client: Client; id: string };

  const reporter = async () => {
    const user = await world.user(`plugins-${Math.random()}`, []);
    await world.grant(null, user, ['WORKER:UPDATE']);
    return { client: await world.as(user), id: user.id };
  };
  const send = async (by: { client: Client; id: string }, plugins: object[], rest: object = {}) => {
    const serviceId = await addService(world, by);
    return (await by.client.ok<any>(report, { i: { serviceId, plugins, ...rest } })).reportPlugins;
  };
  const plugins = async (client: Client, variables: Record<string, unknown> = {}) =>
    (await client.ok<any>(list, variables)).tenant.plugins;
  const types = async (client: Client, where: object = {}): Promise<string[]> =>
    (await plugins(client, { where, first: 100 })).nodes.map(({ type }: any) => type);

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    const user = await world.user('editor', [main]);
    await world.bind(main, { principal: user }, await world.managed(main, 'Editor'));
    editor = await world.as(user);
    const other = await world.user('team', [main]);
    await world.bind(main, { principal: other }, await world.managed(main, 'Viewer'), 'company.team');
    ofTeam = await world.as(other);
    instance = await reporter();
    for (const [namespace, flowId] of [
      ['company.x', 'hello'],
      ['company.x', 'again'],
      ['company.team', 'own'],
    ] as const)
      await editor.ok(save, { i: { tenantKey: 'main', source: flowSource(namespace, flowId) } });
    const nested = `id: nested\nnamespace: company.team\ntasks:\n  - id: all\n    type: io.example.Parallel\n    tasks:\n      - { id: a, type: ${log}, message: a }\n`;
    await editor.ok(save, { i: { tenantKey: 'main', source: nested } });
  });
  afterAll(() => world.close());

  it('are the types that flows use, as far as the viewer can read the flows', async () => {
    expect((await plugins(editor)).nodes).toMatchObject([
      { type: 'io.example.Parallel', kind: 'TASK', flowCount: 1, isReported: false, title: null, deprecated: false },
      { type: schedule, kind: 'TRIGGER', flowCount: 3 },
      { type: http, kind: 'TASK', flowCount: 3 },
      { type: log, kind: 'TASK', flowCount: 4 },
    ]);
    const own = (await plugins(ofTeam)).nodes;
    expect(own.map(({ flowCount }: any) => flowCount)).toEqual([1, 1, 1, 2]);
    const flows = `query($t: String) { tenant(key: "main") { flows(where: { taskType: $t }) { nodes { flowId } } } }`;
    const using = async (client: Client, t: string) =>
      (await client.ok<any>(flows, { t })).tenant.flows.nodes.map(({ flowId }: any) => flowId).sort();
    expect(await using(editor, log)).toEqual(['again', 'hello', 'nested', 'own']);
    expect(await using(ofTeam, log)).toEqual(['nested', 'own']);
    expect(await using(editor, 'io.example.log')).toEqual([]);
  });

  it('are described by engines, and found by text, kind and use', async () => {
    const described = {
      type: http,
      title: 'Call an address',
      description: 'Sends a request.',
      documentation: '# Request\n\nSends a request.',
      icon: `data:image/png;base64,${Buffer.from('picture').toString('base64')}`,
      schema: { type: 'object', properties: { uri: { type: 'string' } } },
      version: '1.2.0',
    };
    const unused = { type: 'io.example.Old', kind: 'TRIGGER', title: 'Former 100%', deprecated: true };
    expect(await send(instance, [described, unused])).toEqual({ stored: 2, removed: 0 });
    const [found] = (await plugins(editor, { where: { type: http } })).nodes;
    expect(found).toMatchObject({ ...described, isReported: true, kind: 'TASK', deprecated: false, flowCount: 3 });
    expect(Date.now() - Date.parse(found.reportedAt)).toBeLessThan(60_000);
    expect(await types(editor, { text: 'address' })).toEqual([http]);
    expect(await types(editor, { text: '100%' })).toEqual(['io.example.Old']);
    expect(await types(editor, { text: '%' })).toEqual(['io.example.Old']);
    expect(await types(editor, { kind: ['TRIGGER'] })).toEqual(['io.example.Old', schedule]);
    expect(await types(editor, { inUse: false })).toEqual(['io.example.Old']);
    expect(await types(editor, { reported: true, inUse: true })).toEqual([http]);
    expect(await types(editor, { reported: false })).toEqual(['io.example.Parallel', schedule, log]);
    expect(await types(editor, { type: 'io.example' })).toEqual([]);
  });

  it('say when a flow that uses them last ran, of the executions that the viewer can read', async () => {
    const engine = await engineOf(world, main);
    const start = Date.UTC(2026, 0, 1, 12);
    const executions = [
      ['early', 'company.team', 'own', start],
      ['late', 'company.x', 'hello', start + 3_600_000],
      ['later', 'company.x', 'gone', start + 7_200_000],
    ] as const;
    await engine.report(
      executions.map(([executionId, namespaceName, flowId, at]) => ({
        executionId,
        sequence: '1',
        namespaceName,
        flowId,
        history: history(['CREATED', 'RUNNING'], at),
      })),
    );
    const lastRuns = async (client: Client) =>
      Object.fromEntries((await plugins(client)).nodes.map(({ type, lastRunAt }: any) => [type, lastRunAt]));
    expect(await lastRuns(editor)).toMatchObject({
      [http]: '2026-01-01T13:00:00.000Z',
      [schedule]: '2026-01-01T13:00:00.000Z',
      'io.example.Parallel': null,
    });
    expect(await lastRuns(ofTeam)).toMatchObject({ [http]: '2026-01-01T12:00:00.000Z' });
    const reader = await world.user('flows only', [main]);
    await world.grant(main, reader, ['FLOW:READ']);
    const blind = await world.as(reader);
    expect(Object.values(await lastRuns(blind)).every((at) => at === null)).toBe(true);
    expect(await types(blind, { inUse: true })).toEqual(['io.example.Parallel', http, log]);
  });

  it('have pages in both directions', async () => {
    const all = await types(editor);
    const forward: string[] = [];
    for (let after: string | null = null; ; ) {
      const page: any = await plugins(editor, { first: 2, after });
      expect(page.totalCount).toBe(all.length);
      forward.push(...page.nodes.map(({ type }: any) => type));
      if (!page.pageInfo.hasNextPage) break;
      after = page.pageInfo.endCursor;
    }
    expect(forward).toEqual(all);
    const last = await plugins(editor, { last: 2 });
    expect(last.nodes.map(({ type }: any) => type)).toEqual(all.slice(-2));
    const former = await plugins(editor, { last: 2, before: last.pageInfo.startCursor });
    expect(former.nodes.map(({ type }: any) => type)).toEqual(all.slice(-4, -2));
    for (const wrong of [{ first: -1 }, { first: 101 }, { first: 1, last: 1 }, { after: 'x' }])
      expect(await editor.codes(list, wrong)).toEqual(['BAD_INPUT']);
  });

  it('that only earlier services of an account reported are removed by its complete report', async () => {
    const [one, two] = [await reporter(), await reporter()];
    const typed = (...names: string[]) => names.map((name) => ({ type: `org.${name}` }));
    const known = async () => (await types(editor, { text: 'org.' })).map((type) => type.slice(4));
    await send(one, typed('a', 'b', 'c'));
    await send(two, typed('b', 'd'));
    expect(await known()).toEqual(['a', 'b', 'c', 'd']);
    // A repeated report changes nothing, and another account keeps what it knows.
    expect(await send(one, typed('c'), { complete: true })).toEqual({ stored: 1, removed: 1 });
    expect(await known()).toEqual(['b', 'c', 'd']);
    const serviceId = await addService(world, two);
    const parts = async (plugins: object[], complete: boolean) =>
      (await two.client.ok<any>(report, { i: { serviceId, plugins, complete } })).reportPlugins.removed;
    expect(await parts(typed('e'), false)).toBe(0);
    expect(await parts(typed('f'), true)).toBe(2);
    expect(await known()).toEqual(['c', 'e', 'f']);
  });

  it('are refused with the place of each fault, and from services of others', async () => {
    const faults = async (plugins: object[], by = instance, as = by) => {
      const serviceId = await addService(world, as);
      const { errors } = await by.client.run<any>(report, { i: { serviceId, plugins } });
      return errors.flatMap(({ extensions }: any) =>
        extensions.code === 'BAD_INPUT'
          ? extensions.issues.map(({ path }: any) => path.slice(1).join('.'))
          : extensions.code,
      );
    };
    const ok = { type: 'net.Fine' };
    expect(
      await faults([
        ok,
        { type: '1x' },
        { type: 'net.A', icon: 'https://example.com/a.png' },
        { type: 'net.B', schema: 1 },
      ]),
    ).toEqual(['plugins.1.type', 'plugins.2.icon', 'plugins.3.schema']);
    expect(await faults([ok, ok])).toEqual(['plugins.1.type']);
    expect(await faults([])).toEqual(['plugins']);
    expect(await faults(Array.from({ length: maxPlugins + 1 }, (_, i) => ({ type: `net.N${i}` })))).toEqual([
      'plugins',
    ]);
    expect(await faults([{ type: 'net.D', documentation: 'x'.repeat(100_001) }])).toEqual(['plugins.0.documentation']);
    expect(await faults([ok], instance, await reporter())).toEqual(['FORBIDDEN']);
    const engine = await engineOf(world, main);
    expect(await engine.client.codes(report, { i: { serviceId: engine.service, plugins: [ok] } })).toEqual([
      'FORBIDDEN',
    ]);
    expect(await types(editor, { text: 'net.' })).toEqual([]);
  });

  it('cannot be listed without FLOW:READ', async () => {
    const user = await world.user('none', [main]);
    expect(await (await world.as(user)).codes(list, {})).toEqual(['FORBIDDEN']);
  });
});
