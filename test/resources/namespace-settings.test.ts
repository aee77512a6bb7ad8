import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { mergeDefaults } from '../../src/resources/orchestration/namespace/merged-defaults.ts';
import {
  type Configured,
  effectivePluginDefaults,
  effectiveVariables,
  type PluginDefault,
} from '../../src/resources/orchestration/namespace/settings.ts';
import { Chance } from '../properties/generate.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { idOf, World } from '../support/world.ts';

describe('what a namespace inherits', () => {
  const chance = new Chance(Number(process.env['SEED'] ?? 4));
  const chainNames = ['a', 'a.b', 'a.b.c', 'a.b.c.d'];
  const values = [null, 0, '', 'x', [1], { deep: { er: true } }];
  const variables = () =>
    Object.fromEntries(chance.some(['one', 'two', 'three', 'four'], 3).map((key) => [key, chance.pick(values)]));
  const defaults = (): PluginDefault[] =>
    ['io.a', 'io.a.Task', 'io.b']
      .filter(() => chance.coin())
      .flatMap((type) =>
        [true, false].filter(() => chance.coin(0.4)).map((forced) => ({ type, forced, values: variables() as never })),
      );

  it('is the nearest variable, whole, whatever the order of the chain', () => {
    for (let i = 0; i < 2_000; i += 1) {
      const chain: Configured[] = chainNames.map((namespace) => ({
        namespace,
        variables: variables(),
        pluginDefaults: [],
      }));
      const expected = new Map<string, unknown>();
      // From the namespace upwards: the first value wins.
      for (const { namespace, variables: own } of [...chain].reverse())
        for (const [key, value] of Object.entries(own as object))
          if (!expected.has(key)) expected.set(key, [value, namespace]);
      const shuffled = [...chain].sort(() => chance.next() - 0.5);
      const reported = effectiveVariables(shuffled);
      expect(new Map(reported.map(({ key, value, namespace }) => [key, [value, namespace]]))).toEqual(expected);
      expect(reported.map(({ key }) => key)).toEqual([...expected.keys()].sort());
    }
  });

  it('is merged for a task: forced defaults, its own values, then the nearest others', () => {
    const chain: Configured[] = [
      {
        namespace: 'a',
        variables: {},
        pluginDefaults: [
          { type: 'io.x', forced: true, values: { retry: { max: 1 }, tags: ['a'] } },
          { type: 'io.x', forced: false, values: { timeout: 'PT1M', env: { A: '1', B: '1' } } },
          { type: 'io', forced: false, values: { timeout: 'PT9M', level: 'INFO' } },
          { type: 'io.xy', forced: true, values: { never: true } },
        ],
      },
      {
        namespace: 'a.b',
        variables: {},
        pluginDefaults: [{ type: 'io.x.Task', forced: false, values: { env: { B: '2' }, __proto__x: 1 } }],
      },
    ];
    const own = { retry: { max: 5, delay: 2 }, tags: ['own'], env: { C: '3' } };
    const { values, origins } = mergeDefaults('io.x.Task', own, effectivePluginDefaults(chain));
    expect(values).toEqual({
      retry: { max: 1, delay: 2 },
      tags: ['a'],
      env: { C: '3', B: '2', A: '1' },
      __proto__x: 1,
      timeout: 'PT1M',
      level: 'INFO',
    });
    expect(
      Object.fromEntries(origins.map(({ path, by }) => [path, by && `${by.namespace} ${by.type} ${by.forced}`])),
    ).toEqual({
      'retry.max': 'a io.x true',
      'retry.delay': null,
      tags: 'a io.x true',
      'env.C': null,
      'env.B': 'a.b io.x.Task false',
      'env.A': 'a io.x false',
      __proto__x: 'a.b io.x.Task false',
      timeout: 'a io.x false',
      level: 'a io false',
    });
    const hostile = JSON.parse('{"__proto__": {"polluted": 1}}');
    mergeDefaults('io.x', hostile, []);
    expect(({} as any).polluted).toBeUndefined();
  });

  it('is the outermost forced plugin default, then the nearest of the others, without omissions', () => {
    for (let i = 0; i < 2_000; i += 1) {
      const chain: Configured[] = chainNames.map((namespace) => ({
        namespace,
        variables: {},
        pluginDefaults: defaults(),
      }));
      const reported = effectivePluginDefaults([...chain].sort(() => chance.next() - 0.5));
      expect(reported.length).toBe(chain.reduce((sum, one) => sum + (one.pluginDefaults as unknown[]).length, 0));
      for (const type of ['io.a', 'io.a.Task', 'io.b']) {
        const first = (forced: boolean) =>
          reported.find((one) => one.type === type && one.forced === forced)?.namespace;
        const setting = (forced: boolean) =>
          chain.filter(({ pluginDefaults }) =>
            (pluginDefaults as PluginDefault[]).some((one) => one.type === type && one.forced === forced),
          );
        expect(first(true)).toBe(setting(true)[0]?.namespace);
        expect(first(false)).toBe(setting(false).at(-1)?.namespace);
      }
      expect(reported.map(({ forced }) => forced)).toEqual(
        reported
          .map(({ forced }) => forced)
          .sort()
          .reverse(),
      );
    }
  });
});

describe('the settings of namespaces', () => {
  let world: World;
  let main: Tenant;
  let admin: Client;
  const create = call('createNamespace', 'namespace { id name variables pluginDefaults { type forced values } }');
  const update = call('updateNamespace', 'namespace { variables pluginDefaults { type forced values } }');
  const inherited = `query($name: String!) { tenant(key: "main") { namespace(name: $name) {
    variables inheritedVariables { key value namespaceName } inheritedPluginDefaults { type forced values namespaceName } } } }`;

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    const owner = await world.user('owner', [main]);
    await world.bind(main, { principal: owner }, await world.managed(main, 'Admin'));
    admin = await world.as(owner);
    await admin.ok(create, {
      i: {
        tenantKey: 'main',
        name: 'company',
        variables: { region: 'eu', owner: 'ops', limits: { cpu: 1, memory: 2 } },
        pluginDefaults: [
          { type: 'io.shell', values: { image: 'old' } },
          { type: 'io.shell.Script', forced: true, values: { user: 'nobody' } },
        ],
      },
    });
    await admin.ok(create, {
      i: {
        tenantKey: 'main',
        name: 'company.team.x',
        variables: { owner: 'x', limits: { cpu: 4 }, secret: null },
        pluginDefaults: [
          { type: 'io.shell', values: { image: 'new' } },
          { type: 'io.shell.Script', forced: true, values: { user: 'root' } },
        ],
      },
    });
  });
  afterAll(() => world.close());
  const of = async (client: Client, name: string) => (await client.ok<any>(inherited, { name })).tenant.namespace;
  const idOfNamespace = async (name: string) =>
    idOf('Namespace', await world.db.namespace.findFirstOrThrow({ where: { namespace: name } }));

  it('are inherited with their origin, also through an implied namespace', async () => {
    const x = await of(admin, 'company.team.x');
    expect(x.inheritedVariables).toEqual([
      { key: 'limits', value: { cpu: 4 }, namespaceName: 'company.team.x' },
      { key: 'owner', value: 'x', namespaceName: 'company.team.x' },
      { key: 'region', value: 'eu', namespaceName: 'company' },
      { key: 'secret', value: null, namespaceName: 'company.team.x' },
    ]);
    expect(x.inheritedPluginDefaults).toEqual([
      { type: 'io.shell.Script', forced: true, values: { user: 'nobody' }, namespaceName: 'company' },
      { type: 'io.shell.Script', forced: true, values: { user: 'root' }, namespaceName: 'company.team.x' },
      { type: 'io.shell', forced: false, values: { image: 'new' }, namespaceName: 'company.team.x' },
      { type: 'io.shell', forced: false, values: { image: 'old' }, namespaceName: 'company' },
    ]);
    const implied = await of(admin, 'company.team');
    expect(implied.variables).toEqual({});
    expect(implied.inheritedVariables.map(({ namespaceName }: any) => namespaceName)).toEqual([
      'company',
      'company',
      'company',
    ]);
  });

  it('are merged as a task of a type gets them, and in what the task sets itself', async () => {
    const merged = `query($v: JSON, $t: String! = "io.shell.Script") { tenant(key: "main") { namespace(name: "company.team.x") {
      effectivePluginDefaults(type: $t, values: $v) { values properties { path namespaceName type forced } } } } }`;
    const { effectivePluginDefaults } = (await admin.ok<any>(merged, { v: { user: 'own', script: 'ls' } })).tenant
      .namespace;
    expect(effectivePluginDefaults).toEqual({
      values: { user: 'nobody', script: 'ls', image: 'new' },
      properties: [
        { path: 'user', namespaceName: 'company', type: 'io.shell.Script', forced: true },
        { path: 'script', namespaceName: null, type: null, forced: false },
        { path: 'image', namespaceName: 'company.team.x', type: 'io.shell', forced: false },
      ],
    });
    expect(await admin.codes(merged, { v: [1] })).toEqual(['BAD_INPUT']);
    expect((await admin.ok<any>(merged, { t: 'io.other' })).tenant.namespace.effectivePluginDefaults.values).toEqual(
      {},
    );
  });

  it('are returned to a reader of the namespace alone, without those of its siblings', async () => {
    await admin.ok(create, { i: { tenantKey: 'main', name: 'companyx', variables: { hidden: 'canary' } } });
    const reader = await world.user('reader', [main]);
    await world.grant(main, reader, ['NAMESPACE:READ'], 'company.team.x');
    const client = await world.as(reader);
    expect((await of(client, 'company.team.x')).inheritedVariables).toHaveLength(4);
    expect(await of(client, 'company')).toBeNull();
    expect(await of(client, 'companyx')).toBeNull();
  });

  it('reveal the inherited value when cleared, with one event for each change', async () => {
    const id = await idOfNamespace('company.team.x');
    await admin.ok(update, { i: { id, variables: { limits: { cpu: 8 } } } });
    expect((await of(admin, 'company.team.x')).inheritedVariables).toContainEqual({
      key: 'owner',
      value: 'ops',
      namespaceName: 'company',
    });
    await admin.ok(update, { i: { id, variables: null, pluginDefaults: null } });
    expect((await of(admin, 'company.team.x')).variables).toEqual({});
    await admin.ok(update, { i: { id, description: 'as it was' } });
    const events = await world.db.auditEvent.findMany({
      where: { resourceKey: 'company.team.x', action: 'namespace.update' },
      orderBy: { seq: 'asc' },
    });
    const paths = events.map(({ patch }) => (patch as { path: string }[]).map(({ path }) => path).sort());
    expect(paths).toEqual([
      ['/variables/limits/cpu', '/variables/owner', '/variables/secret'],
      ['/pluginDefaults/0', '/pluginDefaults/0', '/variables/limits'],
      ['/description'],
    ]);
  });

  it('are deleted with the namespace, and do not return with a new one of its name', async () => {
    await admin.ok(create, { i: { tenantKey: 'main', name: 'gone.soon', variables: { a: 1 } } });
    await admin.ok(create, { i: { tenantKey: 'main', name: 'gone.soon.below' } });
    await admin.ok(call('deleteNamespace', 'deletedId'), { i: { id: await idOfNamespace('gone.soon') } });
    expect((await of(admin, 'gone.soon.below')).inheritedVariables).toEqual([]);
    await admin.ok(create, { i: { tenantKey: 'main', name: 'gone.soon' } });
    expect((await of(admin, 'gone.soon')).variables).toEqual({});
  });

  it('load the chains of a whole list in one query', async () => {
    const document = `{ tenant(key: "main") { namespaces(first: 100) { nodes { inheritedVariables { key } inheritedPluginDefaults { type } } } } }`;
    await admin.ok(document);
    const few = await world.statements(() => admin.ok(document));
    for (let i = 0; i < 30; i += 1) await world.namespace(main, `many.n${i}.x`);
    expect(await world.statements(() => admin.ok(document))).toBe(few);
  });

  it.each([
    ['variables that are no object', { variables: [1] }, 'variables'],
    ['a variable with a bad name', { variables: { 'a b': 1 } }, 'variables'],
    ['variables nested without end', { variables: { a: JSON.parse('['.repeat(30) + ']'.repeat(30)) } }, 'variables'],
    ['too much of them', { variables: { a: 'x'.repeat(100_001) } }, 'variables'],
    [
      'a plugin default twice',
      {
        pluginDefaults: [
          { type: 'a.b', values: {} },
          { type: 'a.b', values: {} },
        ],
      },
      'pluginDefaults',
    ],
    ['a type that is none', { pluginDefaults: [{ type: 'a..b', values: {} }] }, 'pluginDefaults'],
    ['values that are no object', { pluginDefaults: [{ type: 'a.b', values: 'x' }] }, 'pluginDefaults'],
  ])('refuse %s, with its path', async (_what, content, path) => {
    const { errors } = await admin.run<any>(update, { i: { id: await idOfNamespace('company'), ...content } });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_INPUT']);
    expect((errors[0]!.extensions['issues'] as any[])[0].path.slice(0, 2)).toEqual(['input', path]);
  });

  it('do not allow prototype pollution', async () => {
    const id = await idOfNamespace('company');
    await admin.run(update, { i: { id, variables: JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}') } });
    expect(({} as any).polluted).toBeUndefined();
  });
});
