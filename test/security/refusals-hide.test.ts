import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Group, Role, Tenant, User } from '../../src/db/generated/client.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { idOf, password, World } from '../support/world.ts';

describe('a refusal to grant permissions', () => {
  let world: World;
  let a: Tenant;
  let b: Tenant;
  let strong: User;
  let group: Group;
  let role: Role;
  beforeAll(async () => {
    world = await World.create();
    a = await world.tenant('a');
    b = await world.tenant('b');
    strong = await world.user('strong', [a, b]);
    role = await world.role(a, 'Strong', ['SECRET:READ', 'SECRET:UPDATE']);
    await world.bind(a, { principal: strong }, role);
    await world.grant(b, strong, ['FLOW:DELETE', 'EXECUTION:DELETE']);
    group = await world.group(a, 'Strong ones');
    await world.bind(a, { group }, role);
  });
  afterAll(() => world.close());

  /** Returns the only error of a request: its message and its lists. */
  async function refusal(client: Client, mutation: string, i: object) {
    const { data, errors } = await client.run<any>(mutation, { i });
    const item = Object.values(data ?? {}).flatMap((one: any) => one?.results ?? [])[0]?.error;
    const { message, extensions } = item ? { message: item.message, extensions: item.details } : errors[0]!;
    const { missingPermissions, hiddenPermissions } = extensions as Record<string, unknown>;
    return { message, missingPermissions, hiddenPermissions };
  }
  const hidden = (count: number) => ({
    message: `You cannot grant permissions that you do not hold: ${count} permissions that you cannot see.`,
    missingPermissions: [],
    hiddenPermissions: count,
  });

  it('names only permissions that the caller can read when setting a password or creating a token for another account', async () => {
    const desk = await world.user('help-desk', [a], { password });
    await world.grant(null, desk, ['USER:READ', 'USER:UPDATE']);
    const robot = await world.account(a, 'robot');
    await world.bind(a, { principal: robot }, role);
    await world.grant(a, desk, ['SERVICE_ACCOUNT:READ', 'API_TOKEN:READ', 'API_TOKEN:CREATE']);
    const client = world.basic('help-desk');
    const setPassword = { id: idOf('User', strong), password: 'quite another passphrase' };
    const token = { owner: idOf('ServiceAccount', robot), name: 'mine' };
    expect(await refusal(client, call('setUserPassword', 'user { id }'), setPassword)).toEqual(hidden(4));
    expect(await refusal(client, call('createApiToken', 'fullToken'), token)).toEqual(hidden(2));
    // With READ on the roles and bindings of one of the two tenants, the permissions in that tenant are named.
    await world.grant(a, desk, ['ROLE:READ', 'BINDING:READ']);
    expect(await refusal(client, call('setUserPassword', 'user { id }'), setPassword)).toEqual({
      message:
        'You cannot grant permissions that you do not hold: SECRET:READ, SECRET:UPDATE, and 2 permissions that you cannot see.',
      missingPermissions: ['SECRET:READ', 'SECRET:UPDATE'],
      hiddenPermissions: 2,
    });
  });

  it('names only permissions that the caller can read when adding a member, binding a role or granting access', async () => {
    const keeper = await world.user('keeper', [a]);
    await world.grant(a, keeper, [
      'GROUP:READ',
      'GROUP:UPDATE',
      'BINDING:CREATE',
      'TENANT_ACCESS:CREATE',
      'ROLE:UPDATE',
    ]);
    const client = await world.as(keeper);
    const newcomer = await world.user('newcomer');
    const join = { group: idOf('Group', group), subject: idOf('User', keeper) };
    expect(await refusal(client, call('addGroupMember', 'group { id }'), join)).toEqual(hidden(2));
    const bindings = [{ subject: idOf('User', keeper), role: idOf('Role', role) }];
    const bind = call('createBindings', 'results { error { message details } }');
    expect(await refusal(client, bind, { tenantKey: 'a', bindings })).toEqual(hidden(2));
    await world.root().ok(call('updateRole', 'role { id }'), { i: { id: idOf('Role', role), isDefault: true } });
    const give = { tenantKey: 'a', username: newcomer.username };
    expect(await refusal(client, call('grantTenantAccess', 'user { id }'), give)).toEqual(hidden(2));
    await world.grant(a, keeper, ['ROLE:READ', 'BINDING:READ']);
    for (const [mutation, i] of [
      [call('addGroupMember', 'group { id }'), join],
      [bind, { tenantKey: 'a', bindings }],
      [call('grantTenantAccess', 'user { id }'), give],
    ] as const)
      expect(await refusal(client, mutation, i)).toEqual({
        message: 'You cannot grant permissions that you do not hold: SECRET:READ, SECRET:UPDATE.',
        missingPermissions: ['SECRET:READ', 'SECRET:UPDATE'],
        hiddenPermissions: undefined,
      });
  });
});
