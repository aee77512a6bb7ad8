import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alignManagedRoles } from '../../src/bootstrap/managed-roles.ts';
import { managedInstanceRole, managedRoles } from '../../src/resources/identity/role/managed.ts';
import type { Client } from '../support/client.ts';
import { World } from '../support/world.ts';

describe('managed roles of a store that an older version wrote', () => {
  let world: World;
  let admin: Client;
  const groups = '{ tenant(key: "main") { groups(first: 1) { nodes { id } } } }';
  const roles = () => world.db.role.findMany({ where: { isManaged: true }, orderBy: { id: 'asc' } });
  const byName = (name: string, tenantId: string | null) => world.db.role.findFirst({ where: { name, tenantId } });

  beforeAll(async () => {
    world = await World.create({ gateways: 2 });
    const main = await world.tenant('main');
    const alice = await world.user('alice', [main]);
    await world.bind(main, { principal: alice }, await world.managed(main, 'Admin'));
    admin = await world.as(alice);
    // The older version did not have GROUP:READ and Launcher, and one tenant has a role of that name.
    const { id } = await world.tenant('other');
    await world.db.role.deleteMany({ where: { name: 'Launcher' } });
    await world.db.$executeRaw`
      INSERT INTO "Role" (id, "tenantId", name, "nameKey", permissions, "isManaged")
      VALUES (gen_random_uuid()::text, ${id}, 'Launcher', 'launcher', '{FLOW:READ}', false)`;
    await world.db.$executeRaw`
      UPDATE "Role" SET permissions = array_remove(permissions, 'GROUP:READ') WHERE "isManaged"`;
    // A newer version that runs in parallel gave the Viewer a permission that this one does not know.
    await world.db.$executeRaw`
      UPDATE "Role" SET permissions = permissions || '{HOLOGRAM:READ}' WHERE name = 'Viewer' AND "isManaged"`;
    await world.db.$executeRaw`UPDATE "AccessState" SET revision = revision + 1`;
    await world.app.freshness.confirm();
  });
  afterAll(() => world.close());

  it('control: the Admin of an old tenant lacks the new permission', async () => {
    expect(await admin.codes(groups)).toEqual(['FORBIDDEN']);
  });

  it('are updated when a gateway starts, once, with events and one new revision', async () => {
    const before = await world.db.accessState.findFirstOrThrow();
    const counts = await Promise.all(world.apps.map(({ store }) => alignManagedRoles(store)));
    // The Admin of two tenants gained a permission; main gained a Launcher.
    expect(counts.toSorted()).toEqual([0, 3]);
    const after = await world.db.accessState.findFirstOrThrow();
    expect(after.revision >> 32n).toBe((before.revision >> 32n) + 1n);
    const events = await world.db.auditEvent.findMany({
      where: { actorKind: 'SYSTEM', action: { startsWith: 'role.' } },
    });
    const aligned = events.filter(({ reason }) => reason === 'the program defines the managed roles');
    expect(aligned.map(({ action }) => action).toSorted()).toEqual(['role.create', 'role.update', 'role.update']);
    for (const { name, tenantId, permissions } of await roles()) {
      const content = tenantId === null ? managedInstanceRole : managedRoles.find((one) => one.name === name)!;
      const own = name === 'Viewer' ? ['HOLOGRAM:READ'] : [];
      expect(new Set(permissions), name).toEqual(new Set([...content.permissions, ...own]));
    }
    expect(await alignManagedRoles(world.app.store)).toBe(0);
  });

  it('let the Admin of an old tenant use and grant what is new', async () => {
    await world.app.freshness.confirm();
    expect(await admin.codes(groups)).toEqual([]);
  });

  it("keep a tenant's role that has the name of a new one", async () => {
    const other = await world.db.tenant.findUniqueOrThrow({ where: { key: 'other' } });
    expect(await byName('Launcher', other.id)).toMatchObject({ isManaged: false, permissions: ['FLOW:READ'] });
  });

  it('and others with a permission of a later version keep their other permissions', async () => {
    const tenant = await world.tenant('later');
    const user = await world.user('later', [tenant]);
    await world.grant(tenant, user, ['FLOW:READ', 'ROLE:READ', 'BINDING:READ', 'TENANT_ACCESS:READ', 'AUDITLOG:READ']);
    const { roleId } = await world.db.binding.findFirstOrThrow({ where: { principalId: user.id } });
    const stored = await world.db.role.findUniqueOrThrow({ where: { id: roleId } });
    await world.db
      .$executeRaw`UPDATE "Role" SET permissions = permissions || '{FUTURE:READ,FLOW:FLY}' WHERE id = ${stored.id}`;
    const client = await world.as(user);
    const { tenant: seen } = await client.ok<any>(`{ tenant(key: "later") { flows { totalCount }
      whoCan(permission: { resource: FLOW, actions: [READ] }) { nodes { __typename } }
      roles(first: 100) { nodes { name permissions { resource actions } } } } }`);
    expect(seen.flows.totalCount).toBe(0);
    const own = seen.roles.nodes.find(({ name }: any) => name === stored.name);
    expect(own.permissions.find(({ resource }: any) => resource === 'FLOW').actions).toEqual(['READ']);
  });
});
