import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { flowSource } from '../support/flows.ts';
import { idOf, World } from '../support/world.ts';

const give = call('grantTenantAccess', 'subject { __typename id } user { id }');
const bind = call(
  'createBindings',
  'results { error { code message } binding { id subject { id ... on ServiceAccount { name } } } }',
);

describe('an instance-wide service account', () => {
  let world: World;
  const tenants: Tenant[] = [];
  const admins: Client[] = [];
  let engine: string;

  beforeAll(async () => {
    world = await World.create();
    for (const key of ['one', 'two', 'three']) {
      const tenant = await world.tenant(key);
      const admin = await world.user(`admin-of-${key}`, [tenant]);
      await world.bind(tenant, { principal: admin }, await world.managed(tenant, 'Admin'));
      tenants.push(tenant);
      admins.push(await world.as(admin));
    }
    const { createServiceAccount } = await world
      .root()
      .ok<any>(call('createServiceAccount', 'serviceAccount { id }'), { i: { name: 'engine' } });
    engine = createServiceAccount.serviceAccount.id;
  });
  afterAll(() => world.close());

  it('serves several tenants, each granted by its own administrator, through the API alone', async () => {
    const root = world.root();
    const instance = await world.db.role.findFirstOrThrow({ where: { tenantId: null, name: 'Engine' } });
    await root.ok(bind, { i: { bindings: [{ subject: engine, role: idOf('Role', instance) }] } });
    for (const [i, admin] of admins.slice(0, 2).entries()) {
      const { key } = tenants[i]!;
      const { grantTenantAccess } = await admin.ok<any>(give, { i: { tenantKey: key, serviceAccountName: 'engine' } });
      expect(grantTenantAccess).toEqual({ subject: { __typename: 'ServiceAccount', id: engine }, user: null });
      const role = idOf('Role', await world.managed(tenants[i]!, 'Engine'));
      const bound = await admin.ok<any>(bind, { i: { tenantKey: key, bindings: [{ subject: engine, role }] } });
      expect(bound.createBindings.results).toMatchObject([
        { error: null, binding: { subject: { id: engine, name: 'engine' } } },
      ]);
      const group = await world.group(tenants[i]!, 'Engines');
      await admin.ok(call('addGroupMember', 'member { membership }'), {
        i: { group: idOf('Group', group), subject: engine },
      });
      await world.flow(tenants[i]!, flowSource('company', `of-${key}`));
    }
    await world.db.trigger.updateMany({ data: { nextExecutionAt: new Date('2026-11-01T06:00:00Z') } });
    const { createApiToken } = await root.ok<any>(call('createApiToken', 'fullToken'), {
      i: { name: 'engine', owner: engine },
    });
    const client = world.bearer(createApiToken.fullToken);
    await client.ok(call('registerService', 'worker { id }'), { i: { serviceId: 's', type: 'SCHEDULER' } });
    const { claimTriggers } = await client.ok<any>(call('claimTriggers', 'claims { trigger { flowId } }'), {
      i: { serviceId: 's' },
    });
    expect(claimTriggers.claims.map(({ trigger }: any) => trigger.flowId).sort()).toEqual(['of-one', 'of-two']);
  });

  it('is visible to viewers of access in its tenants, and in no other tenant', async () => {
    const list = (key: string) =>
      `{ tenant(key: "${key}") { instanceServiceAccounts { totalCount nodes { id name } } serviceAccounts { totalCount } } }`;
    const seen = (await admins[0]!.ok<any>(list('one'))).tenant;
    expect(seen).toEqual({
      instanceServiceAccounts: { totalCount: 1, nodes: [{ id: engine, name: 'engine' }] },
      serviceAccounts: { totalCount: 0 },
    });
    expect((await admins[2]!.ok<any>(list('three'))).tenant.instanceServiceAccounts.totalCount).toBe(0);
    const node = 'query($id: ID!) { node(id: $id) { ... on ServiceAccount { name } } }';
    expect((await admins[0]!.ok<any>(node, { id: engine })).node).toEqual({ name: 'engine' });
    expect((await admins[2]!.ok<any>(node, { id: engine })).node).toBeNull();
    // Its super admin flag is visible at the instance level only.
    const flag = 'query($id: ID!) { node(id: $id) { ... on ServiceAccount { superAdmin } } }';
    const { data, errors } = await admins[0]!.run<any>(flag, { id: engine });
    expect([data.node, errors.map(({ extensions }) => extensions.code)]).toEqual([{ superAdmin: null }, ['FORBIDDEN']]);
    expect((await world.root().ok<any>(flag, { id: engine })).node).toEqual({ superAdmin: false });
  });

  it('is named exactly, and by one name', async () => {
    const codes = (i: object) => admins[2]!.codes(give, { i: { tenantKey: 'three', ...i } });
    await world.account(tenants[0]!, 'of-one');
    expect(await codes({})).toEqual(['BAD_INPUT']);
    expect(await codes({ username: 'root', serviceAccountName: 'engine' })).toEqual(['BAD_INPUT']);
    expect(await codes({ serviceAccountName: 'Engine' })).toEqual(['BAD_INPUT']);
    expect(await codes({ serviceAccountName: 'of-one' })).toEqual(['NOT_FOUND']);
    expect(await codes({ serviceAccountName: 'unknown' })).toEqual(['NOT_FOUND']);
    expect(await admins[0]!.codes(give, { i: { tenantKey: 'one', serviceAccountName: 'engine' } })).toEqual([
      'CONFLICT',
    ]);
    // A binding in a tenant still requires access to it.
    const role = idOf('Role', await world.managed(tenants[2]!, 'Engine'));
    const { createBindings } = await admins[2]!.ok<any>(bind, {
      i: { tenantKey: 'three', bindings: [{ subject: engine, role }] },
    });
    expect(createBindings.results[0].error.code).toBe('NOT_FOUND');
  });

  it('loses its access with everything that depends on it, which an undo restores', async () => {
    const { tenant } = await admins[1]!.ok<any>(
      '{ tenant(key: "two") { instanceServiceAccounts { nodes { id } } auditEvents(first: 1) { nodes { id } } } }',
    );
    expect(tenant.instanceServiceAccounts.nodes).toEqual([{ id: engine }]);
    await admins[1]!.ok(call('revokeTenantAccess', 'subjectId'), { i: { tenantKey: 'two', subject: engine } });
    expect(
      await world.db.binding.count({ where: { tenantId: tenants[1]!.id, principal: { kind: 'SERVICE_ACCOUNT' } } }),
    ).toBe(0);
    const event = await world.db.auditEvent.findFirstOrThrow({
      where: { tenantId: tenants[1]!.id, action: 'tenant-access.delete' },
    });
    await admins[1]!.ok(call('undoChange', '__typename'), { i: { event: idOf('AuditEvent', event) } });
    expect(
      await world.db.tenantAccess.count({
        where: { tenantId: tenants[1]!.id, principal: { kind: 'SERVICE_ACCOUNT' } },
      }),
    ).toBe(1);
  });
});
