import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { newId } from '../../src/lib/ids.ts';
import type { Client } from '../support/client.ts';
import { World } from '../support/world.ts';

const bound = 12_000;

describe('a principal with very many bindings', () => {
  let world: World;
  let a: Tenant;
  let user: User;
  let client: Client;
  beforeAll(async () => {
    world = await World.create({ limits: { requestMs: 30_000 } });
    a = await world.tenant('a');
    user = await world.user('many', [a]);
    const role = await world.role(a, 'R', ['NAMESPACE:READ', 'NAMESPACE:CREATE', 'NAMESPACE:UPDATE']);
    const names = Array.from({ length: bound }, (_, i) => `n${i}`);
    await world.db.namespace.createMany({
      data: [...names, 'n1x', 'other'].map((namespace) => ({
        id: newId(),
        tenantId: a.id,
        namespace,
        parent: '',
        declared: true,
      })),
    });
    await world.write(async (tx) => {
      await tx.binding.createMany({
        data: names.map((namespace) => ({
          id: newId(),
          tenantId: a.id,
          principalId: user.id,
          roleId: role.id,
          namespace,
        })),
      });
      await tx.accessState.updateMany({ data: { revision: { increment: 1 } } });
    });
    client = await world.as(user);
  }, 60_000);
  afterAll(() => world.close());

  it(`lists and counts exactly what ${bound} bindings reach`, async () => {
    const { tenant } = await client.ok<any>(
      '{ tenant(key: "a") { namespaces(first: 3) { totalCount nodes { name viewerPermissions } } namespace(name: "other") { id } } }',
    );
    expect(tenant.namespaces.totalCount).toBe(bound);
    expect(tenant.namespaces.nodes[0]).toEqual({ name: 'n0', viewerPermissions: ['CREATE', 'READ', 'UPDATE'] });
    expect(tenant.namespace).toBeNull();
  });

  it('can create a namespace below each bound one only, and sees it immediately', async () => {
    const create = (name: string) =>
      client.codes(
        'mutation($name: String!) { createNamespace(input: { tenantKey: "a", name: $name }) { namespace { id } } }',
        { name },
      );
    expect(await create('n77.new')).toEqual([]);
    expect(await create('n1x.new')).toEqual(['FORBIDDEN']);
    const { tenant } = await client.ok<any>('{ tenant(key: "a") { namespace(name: "n77.new") { name } } }');
    expect(tenant.namespace).toEqual({ name: 'n77.new' });
  });
});
