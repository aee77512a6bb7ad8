import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Permission } from '../../src/access/catalog.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import type { Client } from '../support/client.ts';
import { idOf, World } from '../support/world.ts';

const explain = `query($i: ExplainAccessInput!) { explainAccess(input: $i) { answer policy reason reach dependsOn
  origins { grant binding { id } role { name } group { name } } missing { namespaceName } subject { id }
  steps { policy effect reason filter cause shadow } reviews { policy } } }`;
const who = `query($r: ResourceName!, $a: Action!, $n: String) { tenant(key: "a") { whoCan(permission: { resource: $r, actions: [$a] }, namespaceName: $n, first: 100) {
  totalCount hiddenCount nodes { id } edges { reach origins { binding { id } role { name } group { name } } } } } }`;
const effective = `query($s: ID!) { tenant(key: "a") { effectivePermissions(subject: $s) { resource action reach origins { role { name } } } } }`;
const missing = { id: '0198c0de-0000-7000-8000-000000000000' };
const three: Permission[] = ['TENANT_ACCESS:READ', 'ROLE:READ', 'BINDING:READ'];

describe('the visibility of answers about access', () => {
  let world: World;
  let a: Tenant;
  let b: Tenant;
  let person: User;
  let stranger: User;
  let auditor: Client;
  let next = 0;

  beforeAll(async () => {
    world = await World.create({
      config: {
        policies: {
          'frozen-namespaces': { enabled: true, shadow: false, frozen: ['company.vault'] },
          'change-window': {
            enabled: true,
            shadow: true,
            rules: [
              {
                namespaces: ['company.night'],
                timeZone: 'UTC',
                windows: [{ days: ['MON'], from: '00:00', to: '00:01' }],
              },
            ],
          },
          network: { enabled: true, shadow: false, rules: [{ serviceAccount: 'ci', allow: ['10.0.0.0/8'] }] },
        },
      },
    });
    a = await world.tenant('a');
    b = await world.tenant('b');
    person = await world.user('person', [a]);
    stranger = await world.user('stranger', [b]);
    await world.grant(a, person, ['NAMESPACE:UPDATE', 'NAMESPACE:READ'], 'company');
    auditor = await holder(three);
  });
  afterAll(() => world.close());

  async function holder(permissions: readonly Permission[], namespace = ''): Promise<Client> {
    const user = await world.user(`holder-${next++}`, [a]);
    await world.grant(a, user, permissions, namespace);
    return world.as(user);
  }
  const errorsOf = async (client: Client, document: string, variables: object) =>
    (await client.run(document, variables as never)).errors.map(({ message, extensions }) => ({
      code: extensions.code,
      message,
    }));
  const about = (more: object) => ({
    i: { permission: { resource: 'NAMESPACE', actions: ['UPDATE'] }, tenantKey: 'a', ...more },
  });

  it('returns the same errors for a subject, object or tenant of another tenant as for one that does not exist', async () => {
    const account = await world.account(b, 'theirs');
    const namespace = await world.namespace(b, 'x');
    const group = await world.group(b, 'Theirs');
    const pairs: [string, object, object][] = [
      [explain, about({ subject: idOf('User', stranger) }), about({ subject: idOf('User', missing) })],
      [
        explain,
        about({ subject: idOf('ServiceAccount', account) }),
        about({ subject: idOf('ServiceAccount', missing) }),
      ],
      [
        explain,
        about({ subject: idOf('ServiceAccount', person) }),
        about({ subject: idOf('ServiceAccount', missing) }),
      ],
      [explain, about({ object: idOf('Namespace', namespace) }), about({ object: idOf('Namespace', missing) })],
      [explain, about({ tenantKey: 'b' }), about({ tenantKey: 'nowhere' })],
      [
        explain,
        about({ tenantKey: 'b', subject: idOf('User', stranger) }),
        about({ tenantKey: 'nowhere', subject: idOf('User', stranger) }),
      ],
      [
        explain,
        { i: { permission: { resource: 'GROUP', actions: ['READ'] }, tenantKey: 'a', object: idOf('Group', group) } },
        { i: { permission: { resource: 'GROUP', actions: ['READ'] }, tenantKey: 'a', object: idOf('Group', missing) } },
      ],
      [effective, { s: idOf('User', stranger) }, { s: idOf('User', missing) }],
    ];
    for (const [document, theirs, unknown] of pairs) {
      const answer = await errorsOf(auditor, document, unknown);
      expect(
        answer.map(({ code }) => code),
        JSON.stringify(unknown),
      ).toEqual(['NOT_FOUND']);
      expect(await errorsOf(auditor, document, theirs)).toEqual(answer);
      const count = (variables: object) => world.statements(() => auditor.run(document, variables as never));
      expect(await count(theirs), JSON.stringify(theirs)).toBe(await count(unknown));
    }
    // Control: a subject that the caller can read gets an answer.
    expect((await auditor.ok<any>(explain, about({ subject: idOf('User', person) }))).explainAccess.answer).toBe(
      'ALLOWED',
    );
  });

  it('refuses questions about others to a caller who lacks one of the three permissions or holds it in a namespace only', async () => {
    const lacking = [
      ...three.map((left) => holder(three.filter((one) => one !== left))),
      (async () => {
        const user = await world.user(`holder-${next++}`, [a]);
        await world.grant(a, user, three.slice(0, 2));
        await world.grant(a, user, ['BINDING:READ'], 'company');
        return world.as(user);
      })(),
      holder([]),
    ];
    for (const client of await Promise.all(lacking)) {
      for (const [document, variables] of [
        [explain, about({ subject: idOf('User', person) })],
        [effective, { s: idOf('User', person) }],
        [who, { r: 'NAMESPACE', a: 'UPDATE', n: 'company' }],
      ] as const) {
        const ofPerson = await errorsOf(client, document, variables);
        expect(ofPerson.map(({ code }) => code)).toEqual(['FORBIDDEN']);
        if (document !== who)
          expect(
            await errorsOf(
              client,
              document,
              JSON.parse(JSON.stringify(variables).replace(idOf('User', person), idOf('User', missing))),
            ),
          ).toEqual(ofPerson);
      }
    }
  });

  it('lets users ask about themselves, without roles and bindings that they cannot read', async () => {
    const client = await world.as(person);
    const { explainAccess } = await client.ok<any>(explain, about({ namespaceName: 'company.x' }));
    expect(explainAccess).toMatchObject({
      answer: 'ALLOWED',
      origins: [{ grant: 'roles', binding: null, role: null, group: null }],
      subject: { id: idOf('User', person) },
    });
    const { tenant } = await client.ok<any>(effective, { s: idOf('User', person) });
    expect(tenant.effectivePermissions.map(({ resource, action }: any) => `${resource}:${action}`)).toEqual([
      'TENANT:READ',
      'TENANT_ACCESS:READ',
      'NAMESPACE:READ',
      'NAMESPACE:UPDATE',
    ]);
    expect(
      (await auditor.ok<any>(explain, about({ subject: idOf('User', person) }))).explainAccess.origins[0],
    ).toMatchObject({
      binding: { id: expect.any(String) },
      role: { name: expect.any(String) },
    });
  });

  it('shows settings of policies only to holders of POLICY:READ', async () => {
    const asked = about({ subject: idOf('User', person) });
    const { explainAccess: hidden } = await auditor.ok<any>(explain, asked);
    expect(hidden.reach).toBe('in company and below, except objects refused by policy frozen-namespaces');
    expect(JSON.stringify(hidden)).not.toMatch(/vault|night|change-window/);
    expect(hidden.steps.find(({ policy }: any) => policy === 'frozen-namespaces')).toMatchObject({
      effect: 'DENY',
      filter: null,
    });
    const { explainAccess: open } = await world.root().ok<any>(explain, asked);
    expect(open.reach).toBe('in company and below, except in company.vault and below');
    expect(open.steps.find(({ policy }: any) => policy === 'change-window')).toMatchObject({ shadow: true });
    const { tenant } = await auditor.ok<any>(who, { r: 'NAMESPACE', a: 'UPDATE' });
    expect(JSON.stringify(tenant)).not.toContain('vault');
    const refused = await auditor.ok<any>(
      explain,
      about({ subject: idOf('User', person), namespaceName: 'company.vault.x' }),
    );
    expect(refused.explainAccess).toMatchObject({
      answer: 'REFUSED',
      policy: 'frozen-namespaces',
      reason: 'the namespace is frozen',
      reach: null,
      missing: null,
    });
    expect(
      (await auditor.ok<any>(who, { r: 'NAMESPACE', a: 'UPDATE', n: 'company.vault' })).tenant.whoCan.totalCount,
    ).toBe(0);
  });

  it('lists in whoCan only principals that the viewer can read, and counts the others', async () => {
    const robot = await world.account(a, 'ci');
    await world.grant(a, robot, ['GROUP:READ']);
    const seen = async (client: Client) => (await client.ok<any>(who, { r: 'GROUP', a: 'READ' })).tenant.whoCan;
    const [few, more, all] = [
      await seen(auditor),
      await seen(await holder([...three, 'SERVICE_ACCOUNT:READ'])),
      await seen(world.root()),
    ];
    // The super admin without access to the tenant, and the service account.
    expect([few.totalCount, few.hiddenCount, few.nodes]).toEqual([0, 2, []]);
    expect([more.nodes, more.hiddenCount]).toEqual([[{ id: idOf('ServiceAccount', robot) }], 1]);
    expect([all.totalCount, all.hiddenCount]).toEqual([2, 0]);
  });

  it('answers DEPENDS rather than REFUSED if the answer depends on an omitted address', async () => {
    const robot = await world.account(a, 'other');
    const ci = await world.db.serviceAccount.findFirstOrThrow({ where: { name: 'ci' } });
    await world.grant(a, robot, ['GROUP:READ']);
    const ask = async (row: { id: string }, more: object = {}) =>
      (
        await world.root().ok<any>(explain, {
          i: {
            permission: { resource: 'GROUP', actions: ['READ'] },
            tenantKey: 'a',
            subject: idOf('ServiceAccount', row),
            ...more,
          },
        })
      ).explainAccess;
    expect(await ask(robot)).toMatchObject({ answer: 'ALLOWED', dependsOn: [] });
    const open = await ask(ci);
    expect(open).toMatchObject({ answer: 'DEPENDS', dependsOn: ['ADDRESS'] });
    expect(open.steps.find(({ policy }: any) => policy === 'network')).toMatchObject({
      effect: 'DEPENDS',
      reason: null,
    });
    expect(await ask(ci, { ip: '10.1.2.3' })).toMatchObject({ answer: 'ALLOWED' });
    expect(await ask(ci, { ip: '192.0.2.1' })).toMatchObject({ answer: 'REFUSED', policy: 'network' });
  });

  it('lists the policies that can still refuse a change, and rejects invalid questions as bad input', async () => {
    const { explainAccess } = await auditor.ok<any>(explain, about({ namespaceName: 'company' }));
    expect(explainAccess.reviews.map(({ policy }: any) => policy)).toEqual([
      'naming',
      'network',
      'quotas',
      'require-reason',
      'token-hygiene',
    ]);
    const bad = (more: object) => auditor.codes(explain, about(more));
    for (const more of [
      { namespaceName: 'No Namespace' },
      { permission: { resource: 'GROUP', actions: ['READ'] }, namespaceName: 'company' },
      { permission: { resource: 'GROUP', actions: [] } },
      { permission: { resource: 'POLICY', actions: ['CREATE'] }, tenantKey: null },
      { permission: { resource: 'USER', actions: ['READ'] } },
      { namespaceName: 'company', tenantKey: null },
      { ip: 'localhost' },
      { object: idOf('Group', missing) },
      { membersOnly: true },
      { subject: idOf('Group', missing) },
    ])
      expect(await bad(more), JSON.stringify(more)).toEqual(['BAD_INPUT']);
    expect(await auditor.codes(who, { r: 'USER', a: 'READ' })).toEqual(['BAD_INPUT']);
  });

  it('answers an impersonator with what both accounts can do', async () => {
    const agent = await world.user('agent', [a]);
    await world.grant(a, agent, ['IMPERSONATE:READ']);
    const token = { i: { permission: { resource: 'API_TOKEN', actions: ['CREATE'] } } };
    const own = await (await world.as(person)).ok<any>(explain, token);
    expect(own.explainAccess).toMatchObject({ answer: 'ALLOWED', origins: [{ grant: 'self' }] });
    const acting = (await world.as(agent)).as({ 'x-gatehouse-impersonate': 'person' });
    expect((await acting.ok<any>(explain, token)).explainAccess).toMatchObject({ answer: 'REFUSED' });
    const users = {
      i: { permission: { resource: 'NAMESPACE', actions: ['UPDATE'] }, tenantKey: 'a', namespaceName: 'company' },
    };
    expect((await acting.ok<any>(explain, users)).explainAccess).toMatchObject({ answer: 'ALLOWED' });
  });

  it('lets the owner of a group change its members only', async () => {
    const group = await world.group(a, 'Owned');
    await world.member(a, group, person, 'OWNER');
    const ask = async (more: object) =>
      (
        await world.root().ok<any>(explain, {
          i: {
            permission: { resource: 'GROUP', actions: ['UPDATE'] },
            tenantKey: 'a',
            subject: idOf('User', person),
            object: idOf('Group', group),
            ...more,
          },
        })
      ).explainAccess;
    expect(await ask({ membersOnly: true })).toMatchObject({ answer: 'ALLOWED', origins: [{ grant: 'group-owner' }] });
    expect(await ask({})).toMatchObject({ answer: 'REFUSED', policy: 'roles' });
    const { whoCan } = (await world.root().ok<any>(who, { r: 'GROUP', a: 'READ' })).tenant;
    expect(whoCan.nodes).toContainEqual({ id: idOf('User', person) });
  });
});
