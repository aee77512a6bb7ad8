import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Permission } from '../../src/access/catalog.ts';
import type { Group, Tenant, User } from '../../src/db/generated/client.ts';
import { call } from '../support/call.ts';
import { Client } from '../support/client.ts';
import { idOf, password, World } from '../support/world.ts';

const create = call('createUser', 'user { id username homeTenant { key } }');
const all: readonly Permission[] = [
  'TENANT_USER:CREATE',
  'TENANT_USER:READ',
  'TENANT_USER:UPDATE',
  'TENANT_USER:DELETE',
];

describe('users who belong to a tenant', () => {
  let world: World;
  let a: Tenant;
  let b: Tenant;
  let admin: Client;
  let helper: Client;
  let group: Group;
  let next = 0;

  const make = async (rest: object = {}, client = admin): Promise<{ id: string; username: string }> => {
    const username = `own-${next++}`;
    const i = { username, email: `${username}@company.example`, homeTenantKey: 'a', ...rest };
    return (await client.ok<any>(create, { i })).createUser.user;
  };
  const stored = (username: string): Promise<User> => world.db.user.findFirstOrThrow({ where: { username } });
  const codes = (field: string, select: string, i: object, client = admin) => client.codes(call(field, select), { i });
  const update = (i: object, client = admin) => codes('updateUser', 'user { id }', i, client);

  beforeAll(async () => {
    world = await World.create();
    [a, b] = [await world.tenant('a'), await world.tenant('b')];
    const [one, two] = [await world.user('admin', [a]), await world.user('helper', [a])];
    await world.bind(a, { principal: one }, await world.managed(a, 'Admin'));
    await world.grant(a, two, [...all, 'TENANT_ACCESS:CREATE', 'TENANT_ACCESS:READ']);
    [admin, helper] = [world.basic('admin'), await world.as(two)];
    await world.db.user.update({
      where: { id: one.id },
      data: { passwordHash: (await world.user('with', [], { password })).passwordHash },
    });
    group = await world.group(a, 'Own');
  });
  afterAll(() => world.close());

  it('are created with access, the default role and groups, and can sign in', async () => {
    const user = await make({ password, groups: [idOf('Group', group)], firstName: 'Eve' });
    expect(user).toMatchObject({ homeTenant: { key: 'a' } });
    const mine = await world.basic(user.username).ok<any>('{ viewer { name } tenant(key: "a") { key } }');
    expect(mine).toEqual({ viewer: { name: user.username }, tenant: { key: 'a' } });
    expect(await world.db.groupMember.count({ where: { groupId: group.id } })).toBe(1);
    const refused = { username: 'x', email: 'x@company.example' };
    expect(await codes('createUser', 'user { id }', refused)).toEqual(['FORBIDDEN']);
    expect(await codes('createUser', 'user { id }', { ...refused, homeTenantKey: 'b' })).toEqual(['NOT_FOUND']);
    expect(
      await codes('createUser', 'user { id }', { ...refused, groups: [idOf('Group', group)] }, world.root()),
    ).toEqual(['BAD_INPUT']);
    expect(await codes('createUser', 'user { id }', { ...refused, homeTenantKey: 'a', superAdmin: true })).toEqual([
      'FORBIDDEN',
    ]);
    // The helper cannot add members, so nothing is created.
    const i = { ...refused, homeTenantKey: 'a', groups: [idOf('Group', group)] };
    expect(await codes('createUser', 'user { id }', i, helper)).toEqual(['FORBIDDEN']);
    expect(await world.db.user.count({ where: { username: 'x' } })).toBe(0);
  });

  it('are read, edited, disabled, unlocked and deleted by the administrators of their tenant only', async () => {
    const { id, username } = await make({ password });
    const elsewhere = await world.user('elsewhere', [b]);
    await world.bind(b, { principal: elsewhere }, await world.managed(b, 'Admin'));
    const foreign = await world.as(elsewhere);
    const read =
      'query($id: ID!) { node(id: $id) { ... on User { username disabled superAdmin authMethods hiddenFields { fields } } } }';
    expect((await admin.ok<any>(read, { id })).node).toEqual({
      username,
      disabled: false,
      superAdmin: false,
      authMethods: ['PASSWORD', 'API_TOKEN'],
      hiddenFields: null,
    });
    expect((await foreign.ok<any>(read, { id })).node).toBeNull();
    expect(
      (await admin.ok<any>('{ users(first: 100) { nodes { username } } }')).users.nodes.map((one: any) => one.username),
    ).toContain(username);
    expect(await update({ id, firstName: 'Eve', email: 'new@company.example' })).toEqual([]);
    expect(await update({ id, firstName: 'Eve' }, foreign)).toEqual(['NOT_FOUND']);
    expect(await codes('setUserDisabled', 'user { disabled }', { id, disabled: true })).toEqual([]);
    expect(await world.basic(username).codes('{ viewer { name } }')).toEqual(['UNAUTHENTICATED']);
    expect(await codes('setUserDisabled', 'user { disabled }', { id, disabled: false })).toEqual([]);
    expect(await codes('unlockUser', 'user { id }', { id })).toEqual([]);
    expect(await codes('setAuthMethods', 'user { id }', { id, methods: ['PASSWORD'] })).toEqual([]);
    expect(await codes('setUserPassword', 'user { id }', { id, password: `${password} again` })).toEqual([]);
    expect(await world.basic(username, `${password} again`).codes('{ viewer { name } }')).toEqual([]);
    expect(await codes('deleteUser', 'deletedId', { id }, foreign)).toEqual(['NOT_FOUND']);
    expect(await codes('deleteUser', 'deletedId', { id })).toEqual([]);
    // Other users of the tenant stay with the instance.
    const plain = idOf('User', await world.user('plain', [a]));
    expect(await update({ id: plain, firstName: 'x' })).toEqual(['NOT_FOUND']);
    expect((await admin.ok<any>(read, { id: plain })).node).toMatchObject({
      disabled: null,
      hiddenFields: { fields: ['superAdmin', 'disabled', 'locked', 'authMethods', 'authProviders'] },
    });
  });

  it('cannot be taken over by an administrator who holds less than they do', async () => {
    const { id } = await make();
    await world.bind(a, { principal: await stored(`own-${next - 1}`) }, await world.managed(a, 'Admin'));
    expect(await update({ id, firstName: 'x' }, helper)).toEqual([]);
    expect(await update({ id, email: 'mine@company.example' }, helper)).toEqual(['FORBIDDEN']);
    expect(await codes('createPasswordLink', 'link', { id }, helper)).toEqual(['FORBIDDEN']);
    const token = { owner: id, name: 'mine' };
    expect(await codes('createApiToken', 'fullToken', token, helper)).toEqual(['FORBIDDEN']);
    expect(await codes('setSuperAdmin', 'subject { id }', { subject: id, superAdmin: true })).toEqual(['FORBIDDEN']);
    const { createApiToken } = await admin.ok<any>(call('createApiToken', 'fullToken'), {
      i: token,
    });
    const [minted] = await world.db.apiToken.findMany({ where: { name: 'mine' } });
    expect(minted!.tenantId).toBe(a.id);
    const headers = { authorization: `Bearer ${createApiToken.fullToken}` };
    expect(await new Client(world.urls[0]!, headers).codes('{ viewer { name } }')).toEqual([]);
  });

  it('leave the tenant when they get rights elsewhere, and only the instance can put them back', async () => {
    const one = await make();
    const row = await stored(one.username);
    await world.access(b, row);
    expect((await stored(one.username)).homeTenantId).toBeNull();
    expect(await update({ id: one.id, firstName: 'x' })).toEqual(['NOT_FOUND']);
    const root = world.root();
    expect(await update({ id: one.id, homeTenantKey: 'a' }, root)).toEqual(['CONFLICT']);
    expect(await codes('revokeTenantAccess', 'subjectId', { tenantKey: 'b', subject: one.id }, root)).toEqual([]);
    expect(await update({ id: one.id, homeTenantKey: 'b' }, root)).toEqual(['CONFLICT']);
    expect(await update({ id: one.id, homeTenantKey: 'a' }, root)).toEqual([]);
    expect(await update({ id: one.id, firstName: 'x' })).toEqual([]);
    // An administrator of the tenant cannot give a user away.
    expect(await update({ id: one.id, homeTenantKey: null })).toEqual(['FORBIDDEN']);
    await root.ok(call('setSuperAdmin', 'subject { id }'), { i: { subject: one.id, superAdmin: true } });
    expect((await stored(one.username)).homeTenantId).toBeNull();
    const two = await make();
    const role = await world.role(null, 'Reader', ['WORKER:READ']);
    await world.bind(null, { principal: await stored(two.username) }, role);
    expect((await stored(two.username)).homeTenantId).toBeNull();
    const events = await world.db.auditEvent.findMany({
      where: { action: 'user.set-home' },
      orderBy: { ordinal: 'asc' },
    });
    expect(events.map(({ details }) => (details as any).homeTenant)).toEqual([null, 'a', null, null]);
  });

  it('belong to the instance once their tenant is deleted', async () => {
    const gone = await world.tenant('gone');
    const root = world.root();
    const { username } = await make({ homeTenantKey: 'gone' }, root);
    await root.ok(call('deleteTenant', 'key'), { i: { id: idOf('Tenant', gone) } });
    expect((await stored(username)).homeTenantId).toBeNull();
  });
});
