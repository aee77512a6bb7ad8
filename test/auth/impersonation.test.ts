import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import type { Client } from '../support/client.ts';
import { idOf, World } from '../support/world.ts';
import { from } from './tools.ts';

const phrase = 'a phrase that only they know';
const viewer = '{ viewer { name superAdmin tenants { nodes { key } } } }';
const namespaces = 'query($t: String!) { tenant(key: $t) { namespaces { nodes { name } } } }';

describe('impersonation', () => {
  let world: World;
  let main: Tenant;
  let other: Tenant;
  let target: User;
  let support: User;
  let chief: User;
  let helper: Client;

  beforeAll(async () => {
    world = await World.create();
    [main, other] = [await world.tenant('main'), await world.tenant('other')];
    await world.namespace(main, 'company');
    await world.namespace(other, 'elsewhere');
    target = await world.user('target', [main, other], { password: phrase });
    await world.grant(main, target, ['NAMESPACE:READ', 'NAMESPACE:CREATE', 'IMPERSONATE:READ', 'AUDITLOG:READ']);
    await world.grant(other, target, ['NAMESPACE:READ']);
    support = await world.user('support', [main], { password: phrase });
    await world.grant(main, support, ['IMPERSONATE:READ']);
    chief = await world.user('chief', [main], { superAdmin: true, password: phrase });
    helper = await world.as(support);
  });
  afterAll(() => world.close());

  const as = (client: Client, name: string) => client.as({ 'x-gatehouse-impersonate': name });
  const names = async (client: Client, t: string) =>
    (await client.ok(namespaces, { t })).tenant?.namespaces?.nodes.map(({ name }: { name: string }) => name);

  it('lets a super admin act as any user, with exactly the permissions of that user', async () => {
    const client = as(world.root(), 'Target');
    const { viewer: seen } = await client.ok(viewer);
    expect(seen).toMatchObject({ name: 'target', superAdmin: false });
    expect(await names(client, 'main')).toEqual(['company']);
    expect(await names(client, 'other')).toEqual(['elsewhere']);
    expect(await client.codes('mutation { createTenant(input: { key: "x", name: "x" }) { tenant { key } } }')).toEqual([
      'FORBIDDEN',
    ]);
    expect((await as(world.root(), 'chief').ok(viewer)).viewer).toMatchObject({ name: 'chief', superAdmin: true });
  });

  it('is limited to the tenant where the caller holds IMPERSONATE', async () => {
    const client = as(helper, 'target');
    expect(await names(client, 'main')).toEqual(['company']);
    expect(await names(client, 'other')).toBeUndefined();
    expect((await client.ok(viewer)).viewer.tenants.nodes).toEqual([{ key: 'main' }]);
    // Without the header, the caller has none of these permissions.
    expect(await helper.codes(namespaces, { t: 'main' })).toEqual(['FORBIDDEN']);
  });

  it.each([
    ['a super admin', 'chief'],
    ['the first super admin', 'root'],
    ['an unknown user', 'no-such-user'],
    ['oneself', 'support'],
    ['two at once', 'target, chief'],
    ['nothing', ''],
  ])('refuses %s with the same error', async (_who, name) => {
    const { errors } = await as(helper, name).run(viewer);
    expect(errors.map(({ message, extensions }) => [message, extensions.code])).toEqual([
      ['IMPERSONATE:READ is refused for this user.', 'FORBIDDEN'],
    ]);
  });

  it('refuses a caller without IMPERSONATE in a tenant of the target, and an anonymous caller', async () => {
    const stranger = await world.user('stranger', [other]);
    await world.grant(other, stranger, ['IMPERSONATE:READ']);
    const outside = await world.user('outside', [main]);
    expect(await as(await world.as(stranger), 'outside').codes(viewer)).toEqual(['FORBIDDEN']);
    expect(await as(await world.as(outside), 'target').codes(viewer)).toEqual(['FORBIDDEN']);
    expect(await as(world.anonymous(), 'target').codes(viewer)).toEqual(['UNAUTHENTICATED']);
    const disabled = await world.user('gone', [main]);
    await world.db.user.update({ where: { id: disabled.id }, data: { disabled: true } });
    expect(await as(world.root(), 'gone').codes(viewer)).toEqual(['FORBIDDEN']);
  });

  it("is not transitive: the target's own IMPERSONATE does not apply", async () => {
    const third = await world.user('third', [main]);
    await world.grant(main, third, ['NAMESPACE:READ']);
    // The target holds IMPERSONATE, and can use it in a session of their own.
    expect((await as(await world.as(target), 'third').ok(viewer)).viewer.name).toBe('third');
    const twice = await fetch(`${world.urls[0]}/graphql`, {
      method: 'POST',
      headers: new Headers([
        ['content-type', 'application/json'],
        ['authorization', helper.headers['authorization']!],
        ['x-gatehouse-impersonate', 'target'],
        ['x-gatehouse-impersonate', 'third'],
      ]),
      body: JSON.stringify({ query: viewer }),
    });
    expect(((await twice.json()) as { errors: { extensions: { code: string } }[] }).errors[0]?.extensions.code).toBe(
      'FORBIDDEN',
    );
    const { viewer: seen } = await as(helper, 'target').ok(viewer);
    expect(seen.name).toBe('target');
  });

  it('cannot create anything that outlives it: no token, password, sign-in method or super admin', async () => {
    const id = idOf('User', target);
    const mutations = [
      'mutation { createApiToken(input: { name: "kept" }) { fullToken } }',
      `mutation { changeMyPassword(input: { currentPassword: "${phrase}", newPassword: "quite another phrase here" }) { user { id } } }`,
      `mutation { setUserPassword(input: { id: "${id}", password: "quite another phrase here" }) { user { id } } }`,
      `mutation { setSuperAdmin(input: { subject: "${id}", superAdmin: true }) { subject { __typename } } }`,
      `mutation { setAuthMethods(input: { id: "${id}", methods: [API_TOKEN] }) { user { id } } }`,
      `mutation { createUser(input: { username: "mole", email: "mole@x.example" }) { user { id } } }`,
    ];
    // This includes a super admin who impersonates another one.
    for (const actor of [
      as(world.root(), 'chief'),
      as(world.basic('chief', phrase), 'root'),
      as(helper, 'target'),
      as(world.root(), 'target'),
    ])
      for (const mutation of mutations) {
        const codes = await actor.codes(mutation);
        expect([mutation, codes]).toEqual([mutation, [expect.stringMatching(/^(FORBIDDEN|NOT_FOUND)$/)]]);
      }
    expect(await world.db.apiToken.count({ where: { name: 'kept' } })).toBe(0);
    expect(await world.db.user.count({ where: { username: 'mole' } })).toBe(0);
    await world.basic('target', phrase).ok(viewer);
    // The control: without impersonation, the same super admin can.
    expect(
      await world
        .basic('chief', phrase)
        .codes('mutation { createApiToken(input: { name: "own" }) { apiToken { id } } }'),
    ).toEqual([]);
  });

  it('records both names in every event, and each refusal', async () => {
    await as(helper, 'target')
      .as(from('10.1.2.3'))
      .ok('mutation { createNamespace(input: { tenantKey: "main", name: "company.by" }) { namespace { id } } }');
    const created = await world.db.auditEvent.findFirstOrThrow({
      where: { action: 'namespace.create', resourceKey: 'company.by' },
    });
    expect(created).toMatchObject({
      actorId: target.id,
      actorName: 'target',
      impersonatorId: support.id,
      impersonatorName: 'support',
      // This gateway trusts no proxy header.
      ip: expect.stringMatching(/127\.0\.0\.1|::1/),
    });
    const notes = await world.db.auditEvent.findMany({
      where: { type: 'IMPERSONATE', actorId: support.id, tenantId: '' },
      orderBy: { seq: 'asc' },
    });
    // Auditors of each tenant that the impersonation opens see it as well, and auditors of other tenants do not.
    const inTenants = await world.db.auditEvent.findMany({
      where: { type: 'IMPERSONATE', actorId: support.id, tenantId: { not: '' } },
    });
    expect(inTenants.map(({ tenantKey, resourceKey, outcome }) => [tenantKey, resourceKey, outcome])).toEqual([
      ['main', 'target', 'SUCCESS'],
    ]);
    const byRoot = await world.db.auditEvent.findMany({
      where: { type: 'IMPERSONATE', actorName: 'root', resourceKey: 'Target', outcome: 'SUCCESS' },
      orderBy: { tenantKey: 'asc' },
    });
    expect(byRoot.map(({ tenantKey }) => tenantKey)).toEqual(['', 'main', 'other']);
    expect(notes.filter(({ outcome }) => outcome === 'SUCCESS').map(({ resourceKey }) => resourceKey)).toEqual([
      'target',
    ]);
    const refused = notes.filter(({ outcome }) => outcome === 'DENIED').map(({ resourceKey }) => resourceKey);
    expect(refused).toEqual(expect.arrayContaining(['chief', 'root', 'no-such-user', 'support']));
    expect(chief.superAdmin).toBe(true);
  });

  it('ends with the permission, also in an open stream', async () => {
    const briefly = await world.user('briefly', [main]);
    const binding = await world.grant(main, briefly, ['IMPERSONATE:READ']);
    const client = as(await world.as(briefly), 'target');
    const ended = new AbortController();
    const stream = client.sse('subscription { auditEvents(tenantKey: "main") { cursor } }', {}, ended.signal);
    expect((await stream.next()).value?.data).toHaveProperty('auditEvents');
    const started = Date.now();
    await world.write(async (tx) => {
      await tx.binding.delete({ where: { id: binding.id } });
      await tx.$executeRaw`UPDATE "AccessState" SET revision = revision + 1`;
    });
    const rest = [];
    for await (const item of stream) rest.push(item);
    expect(Date.now() - started).toBeLessThan(2_000);
    expect(rest.at(-1)?.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    expect(await client.codes(viewer)).toEqual(['FORBIDDEN']);
  });
});
