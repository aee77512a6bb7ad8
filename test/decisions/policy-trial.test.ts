import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../support/call.ts';
import { password, World } from '../support/world.ts';

const trial = `query($i: PolicyTrialInput!) { policyTrial(input: $i) { replayed changedCount hiddenCount
  changed { actorName resource action tenantKey count before { answer policy } after { answer policy } }
  tests { name passed expected got } } }`;

const frozen = { 'frozen-namespaces': { frozen: ['company.billing'] } };
const suite = `
now: 2026-06-01T12:00:00Z
tenants: [{ key: main, users: [ann], bindings: [{ user: ann, role: Admin }] }]
cases:
  - { name: billing is frozen, as: ann, permission: FLOW:UPDATE, tenant: main, namespace: company.billing, expect: REFUSE }
  - { name: data is not, as: ann, permission: FLOW:UPDATE, tenant: main, namespace: company.data, expect: REFUSE }
`;

describe('a trial of policies', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
    const [main, other] = [await world.tenant('main'), await world.tenant('other')];
    const ann = await world.user('ann', [main, other], { password });
    const keeper = await world.user('keeper', [main], { password });
    for (const tenant of [main, other]) await world.grant(tenant, ann, ['NAMESPACE:CREATE', 'NAMESPACE:READ']);
    await world.grant(null, keeper, ['POLICY:UPDATE']);
    await world.grant(main, keeper, ['AUDITLOG:READ']);
    const create = call('createNamespace', 'namespace { id }');
    for (const tenantKey of ['main', 'other'])
      await world.basic('ann').ok(create, { i: { tenantKey, name: 'company.billing' } });
    await world.app.services.decisions.flush({ all: true });
  });
  afterAll(() => world.close());
  const run = async (input: object, username = 'root') =>
    (await world.basic(username).ok<any>(trial, { i: input })).policyTrial;

  it('says which decisions would end differently, and changes nothing', async () => {
    const before = world.app.freshness.state.policySet;
    const found = await run({ policies: frozen });
    const one = { actorName: 'ann', resource: 'NAMESPACE', action: 'CREATE', count: 1 };
    const ends = {
      before: { answer: 'ALLOWED', policy: null },
      after: { answer: 'REFUSED', policy: 'frozen-namespaces' },
    };
    expect(found.changed).toHaveLength(2);
    expect(found.changed).toContainEqual({ ...one, ...ends, tenantKey: 'main' });
    expect(found).toMatchObject({ changedCount: 2, hiddenCount: 0, tests: null });
    expect(await run({ policies: {} })).toMatchObject({ changedCount: 0, changed: [] });
    expect(world.app.freshness.state.policySet).toBe(before);
  });

  it('counts, and does not show, decisions of tenants whose audit log the viewer cannot read', async () => {
    const found = await run({ policies: frozen }, 'keeper');
    expect(found).toMatchObject({ changedCount: 2, hiddenCount: 1 });
    expect(found.changed.map((one: any) => one.tenantKey)).toEqual(['main']);
  });

  it('runs tests with the proposed settings', async () => {
    const { tests } = await run({ policies: frozen, tests: suite });
    expect(tests).toMatchObject([
      { name: 'billing is frozen', passed: true, got: expect.stringMatching(/^REFUSE by frozen-namespaces/) },
      { name: 'data is not', passed: false, expected: 'REFUSE', got: 'ALLOW' },
    ]);
  });

  it('is refused without POLICY:UPDATE, and with faults of the settings, the tests or the days', async () => {
    const issues = async (input: object) =>
      (await world.root().run(trial, { i: input })).errors[0]!.extensions['issues'] as any[];
    expect(await world.basic('ann').codes(trial, { i: { policies: {} } })).toEqual(['FORBIDDEN']);
    expect((await issues({ policies: { missing: {} } }))[0].path).toEqual(['input', 'policies']);
    expect((await issues({ policies: {}, tests: 'cases: []' }))[0].path).toEqual(['input', 'tests']);
    expect((await issues({ policies: {}, days: 91 }))[0].path).toEqual(['input', 'days']);
  });

  it('lists every policy that the gateway has, with a schema of its settings', async () => {
    const { policyConfiguration } = await world
      .root()
      .ok<any>('{ policyConfiguration { acceptedAt available { name mode settingsSchema } } }');
    const naming = policyConfiguration.available.find((one: any) => one.name === 'naming');
    expect(policyConfiguration.available.length).toBeGreaterThan(10);
    expect(naming).toMatchObject({ mode: 'GUARD', settingsSchema: { properties: { rules: { type: 'array' } } } });
    expect(Date.parse(policyConfiguration.acceptedAt)).toBeLessThanOrEqual(Date.now());
  });

  it('in shadow mode counts what it would have refused', async () => {
    const shadow = { 'require-reason': { shadow: true, rules: [{ resource: 'GROUP' }] } };
    await world.root().ok(call('setPolicyConfiguration', 'policies { name }'), { i: { policies: shadow } });
    const create = call('createGroup', 'group { id }');
    await world.root().ok(create, { i: { tenantKey: 'main', name: 'Without' } });
    await world.root().ok(create, { i: { tenantKey: 'main', name: 'With', reason: 'it is needed' } });
    const { policies } = await world.root().ok<any>('{ policies { name shadowRefusals(days: 1) } }');
    const counts = Object.fromEntries(policies.map((one: any) => [one.name, one.shadowRefusals]));
    expect(counts['require-reason']).toBe(1);
    expect(Object.values(counts).filter((count) => count === null).length).toBeGreaterThan(3);
    const reader = await world.user('reader', [], { password });
    await world.grant(null, reader, ['POLICY:READ']);
    const hidden = (await world.basic('reader').ok<any>('{ policies { shadowRefusals } }')).policies;
    expect(hidden.every((one: any) => one.shadowRefusals === null)).toBe(true);
  });
});
