import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import plugin from '../../plugins/flow-rules.ts';
import { accepts, prepared } from '../../src/policy/testing.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { flowSource } from '../support/flows.ts';
import { World } from '../support/world.ts';

const flow = { resource: 'FLOW' as const, action: 'CREATE' as const, tenantId: 'main' };
const row = (rest: object = {}) => ({
  namespace: 'company.x',
  source: 'id: a',
  tasks: [],
  triggers: [],
  labels: {},
  ...rest,
});
const reviewed = async (rule: object, after: object, before: object | null = null, question: object = flow) => {
  const { review } = await prepared(plugin, { rules: [rule] });
  return review(question, before as never, after as never);
};

describe('flow-rules', () => {
  const tasks = [
    { id: 'say', type: 'io.company.core.Log' },
    { id: 'run', type: 'io.company.script.Shell', images: ['registry.company.example/a:1', 'docker.io/b'] },
  ];

  it('allows or denies types of tasks and triggers, alone or by their beginning', async () => {
    const triggers = [{ id: 'hook', type: 'io.company.Webhook' }];
    const after = row({ tasks, triggers });
    expect(await reviewed({ tasks: { deny: ['io.company.script.*'] } }, after)).toBe(
      'task run: the type io.company.script.Shell is not allowed',
    );
    expect(await reviewed({ tasks: { allow: ['io.company.core.Log'] } }, after)).toContain('task run');
    expect(await reviewed({ tasks: { allow: ['io.company.*'] } }, after)).toBe('abstain');
    expect(await reviewed({ tasks: { deny: ['io.company.script'] } }, after)).toBe('abstain');
    expect(await reviewed({ tasks: { allow: ['*'], deny: ['io.company.core.Log'] } }, after)).toContain('task say');
    expect(await reviewed({ triggers: { deny: ['io.company.Webhook'] } }, after)).toBe(
      'trigger hook: the type io.company.Webhook is not allowed',
    );
  });

  it('requires labels and registries', async () => {
    const rule = { labels: [{ key: 'team' }, { key: 'tier', values: ['gold', 'silver'] }] };
    expect(await reviewed(rule, row())).toBe('the label team is missing; the label tier is missing');
    expect(await reviewed(rule, row({ labels: { team: 'a', tier: 'tin' } }))).toBe(
      'the label tier must be gold, silver',
    );
    expect(await reviewed(rule, row({ labels: { team: 'a', tier: 'gold' } }))).toBe('abstain');
    expect(await reviewed({ labels: [{ key: 'constructor' }] }, row())).toBe('the label constructor is missing');
    const images = { images: ['registry.company.example/'] };
    expect(await reviewed(images, row({ tasks }))).toBe(
      'task run: the image "docker.io/b" is not from an allowed registry',
    );
    expect(await reviewed({ images: ['registry.company.example/', 'docker.io/b'] }, row({ tasks }))).toBe('abstain');
  });

  it.each([
    ['*/5 * * * *', 5, 'abstain'],
    ['*/5 * * * *', 6, 'refused'],
    ['0,59 8 * * *', 59, 'abstain'],
    ['0,59 8,9 * * *', 2, 'refused'],
    ['59 23 2,5 * *', 60, 'abstain'],
    ['0 0 29 2 *', 1_440, 'abstain'],
    ['0,1 0 29 2 *', 2, 'refused'],
    ['@hourly', 60, 'abstain'],
    ['@hourly', 61, 'refused'],
    ['0 8 * * 1-5', 1_440, 'abstain'],
    ['0 0,23 * * 1', 120, 'abstain'],
    ['0 0,23 * * 1,2', 120, 'refused'],
    ['0 0,23 1,31 * *', 120, 'refused'],
    ['30 5 * * *', 1_440, 'abstain'],
  ])('compares the dates of %s with %i minutes: %s', async (cron, minutes, answer) => {
    const triggers = [{ id: 'daily', type: 'Schedule', cron, withSeconds: false }];
    const given = await reviewed({ minScheduleMinutes: minutes }, row({ triggers }));
    expect(given === 'abstain' ? 'abstain' : 'refused').toBe(answer);
  });

  it('compares 200 different schedules in a short time', async () => {
    const triggers = Array.from({ length: 200 }, (_, i) => ({
      id: `t${i}`,
      type: 'Schedule',
      cron: `${i % 60} 0,23 ${1 + (i % 28)} * *`,
      withSeconds: false,
    }));
    const started = performance.now();
    expect(await reviewed({ minScheduleMinutes: 120 }, row({ triggers }))).toBe('abstain');
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('applies to its namespaces and tenant, and to changed sources only', async () => {
    const rule = { labels: [{ key: 'team' }], namespaces: ['company'], tenant: 'main' };
    expect(await reviewed(rule, row())).toContain('team');
    expect(await reviewed(rule, row({ namespace: 'companyx' }))).toBe('abstain');
    expect(await reviewed(rule, row(), null, { ...flow, tenantId: 'other' })).toBe('abstain');
    expect(await reviewed(rule, row({ disabled: true }), row())).toBe('abstain');
    expect(await reviewed(rule, row({ source: 'id: b' }), row())).toContain('team');
  });

  it('names at most five faults', async () => {
    const many = Array.from({ length: 8 }, (_, i) => ({ id: `t${i}`, type: 'x' }));
    expect(await reviewed({ tasks: { allow: [] } }, row({ tasks: many }))).toMatch(/^(task t\d[^;]+; ){5}and 3 more$/);
  });

  it('rejects invalid settings', () => {
    for (const bad of [
      { tasks: {} },
      { tasks: { allow: ['a*b'] } },
      { namespaces: ['A'] },
      { minScheduleMinutes: 0 },
      { minScheduleMinutes: 1_441 },
      { label: [] },
    ])
      expect(accepts(plugin, { rules: [bad] }), JSON.stringify(bad)).toBe(false);
  });

  describe('in a gateway', () => {
    let world: World;
    let editor: Client;
    let admin: Client;
    const save = call('saveFlow', 'flow { id revision }');
    const violations = `query($first: Int, $after: String, $under: String, $p: JSON) { tenant(key: "main") {
      flowViolations(first: $first, after: $after, under: $under, policies: $p) {
        checkedCount pageInfo { hasNextPage endCursor } violations { flow { flowId namespaceName } policy reason shadow } } } }`;
    const found = async (client: Client, variables: object = {}) =>
      (await client.ok<any>(violations, variables as never)).tenant.flowViolations;
    const images = `id: built\nnamespace: company.y\nlabels: { team: data }\ntasks:\n  - id: all\n    type: io.example.Parallel\n    tasks:\n      - id: one\n        type: io.example.Shell\n        containerImage: docker.io/one\n        taskRunner: { type: Docker, image: docker.io/two }\n        message: { image: no-container.png }\n`;

    beforeAll(async () => {
      world = await World.create({
        config: {
          policies: {
            'flow-rules': {
              enabled: true,
              shadow: false,
              rules: [
                {
                  namespaces: ['company.x'],
                  images: ['registry.example/'],
                  labels: [{ key: 'team' }],
                  minScheduleMinutes: 60,
                },
              ],
            },
          },
        },
      });
      const main = await world.tenant('main');
      const user = await world.user('editor', [main]);
      await world.bind(main, { principal: user }, await world.managed(main, 'Editor'));
      editor = await world.as(user);
      const maker = await world.user('policy maker', [main]);
      await world.bind(main, { principal: maker }, await world.managed(main, 'Viewer'));
      await world.grant(null, maker, ['POLICY:READ', 'POLICY:UPDATE']);
      admin = await world.as(maker);
    });
    afterAll(() => world.close());

    it('refuses what a source violates, with every way to save it', async () => {
      const source = flowSource('company.x', 'often', false, 'cron: "*/5 * * * *"');
      const { errors } = await editor.run<any>(save, { i: { tenantKey: 'main', source } });
      expect(errors[0]).toMatchObject({
        message: 'FLOW:CREATE is refused: trigger daily: the schedule is more frequent than every 60 minutes.',
        extensions: { code: 'FORBIDDEN', policy: 'flow-rules' },
      });
      const imported = await editor.ok<any>(call('importFlows', 'results { error { code } }'), {
        i: { tenantKey: 'main', files: [{ path: 'a.yaml', source: images.replace('company.y', 'company.x') }] },
      });
      expect(imported.importFlows.results).toEqual([{ error: { code: 'FORBIDDEN' } }]);
      await editor.ok(save, { i: { tenantKey: 'main', source: flowSource('company.x', 'fine') } });
      await editor.ok(save, { i: { tenantKey: 'main', source: images } });
      await editor.ok(save, { i: { tenantKey: 'main', source: flowSource('company.y', 'other') } });
    });

    it('lists what present flows violate, now and with proposed settings', async () => {
      expect(await found(editor)).toMatchObject({ checkedCount: 3, violations: [], pageInfo: { hasNextPage: false } });
      const policies = {
        'flow-rules': { shadow: true, rules: [{ images: ['docker.io/one'], labels: [{ key: 'tier' }] }] },
      };
      expect(await editor.codes(violations, { p: policies })).toEqual(['FORBIDDEN']);
      const proposed = await found(admin, { p: policies });
      expect(proposed.violations.map((one: any) => [one.flow.flowId, one.policy, one.reason, one.shadow])).toEqual([
        ['fine', 'flow-rules', 'the label tier is missing', true],
        [
          'built',
          'flow-rules',
          'the label tier is missing; task one: the image "docker.io/two" is not from an allowed registry',
          true,
        ],
        ['other', 'flow-rules', 'the label tier is missing', true],
      ]);
      const page = await found(admin, { p: policies, first: 1 });
      expect([page.checkedCount, page.pageInfo.hasNextPage]).toEqual([1, true]);
      const next = await found(admin, { p: policies, first: 5, after: page.pageInfo.endCursor });
      expect(next.violations.map((one: any) => one.flow.flowId)).toEqual(['built', 'other']);
      expect((await found(admin, { p: policies, under: 'company.x' })).checkedCount).toBe(1);
      expect(await admin.codes(violations, { p: { 'flow-rules': { rules: 1 } } })).toEqual(['BAD_INPUT']);
      expect(await admin.codes(violations, { first: 0 })).toEqual(['BAD_INPUT']);
      // Nothing is in force but the configuration.
      await editor.ok(save, { i: { tenantKey: 'main', source: flowSource('company.y', 'more') } });
    });
  });
});
