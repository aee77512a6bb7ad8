import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role, Tenant, User } from '../../src/db/generated/client.ts';
import { call } from '../support/call.ts';
import { idOf, World } from '../support/world.ts';

const document = `query($id: ID!, $days: Int) { node(id: $id) { ... on Role {
  leastPrivilege(days: $days) { since replayed changed unused { resource actions } narrower { resource actions } } } } }`;

describe('least privilege of a role', () => {
  let world: World;
  let main: Tenant;
  let role: Role;
  let user: User;
  beforeAll(async () => {
    world = await World.create({ config: { decisionLog: { sampleReads: 1, keepDays: 30 } } });
    main = await world.tenant('main');
    role = await world.role(main, 'Wide', [
      'GROUP:CREATE',
      'GROUP:READ',
      'GROUP:DELETE',
      'ROLE:READ',
      'NAMESPACE:READ',
      'FLOW:READ',
    ]);
    user = await world.user('worker', [main]);
    await world.bind(main, { principal: user }, role);
    const client = await world.as(user);
    await client.ok(call('createGroup', 'group { id }'), { i: { tenantKey: 'main', name: 'A' } });
    // A question about the viewer's permissions is not a use of them.
    await client.ok(
      '{ tenant(key: "main") { groups { nodes { name viewerPermissions } } namespaces { totalCount } } }',
    );
  });
  afterAll(() => world.close());

  const readLeastPrivilege = async (client = world.root(), days?: number) => {
    await world.app.services.decisions.flush({ all: true });
    await world.app.usage.flush();
    return client.run<any>(document, { id: idOf('Role', role), days });
  };

  it('lists unused permissions and shows that no recorded decision would differ without them', async () => {
    const { data, errors } = await readLeastPrivilege();
    expect(errors).toEqual([]);
    const { leastPrivilege } = data.node;
    expect(leastPrivilege).toMatchObject({
      narrower: [
        { resource: 'GROUP', actions: ['CREATE', 'READ'] },
        { resource: 'NAMESPACE', actions: ['READ'] },
      ],
      unused: [
        { resource: 'GROUP', actions: ['DELETE'] },
        { resource: 'ROLE', actions: ['READ'] },
        { resource: 'FLOW', actions: ['READ'] },
      ],
      changed: 0,
    });
    expect(leastPrivilege.replayed).toBeGreaterThan(2);
  });

  it('control: the replay detects the removal of a used permission', async () => {
    await world.db.permissionUse.deleteMany({ where: { roleId: role.id, permission: 'GROUP:CREATE' } });
    const { data } = await readLeastPrivilege();
    expect(data.node.leastPrivilege.changed).toBeGreaterThan(0);
    expect(data.node.leastPrivilege.unused[0].actions).toContain('CREATE');
  });

  it('counts a permission as used if it allowed a grant or showed masked values', async () => {
    const giver = await world.user('giver', [main]);
    const own = await world.role(main, 'Giver', ['ROLE:CREATE', 'ROLE:READ', 'GROUP:DELETE', 'TENANT_ACCESS:READ']);
    await world.bind(main, { principal: giver }, own);
    const seer = await world.role(null, 'Seer', ['USER:READ', 'TENANT:READ']);
    await world.bind(null, { principal: giver }, seer);
    await world.root().ok(call('setPolicyConfiguration', 'policies { name }'), {
      i: { policies: { 'mask-personal-data': { fields: ['email'] } } },
    });
    const client = await world.as(giver);
    await client.ok(call('createRole', 'role { id }'), {
      i: { tenantKey: 'main', name: 'Less', permissions: [{ resource: 'GROUP', actions: ['DELETE'] }] },
    });
    await client.ok('{ tenant(key: "main") { users { nodes { email } } } }');
    await world.app.usage.flush();
    const used = async (id: string) =>
      (await world.db.permissionUse.findMany({ where: { roleId: id } })).map(({ permission }) => permission);
    expect(await used(own.id)).toContain('GROUP:DELETE');
    expect(await used(seer.id)).toContain('USER:READ');
    expect(await used(seer.id)).not.toContain('TENANT:READ');
  });

  it('requires permission to read the audit log of the whole tenant', async () => {
    const reader = await world.user('reader', [main]);
    await world.grant(main, reader, ['ROLE:READ', 'TENANT:READ']);
    await world.grant(main, reader, ['AUDITLOG:READ'], 'company');
    const refused = await readLeastPrivilege(await world.as(reader));
    expect(refused.errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    await world.grant(main, reader, ['AUDITLOG:READ']);
    expect((await readLeastPrivilege(await world.as(reader))).errors).toEqual([]);
    expect((await readLeastPrivilege(world.root(), 0)).errors.map(({ extensions }) => extensions.code)).toEqual([
      'BAD_INPUT',
    ]);
  });
});
