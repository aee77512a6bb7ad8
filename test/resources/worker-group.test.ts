import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { allows, noTenant, without } from '../../src/resources/orchestration/worker-group/allowed.ts';
import { workerGroupOf } from '../../src/resources/orchestration/worker-group/placement.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { idOf, World } from '../support/world.ts';

const fields = 'id key description open allowedTenantKeys';
const create = call('createWorkerGroup', `workerGroup { ${fields} }`);
const update = call('updateWorkerGroup', `workerGroup { ${fields} }`);
const remove = call('deleteWorkerGroup', 'deletedId');
const setTenant = call('updateTenant', 'tenant { workerGroupKey workerGroupFallback }');
const createNamespace = call('createNamespace', 'namespace { id }');
const updateNamespace = call('updateNamespace', 'namespace { workerGroupKey workerGroupFallback }');

describe('worker groups', () => {
  let world: World;
  let main: Tenant;
  let other: Tenant;
  let root: Client;
  let admin: Client;
  let next = 0;

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    other = await world.tenant('other');
    root = world.root();
    const owner = await world.user('owner', [main]);
    await world.bind(main, { principal: owner }, await world.managed(main, 'Admin'));
    admin = await world.as(owner);
  });
  afterAll(() => world.close());

  const group = async (allowedTenantKeys?: string[]) =>
    (await root.ok<any>(create, { i: { key: `group-${next++}`, allowedTenantKeys } })).createWorkerGroup.workerGroup;
  const placed = async (client: Client, input: object) =>
    (await client.ok<any>(setTenant, { i: { id: idOf('Tenant', main), ...input } })).updateTenant.tenant;
  const inherited = async (name: string) =>
    (
      await admin.ok<any>(
        'query($n: String!) { tenant(key: "main") { namespace(name: $n) { inheritedWorkerGroup { key fallback namespaceName } } } }',
        { n: name },
      )
    ).tenant.namespace.inheritedWorkerGroup;

  it('are created, updated and deleted with an event each, with tenants by key', async () => {
    const { id, key } = await group(['other', 'main', 'main']);
    const { updateWorkerGroup } = await root.ok<any>(update, {
      i: { id, description: 'big machines', allowedTenantKeys: ['main'] },
    });
    expect(updateWorkerGroup.workerGroup).toEqual({
      id,
      key,
      description: 'big machines',
      open: false,
      allowedTenantKeys: ['main'],
    });
    await root.ok(remove, { i: { id } });
    const events = await world.db.auditEvent.findMany({
      where: { resource: 'WORKER_GROUP', resourceKey: key },
      orderBy: { seq: 'asc' },
    });
    expect(events.map(({ action, tenantId }) => [action, tenantId])).toEqual([
      ['worker-group.create', ''],
      ['worker-group.update', ''],
      ['worker-group.delete', ''],
    ]);
    expect(JSON.stringify(events[0]!.patch)).toContain('"allowedTenants":["main","other"]');
  });

  it.each([
    [{ key: '' }, ['input', 'key']],
    [{ key: '-x' }, ['input', 'key']],
    [{ key: 'a b' }, ['input', 'key']],
    [{ key: 'x\n' }, ['input', 'key']],
    [{ key: 'x'.repeat(101) }, ['input', 'key']],
    [{ key: 'fine', allowedTenantKeys: ['main', 'No where'] }, ['input', 'allowedTenantKeys', 1]],
  ])('refuses %j with its path', async (input, path) => {
    const { errors } = await root.run(create, { i: input });
    expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_INPUT', issues: [{ path }] });
    expect(await world.db.workerGroup.count({ where: { key: 'fine' } })).toBe(0);
  });

  it('allow tenants that do not exist yet, named by callers who can create tenants', async () => {
    const user = await world.user('groups', []);
    await world.grant(null, user, ['WORKER_GROUP:CREATE', 'WORKER_GROUP:READ', 'WORKER_GROUP:UPDATE']);
    const other = await world.as(user);
    const mayNot = async (i: object, document = create) => {
      const { errors } = await other.run(document, { i });
      return errors[0]?.extensions['issues'];
    };
    // The same answer for a tenant that exists and that the caller cannot know of.
    for (const name of ['planned', 'main'])
      expect(await mayNot({ key: 'fine', allowedTenantKeys: [name] })).toEqual([
        { path: ['input', 'allowedTenantKeys', 0], message: 'The tenant does not exist.' },
      ]);
    const made = await group(['planned', 'main']);
    const read = `query($k: String) { workerGroups(where: { key: $k }) { nodes { open allowedTenantKeys expectedTenantKeys } } }`;
    const shown = async (client = root) => (await client.ok<any>(read, { k: made.key })).workerGroups.nodes[0];
    expect(await shown()).toEqual({
      open: false,
      allowedTenantKeys: ['main', 'planned'],
      expectedTenantKeys: ['planned'],
    });
    // A form sends back what it read.
    await other.ok(update, { i: { id: made.id, allowedTenantKeys: (await shown(other)).allowedTenantKeys } });
    expect((await shown()).expectedTenantKeys).toEqual(['planned']);
    const placed = call('createTenant', 'tenant { workerGroup { key } }');
    expect(
      (await root.ok<any>(placed, { i: { key: 'planned', workerGroupKey: made.key } })).createTenant.tenant,
    ).toEqual({
      workerGroup: { key: made.key },
    });
    expect(await shown()).toMatchObject({ allowedTenantKeys: ['planned'], expectedTenantKeys: [] });
    const event = await world.db.auditEvent.findFirstOrThrow({
      where: { resourceKey: made.key, action: 'worker-group.update' },
      orderBy: { ordinal: 'desc' },
    });
    expect(event.details).toMatchObject({ createdTenant: 'planned' });
    expect(
      await root.codes(call('createTenant', 'tenant { id }'), { i: { key: 'beside', workerGroupKey: made.key } }),
    ).toEqual(['BAD_INPUT']);
  });

  it('have unique keys', async () => {
    const { key } = await group();
    expect(await root.codes(create, { i: { key } })).toEqual(['CONFLICT']);
  });

  it('stay closed when their last tenant is deleted, until a user opens them', async () => {
    const doomed = await world.tenant('doomed');
    const only = await group(['doomed']);
    const both = await group(['doomed', 'main']);
    const open = await group();
    await root.ok(call('deleteTenant', 'key'), { i: { id: idOf('Tenant', doomed) } });
    const rows = new Map(
      (await root.ok<any>(`{ workerGroups(first: 100) { nodes { ${fields} } } }`)).workerGroups.nodes.map(
        (one: any) => [one.id, [one.open, one.allowedTenantKeys]],
      ),
    );
    expect([rows.get(only.id), rows.get(both.id), rows.get(open.id)]).toEqual([
      [false, []],
      [false, ['main']],
      [true, []],
    ]);
    expect(await admin.codes(setTenant, { i: { id: idOf('Tenant', main), workerGroupKey: only.key } })).toEqual([
      'BAD_INPUT',
    ]);
    const events = await world.db.auditEvent.findMany({
      where: { resource: 'WORKER_GROUP', resourceKey: { in: [only.key, both.key, open.key] }, type: 'UPDATE' },
    });
    expect(events.map(({ resourceKey, details }) => [resourceKey, (details as any).closed]).sort()).toEqual(
      [
        [only.key, true],
        [both.key, false],
      ].sort(),
    );
    // A form sends back what it read: this must not open the group.
    expect(await root.codes(update, { i: { id: only.id, description: 'kept', allowedTenantKeys: [] } })).toEqual([
      'CONFLICT',
    ]);
    await root.ok(update, { i: { id: only.id, description: 'kept' } });
    expect((await world.db.workerGroup.findFirstOrThrow({ where: { key: only.key } })).allowedTenants).toEqual([
      noTenant,
    ]);
    const { updateWorkerGroup } = await root.ok<any>(update, { i: { id: only.id, open: true } });
    expect(updateWorkerGroup.workerGroup).toMatchObject({ open: true, allowedTenantKeys: [] });
    // A new tenant with the old key is another tenant.
    await world.tenant('doomed');
    expect(rows.get(both.id)).toEqual([false, ['main']]);
  });

  it('never allow more tenants after one is deleted', () => {
    const tenants = ['a', 'b', 'c'];
    const lists = [['a'], ['a', 'b'], ['b', 'c'], [noTenant], ['a', 'b', 'c']];
    for (const allowedTenants of lists) {
      for (const gone of tenants) {
        const after = { allowedTenants: without({ allowedTenants }, gone) };
        for (const one of tenants) {
          const expected = one !== gone && allows({ allowedTenants }, one);
          expect([allowedTenants, gone, one, allows(after, one)]).toEqual([allowedTenants, gone, one, expected]);
        }
      }
    }
  });

  it('are set by callers who can update the tenant, among those that allow it; unknown and closed ones look alike', async () => {
    const mine = await group(['main']);
    const theirs = await group(['other']);
    expect(await placed(admin, { workerGroupKey: mine.key, workerGroupFallback: 'FAIL' })).toEqual({
      workerGroupKey: mine.key,
      workerGroupFallback: 'FAIL',
    });
    const refused = async (workerGroupKey: string) =>
      (await admin.run(setTenant, { i: { id: idOf('Tenant', main), workerGroupKey } })).errors.map(
        ({ message, extensions }) => [message, extensions.code, extensions['issues']],
      );
    expect(await refused(theirs.key)).toEqual(await refused('no-such-group'));
    expect((await refused(theirs.key))[0]?.[1]).toBe('BAD_INPUT');
    // Neither the group itself nor the others.
    const { data, errors } = await admin.run<any>('{ tenant(key: "main") { workerGroupKey workerGroup { id } } }');
    expect(data.tenant).toEqual({ workerGroupKey: mine.key, workerGroup: null });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    expect(await admin.codes('{ workerGroups { nodes { key } } }')).toEqual(['FORBIDDEN']);
    const [event] = await world.db.auditEvent.findMany({
      where: { tenantId: main.id, resource: 'TENANT', type: 'UPDATE' },
      orderBy: { seq: 'desc' },
    });
    expect(JSON.stringify(event!.patch)).toContain(mine.key);
    expect(await placed(admin, { workerGroupFallback: 'CANCEL' })).toMatchObject({ workerGroupFallback: 'CANCEL' });
    expect(await placed(admin, { name: 'Main' })).toEqual({ workerGroupKey: mine.key, workerGroupFallback: 'CANCEL' });
    expect(await placed(admin, { workerGroupKey: null })).toEqual({ workerGroupKey: null, workerGroupFallback: null });
    expect(await admin.codes(setTenant, { i: { id: idOf('Tenant', main), workerGroupFallback: 'FAIL' } })).toEqual([
      'BAD_INPUT',
    ]);
    expect(await placed(admin, { workerGroupKey: mine.key })).toMatchObject({ workerGroupFallback: 'WAIT' });
  });

  it('are inherited: the nearest namespace, then the tenant', async () => {
    const [forTenant, above, own] = [await group(), await group(), await group()];
    await placed(admin, { workerGroupKey: forTenant.key, workerGroupFallback: 'CANCEL' });
    const of = (name: string, input: object = {}) =>
      admin.ok<any>(createNamespace, { i: { tenantKey: 'main', name, ...input } });
    await of('tree.team.x');
    expect(await inherited('tree.team.x')).toEqual({ key: forTenant.key, fallback: 'CANCEL', namespaceName: null });
    await of('tree', { workerGroupKey: above.key });
    await of('treehouse');
    expect(await inherited('tree.team.x')).toEqual({ key: above.key, fallback: 'WAIT', namespaceName: 'tree' });
    expect(await inherited('treehouse')).toMatchObject({ key: forTenant.key });
    const { createNamespace: made } = await of('tree.team', { workerGroupKey: own.key, workerGroupFallback: 'FAIL' });
    expect(await inherited('tree.team.x')).toEqual({ key: own.key, fallback: 'FAIL', namespaceName: 'tree.team' });
    await admin.ok(updateNamespace, { i: { id: made.namespace.id, workerGroupKey: null } });
    expect(await inherited('tree.team.x')).toMatchObject({ namespaceName: 'tree' });
    await placed(admin, { workerGroupKey: null });
    expect(await inherited('treehouse')).toBeNull();
    const theirs = await group(['other']);
    expect(await admin.codes(updateNamespace, { i: { id: made.namespace.id, workerGroupKey: theirs.key } })).toEqual([
      'BAD_INPUT',
    ]);
  });

  it('return the one in effect whatever the order of the chain', () => {
    const at = (namespace: string, workerGroupId: string | null) => ({
      namespace,
      workerGroupId,
      workerGroupFallback: null,
    });
    const chain = [at('a.b', null), at('a', 'outer'), at('a.b.c', 'inner')];
    const tenant = { workerGroupId: 'tenant', workerGroupFallback: 'FAIL' };
    for (const order of [chain, chain.toReversed()]) {
      expect(workerGroupOf(order, tenant)).toEqual({ workerGroupId: 'inner', fallback: 'WAIT', namespace: 'a.b.c' });
    }
    expect(workerGroupOf([at('a', null)], tenant)).toEqual({
      workerGroupId: 'tenant',
      fallback: 'FAIL',
      namespace: null,
    });
    expect(workerGroupOf([], { workerGroupId: null, workerGroupFallback: null })).toBeUndefined();
  });

  it('cannot be deleted or narrowed while in use; hidden users are counted', async () => {
    const used = await group();
    await placed(admin, { workerGroupKey: used.key });
    const { createNamespace: made } = await admin.ok<any>(createNamespace, {
      i: { tenantKey: 'main', name: 'busy', workerGroupKey: used.key },
    });
    const now = new Date();
    await world.db.worker.create({
      data: {
        id: 'w',
        serviceId: 'busy-worker',
        principalId: 'p',
        type: 'WORKER',
        state: 'RUNNING',
        groupId: (await world.db.workerGroup.findFirstOrThrow({ where: { key: used.key } })).id,
        startedAt: now,
        lastHeartbeatAt: now,
        stateAt: now,
      },
    });
    const { errors } = await root.run(remove, { i: { id: used.id } });
    // A super admin can read the tenant and the worker, but none of the tenant's namespaces.
    expect(errors[0]?.extensions).toMatchObject({
      code: 'CONFLICT',
      users: ['tenant main', 'worker busy-worker'],
      more: 1,
    });
    expect(JSON.stringify(errors)).not.toContain('namespace busy');
    expect(await root.codes(update, { i: { id: used.id, allowedTenantKeys: ['other'] } })).toEqual(['CONFLICT']);
    expect(await root.codes(update, { i: { id: used.id, allowedTenantKeys: ['main'] } })).toEqual([]);
    await placed(admin, { workerGroupKey: null });
    await admin.ok(updateNamespace, { i: { id: made.namespace.id, workerGroupKey: null } });
    expect(await root.codes(remove, { i: { id: used.id } })).toEqual(['CONFLICT']);
    await world.db.worker.update({ where: { id: 'w' }, data: { state: 'INACTIVE' } });
    expect(await root.codes(remove, { i: { id: used.id } })).toEqual([]);
    expect((await world.db.worker.findFirstOrThrow({ where: { id: 'w' } })).groupId).toBeNull();
  });

  it('cannot be set while they are narrowed: one of the two is first', async () => {
    for (let i = 0; i < 10; i += 1) {
      const raced = await group();
      await Promise.all([
        admin.run(setTenant, { i: { id: idOf('Tenant', main), workerGroupKey: raced.key } }),
        root.run(update, { i: { id: raced.id, allowedTenantKeys: ['other'] } }),
      ]);
      const row = await world.db.workerGroup.findFirstOrThrow({ where: { key: raced.key } });
      const tenant = await world.db.tenant.findFirstOrThrow({ where: { id: main.id } });
      expect(tenant.workerGroupId !== row.id || allows(row, main.id)).toBe(true);
      expect(allows(row, other.id)).toBe(true);
    }
    await placed(admin, { workerGroupKey: null });
  });
});
