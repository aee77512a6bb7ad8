import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { idOf, password, World } from '../support/world.ts';

const mint = call(
  'createApiToken',
  'fullToken apiToken { id ceiling { tenantKey namespaceName permissions { resource actions } } }',
);
const raise = call('setSuperAdmin', 'subject { id } tokens { id revokedAt }');
const createGroup = (client: Client, name: string) =>
  client.codes(call('createGroup', 'group { id }'), { i: { tenantKey: 'a', name } });

describe('the reach of a credential', () => {
  let world: World;
  let a: Tenant;
  let next = 0;
  const unique = (name: string) => `${name}-${next++}`;
  beforeAll(async () => {
    world = await World.create();
    a = await world.tenant('a');
  });
  afterAll(() => world.close());

  async function person(permissions: Parameters<World['grant']>[2], namespace = ''): Promise<[User, Client]> {
    const user = await world.user(unique('person'), [a], { password });
    await world.grant(a, user, permissions, namespace);
    return [user, world.basic(user.username)];
  }

  describe('that expires', () => {
    const expiring = async (owner: Client) =>
      world.bearer((await owner.ok<any>(mint, { i: { name: unique('t'), maxAge: 'PT1M' } })).createApiToken.fullToken);

    it('creates no super admin and no password, and removes a super admin', async () => {
      const client = await expiring(world.root());
      const user = await world.user(unique('user'));
      const account = await world.account(null, unique('account'));
      const refused = /A token that expires cannot/;
      const tries: [string, string, object][] = [
        ['setSuperAdmin', 'subject { id }', { subject: idOf('User', user), superAdmin: true }],
        ['setSuperAdmin', 'subject { id }', { subject: idOf('ServiceAccount', account), superAdmin: true }],
        ['createUser', 'user { id }', { username: unique('new'), email: 'n1@x.example', superAdmin: true }],
        ['createUser', 'user { id }', { username: unique('new'), email: 'n2@x.example', password }],
      ];
      for (const [field, select, i] of tries) {
        const { errors } = await client.run(call(field, select), { i });
        expect(errors, field).toMatchObject([{ message: refused, extensions: { code: 'FORBIDDEN' } }]);
      }
      expect(await world.db.user.count({ where: { superAdmin: true } })).toBe(1);
      await client.ok(call('createUser', 'user { id }'), { i: { username: unique('new'), email: 'n3@x.example' } });
      // A password, or a token that does not expire, can do both.
      const endless = await world.as((await world.db.user.findFirstOrThrow({ where: { username: 'root' } }))!);
      await endless.ok(raise, { i: { subject: idOf('User', user), superAdmin: true } });
      await client.ok(raise, { i: { subject: idOf('User', user), superAdmin: false } });
      expect(await world.db.user.count({ where: { superAdmin: true } })).toBe(1);
    });
  });

  describe('with a ceiling', () => {
    it('that another account created is what the creator holds: it does not grow with its owner', async () => {
      const [, maker] = await person(['API_TOKEN:CREATE', 'API_TOKEN:READ', 'SERVICE_ACCOUNT:READ', 'GROUP:CREATE']);
      const robot = await world.account(a, unique('robot'));
      const { createApiToken } = await maker.ok<any>(mint, {
        i: { name: 'ci', owner: idOf('ServiceAccount', robot) },
      });
      expect(createApiToken.apiToken.ceiling).toEqual([
        {
          tenantKey: 'a',
          namespaceName: null,
          permissions: [
            { resource: 'SERVICE_ACCOUNT', actions: ['READ'] },
            { resource: 'API_TOKEN', actions: ['CREATE', 'READ'] },
            { resource: 'GROUP', actions: ['CREATE'] },
          ],
        },
      ]);
      const token = world.bearer(createApiToken.fullToken);
      const group = await world.group(a, unique('group'));
      const remove = () => token.codes(call('deleteGroup', 'deletedId'), { i: { id: idOf('Group', group) } });
      expect(await createGroup(token, unique('g'))).toEqual(['FORBIDDEN']);
      await world.grant(a, robot, ['GROUP:CREATE', 'GROUP:READ', 'GROUP:DELETE']);
      expect(await createGroup(token, unique('g'))).toEqual([]);
      expect((await remove())[0]).toMatch(/FORBIDDEN|NOT_FOUND/);
      // Neither as the owner of a group, nor as a super admin.
      await world.member(a, group, robot, 'OWNER');
      const join = call('addGroupMember', 'group { id }');
      const other = await world.user(unique('other'), [a]);
      const add = (client: Client) =>
        client.codes(join, { i: { group: idOf('Group', group), subject: idOf('User', other) } });
      expect((await add(token))[0]).toMatch(/FORBIDDEN|NOT_FOUND/);
      await world.db.serviceAccount.update({ where: { id: robot.id }, data: { superAdmin: true } });
      await world.db.accessState.updateMany({ data: { revision: { increment: 1 } } });
      expect(await token.ok('{ viewer { superAdmin } }')).toEqual({ viewer: { superAdmin: false } });
      expect(await token.codes(call('createTenant', 'tenant { id }'), { i: { key: 'mine' } })).toEqual(['FORBIDDEN']);
      // Control: an account's own token without a ceiling grows with it.
      const own = await world.as(robot);
      expect(await own.ok('{ viewer { superAdmin } }')).toEqual({ viewer: { superAdmin: true } });
      expect(await remove()).not.toEqual([]);
      await world.db.serviceAccount.update({ where: { id: robot.id }, data: { superAdmin: false } });
      await world.db.accessState.updateMany({ data: { revision: { increment: 1 } } });
      expect(await add(own)).toEqual([]);
    });

    it('holds within a transaction, while impersonating, and for the tokens that it creates and rotates', async () => {
      const [user, client] = await person([
        'GROUP:CREATE',
        'GROUP:READ',
        'ROLE:CREATE',
        'BINDING:CREATE',
        'BINDING:READ',
      ]);
      const bare = [{ tenantKey: 'a', permissions: [{ resource: 'GROUP', actions: ['READ'] }] }];
      const { createApiToken: reader } = await client.ok<any>(mint, { i: { name: 'reader', ceiling: bare } });
      // The ceiling limits access to the owner's own objects as well.
      const revoke = call('revokeApiToken', 'apiToken { id }');
      const readers = world.bearer(reader.fullToken);
      expect(await readers.codes(mint, { i: { name: 'child' } })).toEqual(['FORBIDDEN']);
      expect(await readers.codes(revoke, { i: { id: reader.apiToken.id } })).toEqual(['FORBIDDEN']);
      const ceiling = [
        {
          tenantKey: 'a',
          permissions: [
            { resource: 'GROUP', actions: ['READ'] },
            { resource: 'API_TOKEN', actions: ['CREATE', 'READ', 'UPDATE'] },
          ],
        },
      ];
      const { createApiToken: narrow } = await client.ok<any>(mint, { i: { name: 'narrow', ceiling } });
      const token = world.bearer(narrow.fullToken);
      expect(await createGroup(token, unique('g'))).toEqual(['FORBIDDEN']);
      const { createApiToken: child } = await token.ok<any>(mint, { i: { name: 'child' } });
      expect(child.apiToken.ceiling).toEqual(narrow.apiToken.ceiling);
      const wider = [{ tenantKey: 'a', permissions: [{ resource: 'GROUP', actions: ['READ', 'CREATE'] }] }];
      const refused = await token.run(mint, { i: { name: 'wider', ceiling: wider } });
      expect(refused.errors).toMatchObject([
        { message: /ceiling exceeds your permissions/, extensions: { code: 'FORBIDDEN' } },
      ]);
      const { createApiToken: full } = await client.ok<any>(mint, { i: { name: 'full' } });
      expect(full.apiToken.ceiling).toBeNull();
      const rotate = call('rotateApiToken', 'fullToken apiToken { ceiling { tenantKey } }');
      const rotated = (await token.ok<any>(rotate, { i: { id: full.apiToken.id } })).rotateApiToken;
      expect(rotated.apiToken.ceiling).toEqual([{ tenantKey: 'a' }]);
      expect(await createGroup(world.bearer(rotated.fullToken), unique('g'))).toEqual(['FORBIDDEN']);
      // A super admin's token with a ceiling is limited by it, also while impersonating.
      const reads = [
        {
          tenantKey: 'a',
          permissions: [
            { resource: 'IMPERSONATE', actions: ['READ'] },
            { resource: 'GROUP', actions: ['READ'] },
          ],
        },
      ];
      const { createApiToken: acting } = await world.root().ok<any>(mint, { i: { name: 'acting', ceiling: reads } });
      const as = world.bearer(acting.fullToken).as({ 'x-gatehouse-impersonate': user.username });
      expect((await as.ok<any>('{ viewer { name superAdmin } }')).viewer).toEqual({
        name: user.username,
        superAdmin: false,
      });
      expect(await createGroup(as, unique('g'))).toEqual(['FORBIDDEN']);
      expect(await as.codes('{ tenant(key: "a") { groups { totalCount } } }')).toEqual([]);
    });

    it('intersects with what the owner holds in namespaces', async () => {
      const [, client] = await person(['FLOW:READ', 'FLOW:CREATE'], 'company');
      const part = (namespace: string | null, ...actions: string[]) => ({
        tenantKey: 'a',
        namespaceName: namespace,
        permissions: [{ resource: 'FLOW', actions }],
      });
      const ceiling = [part('company.data', 'READ', 'CREATE'), part('company.data-x', 'READ'), part('other', 'CREATE')];
      const { createApiToken } = await client.ok<any>(mint, { i: { name: 'n', ceiling } });
      const token = world.bearer(createApiToken.fullToken);
      const save = (namespace: string) =>
        token.codes(call('saveFlow', 'outcome'), {
          i: {
            tenantKey: 'a',
            source: `id: ${unique('f')}\nnamespace: ${namespace}\ntasks: [{ id: t, type: io.example.T }]\n`,
          },
        });
      for (const [namespace, codes] of [
        ['company.data', []],
        ['company.data.raw', []],
        ['company', ['FORBIDDEN']],
        ['company.data-x', ['FORBIDDEN']],
        ['company.database', ['FORBIDDEN']],
        ['other', ['FORBIDDEN']],
      ] as const)
        expect([namespace, await save(namespace)]).toEqual([namespace, codes]);
    });

    it('is refused with the path of a name that does not exist', async () => {
      const [, client] = await person(['GROUP:READ']);
      const path = async (ceiling: object[]) =>
        ((await client.run(mint, { i: { name: 'x', ceiling } })).errors[0]!.extensions['issues'] as any)?.[0].path;
      const permissions = [{ resource: 'GROUP', actions: ['READ'] }];
      expect(await path([{ namespaceName: 'company', permissions }])).toEqual(['input', 'ceiling', 0, 'tenantKey']);
      expect(await path([{ tenantKey: 'a', namespaceName: '', permissions }])).toEqual([
        'input',
        'ceiling',
        0,
        'namespaceName',
      ]);
      expect(await path([{ tenantKey: 'a', permissions: [{ resource: 'BINDING', actions: ['UPDATE'] }] }])).toEqual([
        'input',
        'ceiling',
        0,
        'permissions',
        0,
      ]);
      expect(await client.codes(mint, { i: { name: 'x', ceiling: [{ tenantKey: 'unknown', permissions }] } })).toEqual([
        'NOT_FOUND',
      ]);
    });
  });

  it('revokes the tokens that others created for a new super admin, unless they are kept explicitly', async () => {
    const user = await world.user(unique('rises'), [], { password });
    const owner = idOf('User', user);
    const make = async (client: Client) =>
      (await client.ok<any>(mint, { i: { name: unique('t'), owner } })).createApiToken;
    const [first, second] = [await make(world.root()), await make(world.root())];
    const own = await make(world.basic(user.username));
    const ofOwn = await make(world.bearer(own.fullToken));
    // Objects that the creator of a token creates with it belong to the creator, not to its owner.
    const child = await make(world.bearer(first.fullToken));
    const rotate = call('rotateApiToken', 'fullToken apiToken { id }');
    const rotated = (await world.bearer(child.fullToken).ok<any>(rotate, { i: { id: child.apiToken.id } }))
      .rotateApiToken;
    const given = { subject: owner, superAdmin: true, keepTokens: [second.apiToken.id] };
    const dry = (await world.root().ok<any>(raise, { i: { ...given, dryRun: true } })).setSuperAdmin.tokens;
    const { tokens } = (await world.root().ok<any>(raise, { i: given })).setSuperAdmin;
    for (const list of [dry, tokens])
      expect(list.map((one: any) => [one.id, one.revokedAt !== null])).toEqual([
        [first.apiToken.id, true],
        [second.apiToken.id, false],
        [own.apiToken.id, false],
        [ofOwn.apiToken.id, false],
        [child.apiToken.id, true],
        [rotated.apiToken.id, true],
      ]);
    expect(await world.bearer(first.fullToken).codes('{ viewer { name } }')).toEqual(['UNAUTHENTICATED']);
    expect((await world.bearer(second.fullToken).ok<any>('{ viewer { superAdmin } }')).viewer.superAdmin).toBe(true);
    const revoked = { action: 'api-token.revoke', resourceId: idOfGlobal(first.apiToken.id) };
    expect(await world.db.auditEvent.count({ where: revoked })).toBe(1);
    const unknown = { subject: owner, superAdmin: false };
    await world.root().ok(raise, { i: unknown });
    expect(await world.root().codes(raise, { i: { ...given, keepTokens: [first.apiToken.id] } })).toEqual([
      'NOT_FOUND',
    ]);
  });
});

const idOfGlobal = (id: string): string => Buffer.from(id, 'base64').toString().split(':')[1]!;
