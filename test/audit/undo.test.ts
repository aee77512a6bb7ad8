import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Permission } from '../../src/access/catalog.ts';
import { undoableActions } from '../../src/audit/undo.ts';
import type { AuditEvent, Group, Role, Tenant, User } from '../../src/db/generated/client.ts';
import { canonicalJson } from '../../src/lib/json.ts';
import { coverOf } from '../../src/policy/principals/holdings.ts';
import { loadPrincipal } from '../../src/policy/principals/principal.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { idOf, World } from '../support/world.ts';

describe('undoChange', () => {
  let world: World;
  let main: Tenant;
  let alice: User;
  let bob: User;
  let people: Group;
  let role: Role;
  let root: Client;
  /** Belongs to the tenant: a super admin can read no namespaces. */
  let admin: Client;
  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    await world.db.workerGroup.create({ data: { id: 'gpu', key: 'gpu' } });
    root = world.root();
    alice = await world.user('alice', [main]);
    bob = await world.user('bob', [main]);
    people = await world.group(main, 'People');
    const owner = await world.user('owner', [main]);
    await world.bind(main, { principal: owner }, await world.managed(main, 'Admin'));
    admin = await world.as(owner);
    role = await world.role(main, 'Reader', ['FLOW:READ', 'NAMESPACE:READ']);
    await world.bind(main, { group: people }, role, 'company');
    await world.member(main, people, alice);
    await world.bind(main, { principal: bob }, await world.managed(main, 'Viewer'), 'company.data');
  });
  afterAll(() => world.close());

  /** Returns what every principal holds, whatever rows say so: decisions depend on nothing else. */
  async function held(): Promise<string> {
    const lines: string[] = [];
    for (const { id } of await world.db.principal.findMany()) {
      const principal = (await loadPrincipal(world.db, id))!;
      lines.push(`${id} ${principal.superAdmin}`);
      for (const tenantId of [null, ...principal.tenants.keys()])
        for (const [permission, roots] of coverOf(principal.holdings, tenantId))
          for (const subtree of roots) lines.push(`${id} ${tenantId} ${permission} ${subtree}`);
    }
    const rows = await world.db.user.findMany({
      select: { username: true, disabled: true, authMethods: true, firstName: true },
    });
    const named = await world.db.role.findMany({
      select: { name: true, permissions: true, description: true, isDefault: true },
    });
    const placed = { workerGroupId: true, workerGroupFallback: true } as const;
    const others = [
      await world.db.group.findMany({ select: { name: true, description: true } }),
      await world.db.tenant.findMany({
        select: { key: true, name: true, description: true, settings: true, ...placed },
      }),
      await world.db.namespace.findMany({ select: { namespace: true, description: true, variables: true, ...placed } }),
      await world.db.serviceAccount.findMany({ select: { name: true, description: true } }),
      await world.db.groupMember.findMany({ select: { principalId: true, membership: true } }),
      await world.db.tenantAccess.findMany({ select: { principalId: true, tenantId: true } }),
      await world.db.invitation.findMany({ select: { email: true } }),
    ];
    return [...lines, ...[...rows, ...named, ...others.flat()].map((row) => canonicalJson(row))].sort().join('\n');
  }
  const newest = (action: string): Promise<AuditEvent> =>
    world.db.auditEvent.findFirstOrThrow({ where: { action, outcome: 'SUCCESS' }, orderBy: { ordinal: 'desc' } });
  const undo = (client: Client, event: AuditEvent, more: object = {}) =>
    client.run<any>(call('undoChange', 'eventIds'), { i: { event: idOf('AuditEvent', event), ...more } });
  const codes = ({ errors }: { errors: readonly { extensions: { code: string } }[] }) =>
    errors.map(({ extensions }) => extensions.code);
  const does = (field: string, select: string, input: object) =>
    (['updateNamespace', 'updateTenantSettings'].includes(field) ? admin : root).ok(call(field, select), { i: input });
  const create = async (name: string, permissions = [{ resource: 'FLOW', actions: ['READ'] }]): Promise<Role> => {
    await does('createRole', 'role { id }', { tenantKey: 'main', name, permissions });
    return world.db.role.findFirstOrThrow({ where: { name } });
  };

  /** A change for each action of an event, by a caller with every permission. */
  const changes: Record<string, () => Promise<unknown>> = {
    'role.update': () =>
      does('updateRole', 'role { id }', {
        id: idOf('Role', role),
        description: 'what for',
        permissions: [{ resource: 'FLOW', actions: ['READ', 'UPDATE', 'CREATE'] }],
      }),
    'role.create': () => create('Made'),
    'role.delete': async () =>
      does('deleteRole', 'deletedId', {
        id: idOf('Role', await world.db.role.findFirstOrThrow({ where: { name: 'Kept' } })),
      }),
    'group.update': () =>
      does('updateGroup', 'group { id }', { id: idOf('Group', people), name: 'Folk', description: 'all' }),
    'group.create': () => does('createGroup', 'group { id }', { tenantKey: 'main', name: 'Made' }),
    'group.delete': async () =>
      does('deleteGroup', 'deletedId', {
        id: idOf('Group', await world.db.group.findFirstOrThrow({ where: { name: 'Kept' } })),
      }),
    'group.add-member': () =>
      does('addGroupMember', 'group { id }', {
        group: idOf('Group', people),
        subject: idOf('User', bob),
        membership: 'OWNER',
      }),
    'group.remove-member': () =>
      does('removeGroupMember', 'group { id }', { group: idOf('Group', people), subject: idOf('User', alice) }),
    'group.set-membership': () =>
      does('setGroupMembership', 'group { id }', {
        group: idOf('Group', people),
        subject: idOf('User', alice),
        membership: 'OWNER',
      }),
    'binding.create': () =>
      does('createBindings', 'results { error { code } }', {
        tenantKey: 'main',
        bindings: [{ subject: idOf('User', alice), role: idOf('Role', role), namespaceName: 'company.x' }],
      }),
    'binding.delete': async () =>
      does('deleteBindings', 'results { error { code } }', {
        tenantKey: 'main',
        ids: [idOf('Binding', await world.db.binding.findFirstOrThrow({ where: { principalId: bob.id } }))],
      }),
    'tenant-access.create': async () =>
      does('grantTenantAccess', 'user { id }', { tenantKey: 'main', username: 'carol' }),
    'tenant-access.delete': async () =>
      does('revokeTenantAccess', 'changes { action }', {
        tenantKey: 'main',
        subject: idOf('User', await world.db.user.findFirstOrThrow({ where: { username: 'dave' } })),
      }),
    'invitation.create': () => does('createInvitation', 'link', { tenantKey: 'main', email: 'guest@people.example' }),
    'service-account.create': () =>
      does('createServiceAccount', 'serviceAccount { id }', { tenantKey: 'main', name: 'made' }),
    'service-account.update': async () =>
      does('updateServiceAccount', 'serviceAccount { id }', {
        id: idOf('ServiceAccount', await world.db.serviceAccount.findFirstOrThrow({ where: { name: 'robot' } })),
        description: 'new',
      }),
    'tenant.configure': () =>
      does('updateTenantSettings', 'tenant { id }', {
        tenantKey: 'main',
        executionDays: 7,
        requireExistingNamespace: true,
      }),
    'tenant.update': () =>
      does('updateTenant', 'tenant { id }', {
        id: idOf('Tenant', main),
        name: 'The main one',
        description: 'x',
        workerGroupKey: 'gpu',
      }),
    'namespace.update': async () =>
      does('updateNamespace', 'namespace { id }', {
        id: idOf('Namespace', await world.db.namespace.findFirstOrThrow({ where: { namespace: 'company.n' } })),
        description: 'new',
        variables: { a: 1 },
        workerGroupKey: 'gpu',
      }),
    'user.update': () => does('updateUser', 'user { id }', { id: idOf('User', alice), firstName: 'Alicia' }),
    'user.disable': () => does('setUserDisabled', 'user { id }', { id: idOf('User', alice), disabled: true }),
    'user.enable': async () => {
      await does('setUserDisabled', 'user { id }', { id: idOf('User', bob), disabled: true });
    },
    'user.set-super-admin': () =>
      does('setSuperAdmin', 'changes { action }', { subject: idOf('User', alice), superAdmin: true }),
    'user.set-auth-methods': () =>
      does('setAuthMethods', 'user { id }', { id: idOf('User', alice), methods: ['PASSWORD'] }),
  };

  it('is tested for every kind of change that can be undone', () => {
    expect(Object.keys(changes).sort()).toEqual([...undoableActions()]);
  });

  it.each(Object.keys(changes))('restores what every principal held for %s, and can be undone', async (action) => {
    if (action === 'role.delete') await create('Kept');
    if (action === 'group.delete') await world.group(main, 'Kept');
    if (action === 'service-account.update' && !(await world.db.serviceAccount.findFirst({ where: { name: 'robot' } })))
      await world.account(main, 'robot');
    if (action === 'namespace.update') await world.namespace(main, 'company.n');
    if (action === 'tenant-access.create') await world.user('carol');
    if (action === 'tenant-access.delete') await world.user('dave', [main]);
    if (action === 'user.enable') await changes['user.enable']!();
    const before = await held();
    if (action === 'user.enable')
      await does('setUserDisabled', 'user { id }', { id: idOf('User', bob), disabled: false });
    else await changes[action]!();
    const after = await held();
    expect(after).not.toBe(before);
    const event = await newest(action);
    expect(event.action).toBe(action);

    const who = ['namespace.update', 'tenant.configure'].includes(action) ? admin : root;
    const planned = await who.run<any>(call('undoChange', 'eventIds changes { action }'), {
      i: { event: idOf('AuditEvent', event), dryRun: true },
    });
    expect(planned.errors).toEqual([]);
    expect(planned.data.undoChange.changes.length).toBeGreaterThan(0);
    expect(await held()).toBe(after);

    const { data, errors } = await undo(who, event, { reason: 'a mistake' });
    expect(errors).toEqual([]);
    expect(await held()).toBe(before);
    const ids = data.undoChange.eventIds.map((id: string) => Buffer.from(id, 'base64').toString().split(':')[1]);
    const events = await world.db.auditEvent.findMany({ where: { id: { in: ids } }, orderBy: { ordinal: 'asc' } });
    expect(events.length).toBe(ids.length);
    expect(new Set(events.map(({ reason }) => reason))).toEqual(new Set([`a mistake; undo of event ${event.id}`]));
    // Some are not restored by undoing their removal: what was deleted with them would be missing.
    const back = events.find((one) => one.resource === event.resource)!;
    if (!undoableActions().includes(back.action)) return;
    expect(codes(await undo(who, back))).toEqual([]);
    expect(await held()).toBe(after);
    // Undone again, so that the next test starts from the same state.
    const again = await newest(action);
    if (again.id !== event.id) expect(codes(await undo(who, again))).toEqual([]);
  });

  it('is CONFLICT if the same value changed again, and keeps other changes', async () => {
    const one = await create('One');
    const id = idOf('Role', one);
    await does('updateRole', 'role { id }', { id, description: 'first' });
    const first = await newest('role.update');
    await does('updateRole', 'role { id }', { id, name: 'Uno' });
    expect(codes(await undo(root, first))).toEqual([]);
    expect(await world.db.role.findUniqueOrThrow({ where: { id: one.id } })).toMatchObject({
      name: 'Uno',
      description: null,
    });
    await does('updateRole', 'role { id }', { id, description: 'second' });
    const second = await newest('role.update');
    await does('updateRole', 'role { id }', { id, description: 'third' });
    expect(codes(await undo(root, second))).toEqual(['CONFLICT']);
    expect(codes(await undo(root, await newest('role.create')))).toEqual(['CONFLICT']);
    expect(await world.db.role.findUniqueOrThrow({ where: { id: one.id } })).toMatchObject({ description: 'third' });
  });

  it('refuses to grant what the caller does not hold', async () => {
    const weak = await world.user('weak', [main]);
    const iam = [
      'AUDITLOG:READ',
      'ROLE:READ',
      'ROLE:UPDATE',
      'ROLE:CREATE',
      'BINDING:READ',
      'BINDING:CREATE',
      'GROUP:READ',
      'GROUP:UPDATE',
    ] as Permission[];
    await world.grant(main, weak, iam);
    const client = await world.as(weak);
    const strong = await create('Strong', [
      { resource: 'SECRET', actions: ['READ', 'UPDATE'] },
      { resource: 'FLOW', actions: ['READ'] },
    ]);
    await world.bind(main, { principal: weak }, strong);
    await does('updateRole', 'role { id }', {
      id: idOf('Role', strong),
      permissions: [{ resource: 'FLOW', actions: ['READ'] }],
    });
    const narrowed = await newest('role.update');
    const before = await held();
    expect(codes(await undo(client, narrowed))).toEqual(['FORBIDDEN']);
    const strongGroup = await world.group(main, 'Strong group');
    await world.bind(main, { group: strongGroup }, await world.managed(main, 'Admin'));
    await world.member(main, strongGroup, weak);
    await does('removeGroupMember', 'group { id }', { group: idOf('Group', strongGroup), subject: idOf('User', weak) });
    expect(codes(await undo(client, await newest('group.remove-member')))).toEqual(['FORBIDDEN']);
    const binding = await world.bind(main, { principal: weak }, await world.managed(main, 'Admin'));
    await does('deleteBindings', 'results { error { code } }', { tenantKey: 'main', ids: [idOf('Binding', binding)] });
    expect(codes(await undo(client, await newest('binding.delete')))).toEqual(['FORBIDDEN']);
    expect((await held()).split('\n').filter((line) => line.startsWith(weak.id))).toEqual(
      before.split('\n').filter((line) => line.startsWith(weak.id)),
    );
    const refused = await world.db.auditEvent.findMany({ where: { actorId: weak.id, outcome: 'DENIED' } });
    expect(refused.length).toBe(3);
  });

  it('requires the permission of the reverse change, and READ on the event and its object', async () => {
    await does('updateRole', 'role { id }', { id: idOf('Role', role), description: 'again' });
    const event = await newest('role.update');
    const reader = await world.user('reader', [main]);
    await world.grant(main, reader, ['AUDITLOG:READ', 'ROLE:READ']);
    expect(codes(await undo(await world.as(reader), event))).toEqual(['FORBIDDEN']);
    const writer = await world.user('writer', [main]);
    await world.grant(main, writer, ['ROLE:UPDATE', 'ROLE:READ', 'FLOW:READ', 'NAMESPACE:READ']);
    expect(codes(await undo(await world.as(writer), event))).toEqual(['NOT_FOUND']);
    const other = await world.tenant('other');
    const stranger = await world.user('stranger', [other]);
    await world.bind(other, { principal: stranger }, await world.managed(other, 'Admin'));
    expect(codes(await undo(await world.as(stranger), event))).toEqual(['NOT_FOUND']);
    expect(codes(await undo(await world.as(stranger), { id: 'nowhere' } as AuditEvent))).toEqual(['NOT_FOUND']);
  });

  it('reports why a change cannot be undone', async () => {
    const event = await world.db.auditEvent.findFirstOrThrow({ where: { action: 'tenant.create' } });
    const { errors } = await undo(root, event);
    expect(errors[0]).toMatchObject({ extensions: { code: 'BAD_INPUT' } });
    expect(errors[0]!.message).toContain('role.update');
  });
});
