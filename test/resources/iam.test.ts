import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Group, Tenant } from '../../src/db/generated/client.ts';
import { newId } from '../../src/lib/ids.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { idOf, password, World } from '../support/world.ts';

describe('identity and access', () => {
  let world: World;
  let a: Tenant;
  let root: Client;
  beforeAll(async () => {
    world = await World.create();
    a = await world.tenant('a');
    root = world.root();
  });
  afterAll(() => world.close());
  const codes = (field: string, select: string, i: object, client = root) => client.codes(call(field, select), { i });

  describe('tenants', () => {
    it.each(['graphql', 'users', 'tenants', 'main-tenant-flows', 'healthz'])(
      'refuse the reserved key %s',
      async (key) => {
        expect(await codes('createTenant', 'tenant { id }', { key })).toEqual(['BAD_INPUT']);
      },
    );
    it.each(['', 'A', '-a', '_a', 'a b', 'a.b', 'é', 'a\n', 'a'.repeat(101)])('refuse the key %j', async (key) => {
      expect(await codes('createTenant', 'tenant { id }', { key })).toEqual(['BAD_INPUT']);
    });
    it('get the managed roles, read-only and complete', async () => {
      const { tenant } = await root.ok<any>(
        '{ tenant(key: "a") { roles(where: { managed: true }, orderBy: { field: NAME }) { nodes { id name permissions { resource actions } } } } }',
      );
      expect(tenant.roles.nodes.map((r: any) => r.name)).toEqual(['Admin', 'Editor', 'Engine', 'Launcher', 'Viewer']);
      for (const { id } of tenant.roles.nodes) {
        expect(await codes('updateRole', 'role { id }', { id, name: 'Mine' })).toEqual(['CONFLICT']);
        expect(await codes('updateRole', 'role { id }', { id, permissions: [] })).toEqual(['CONFLICT']);
        expect(await codes('deleteRole', 'deletedId', { id })).toEqual(['CONFLICT']);
      }
      const admin = tenant.roles.nodes[0].permissions.map((p: any) => p.resource);
      for (const resource of ['USER', 'WORKER', 'WORKER_GROUP', 'POLICY']) expect(admin).not.toContain(resource);
      expect(admin).toContain('TENANT');
    });
    it('make their creator Admin, unless that is a super admin', async () => {
      const founder = await world.user('founder');
      await world.grant(null, founder, ['TENANT:CREATE']);
      const client = await world.as(founder);
      await client.ok(call('createTenant', 'tenant { id }'), { i: { key: 'founded' } });
      expect(await codes('createNamespace', 'namespace { id }', { tenantKey: 'founded', name: 'x' }, client)).toEqual(
        [],
      );
      await root.ok(call('createTenant', 'tenant { id }'), { i: { key: 'by-root' } });
      expect(await codes('createNamespace', 'namespace { id }', { tenantKey: 'by-root', name: 'x' })).toEqual([
        'FORBIDDEN',
      ]);
    });
    it('are deleted with their contents, with an event each and no dangling reference', async () => {
      const t = await world.tenant('doomed');
      const user = await world.user('survivor', [t]);
      const group = await world.group(t, 'G');
      await world.member(t, group, user, 'OWNER');
      await world.bind(t, { group }, await world.managed(t, 'Viewer'), 'n.m');
      const account = await world.account(t, 'robot');
      await world.token(account);
      const client = await world.as(user);
      expect((await client.ok<any>('{ tenant(key: "doomed") { key } }')).tenant).not.toBeNull();
      await root.ok(call('deleteTenant', 'key'), { i: { id: idOf('Tenant', t), reason: 'closed' } });
      for (const model of [
        'group',
        'role',
        'binding',
        'namespace',
        'tenantAccess',
        'serviceAccount',
        'groupMember',
      ] as const) {
        expect(await (world.db[model] as any).count({ where: { tenantId: t.id } }), model).toBe(0);
      }
      expect(await world.db.principal.count({ where: { id: account.id } })).toBe(0);
      expect((await client.ok<any>('{ viewer { name } tenant(key: "doomed") { key } }')).tenant).toBeNull();
      const actions = (await world.db.auditEvent.findMany({ where: { tenantId: t.id, type: 'DELETE' } })).map(
        (e) => e.action,
      );
      expect(actions).toEqual(
        expect.arrayContaining([
          'tenant.delete',
          'group.delete',
          'role.delete',
          'binding.delete',
          'tenant-access.delete',
          'service-account.delete',
          'api-token.delete',
        ]),
      );
    });
  });

  describe('service accounts', () => {
    it.each(['my-service-account', 'my-service-account-1', 'a', 'a--b', '1', 'a'.repeat(63)])(
      'can be named %s',
      async (name) => {
        expect(await codes('createServiceAccount', 'serviceAccount { id }', { tenantKey: 'a', name })).toEqual([]);
      },
    );
    it.each([
      '',
      'MY_SERVICE_ACCOUNT',
      'myServiceAccount',
      'my-service-account-',
      '-a',
      'a_b',
      'é',
      'a\n',
      'a.b',
      'a'.repeat(64),
    ])('cannot be named %j', async (name) => {
      const { errors } = await root.run(call('createServiceAccount', 'serviceAccount { id }'), {
        i: { tenantKey: 'a', name },
      });
      expect(errors[0]?.extensions).toMatchObject({
        code: 'BAD_INPUT',
        issues: expect.arrayContaining([expect.objectContaining({ path: ['input', 'name'] })]),
      });
    });
    describe('with groups at their creation', () => {
      const create = 'createServiceAccount';
      const select = 'serviceAccount { id groups { nodes { name } } } changes { action resourceKey }';
      const exists = async (name: string) => (await world.db.serviceAccount.count({ where: { name } })) > 0;
      let group: Group;
      beforeAll(async () => {
        group = await world.group(a, 'Robots');
      });
      it('are members of each group once, with an event for each membership', async () => {
        const second = await world.group(a, 'More robots');
        const groups = [group, second, group].map((one) => idOf('Group', one));
        const { [create]: made } = await root.ok<any>(call(create, select), {
          i: { tenantKey: 'a', name: 'grouped', groups },
        });
        expect(made.serviceAccount.groups.nodes.map((one: any) => one.name).sort()).toEqual(['More robots', 'Robots']);
        const events = await world.db.auditEvent.findMany({ where: { action: 'group.add-member', tenantId: a.id } });
        expect(events.map((one) => one.resourceKey)).toEqual(
          expect.arrayContaining(['Robots/service-account:grouped', 'More robots/service-account:grouped']),
        );
      });
      it('are not created by a dry run, which lists the memberships', async () => {
        const { [create]: plan } = await root.ok<any>(call(create, 'changes { action resourceKey }'), {
          i: { tenantKey: 'a', name: 'planned', groups: [idOf('Group', group)], dryRun: true },
        });
        expect(plan.changes.map((one: any) => one.action)).toContain('group.add-member');
        expect(await exists('planned')).toBe(false);
      });
      it('require the permission to add members to each group; its owners need none', async () => {
        const creator = await world.user('robot-maker', [a]);
        await world.grant(a, creator, ['SERVICE_ACCOUNT:CREATE', 'SERVICE_ACCOUNT:READ', 'GROUP:READ']);
        const client = await world.as(creator);
        const input = (name: string) => ({ tenantKey: 'a', name, groups: [idOf('Group', group)] });
        expect(await codes(create, 'serviceAccount { id }', input('refused'), client)).toEqual(['FORBIDDEN']);
        expect(await exists('refused')).toBe(false);
        await world.member(a, group, creator, 'OWNER');
        expect(await codes(create, 'serviceAccount { id }', input('owned'), client)).toEqual([]);
      });
      it('are refused for a group of another tenant, and for an instance-wide account', async () => {
        const foreign = await world.group(await world.tenant('robots-elsewhere'), 'Elsewhere');
        const i = { tenantKey: 'a', name: 'astray', groups: [idOf('Group', foreign)] };
        expect(await codes(create, 'serviceAccount { id }', i)).toEqual(['NOT_FOUND']);
        const wide = { name: 'astray', groups: [idOf('Group', group)] };
        expect(await codes(create, 'serviceAccount { id }', wide)).toEqual(['BAD_INPUT']);
        const many = { tenantKey: 'a', name: 'astray', groups: Array(21).fill(idOf('Group', group)) };
        expect(await codes(create, 'serviceAccount { id }', many)).toEqual(['BAD_INPUT']);
        expect(await exists('astray')).toBe(false);
      });
    });
    it('cannot sign in with a password', async () => {
      await world.account(a, 'no-password');
      expect((await world.basic('no-password').run('{ viewer { name } }')).status).toBe(401);
    });
  });

  describe('names', () => {
    it('of groups, roles and users are unique regardless of case and Unicode form', async () => {
      await root.ok(call('createGroup', 'group { id }'), { i: { tenantKey: 'a', name: 'Zoë' } });
      for (const name of ['zoë', 'ZOË', 'Zoe\u0308'])
        expect(await codes('createGroup', 'group { id }', { tenantKey: 'a', name })).toEqual(['CONFLICT']);
      await root.ok(call('createUser', 'user { id }'), { i: { username: 'Max', email: 'Max@people.example' } });
      expect(await codes('createUser', 'user { id }', { username: 'max', email: 'other@people.example' })).toEqual([
        'CONFLICT',
      ]);
      expect(await codes('createUser', 'user { id }', { username: 'max2', email: 'MAX@people.example' })).toEqual([
        'CONFLICT',
      ]);
    });
  });

  describe('roles', () => {
    it('have at most one default, also under concurrency', async () => {
      const roles = await Promise.all(['D1', 'D2', 'D3', 'D4'].map((name) => world.role(a, name, [])));
      await Promise.all(
        roles.map((role) =>
          root.ok(call('updateRole', 'role { isDefault }'), { i: { id: idOf('Role', role), isDefault: true } }),
        ),
      );
      expect(await world.db.role.count({ where: { tenantId: a.id, isDefault: true } })).toBe(1);
      const user = await world.user('newcomer');
      await root.ok(call('grantTenantAccess', 'user { id }'), { i: { tenantKey: 'a', username: 'NEWCOMER' } });
      expect(await world.db.binding.count({ where: { principalId: user.id } })).toBe(1);
      await world.db.role.updateMany({ where: { tenantId: a.id }, data: { isDefault: false } });
    });
    it('with bindings cannot be deleted', async () => {
      const role = await world.role(a, 'Bound', []);
      const binding = await world.bind(a, { principal: await world.user('bound', [a]) }, role);
      expect(await codes('deleteRole', 'deletedId', { id: idOf('Role', role) })).toEqual(['CONFLICT']);
      await root.ok(call('deleteBindings', 'results { error { code } }'), {
        i: { tenantKey: 'a', ids: [idOf('Binding', binding)] },
      });
      expect(await codes('deleteRole', 'deletedId', { id: idOf('Role', role) })).toEqual([]);
    });
    it('cannot have a permission outside the catalogue', async () => {
      const permissions = [{ resource: 'STATS', actions: ['READ', 'DELETE'] }];
      expect(await codes('createRole', 'role { id }', { tenantKey: 'a', name: 'Odd', permissions })).toEqual([
        'BAD_INPUT',
      ]);
    });
    it('take effect at once, also for open sessions', async () => {
      const user = await world.user('live', [a]);
      const role = await world.role(a, 'Live', []);
      await world.bind(a, { principal: user }, role);
      const client = await world.as(user);
      const see = () => client.codes('{ tenant(key: "a") { groups { totalCount } } }');
      expect(await see()).toEqual(['FORBIDDEN']);
      await root.ok(call('updateRole', 'role { id }'), {
        i: { id: idOf('Role', role), permissions: [{ resource: 'GROUP', actions: ['READ'] }] },
      });
      expect(await see()).toEqual([]);
    });
  });

  describe('bindings', () => {
    it('with effect in a namespace are its own, those above it, and tenant-wide ones', async () => {
      const t = await world.tenant('reached');
      const user = await world.user('reaching', [t]);
      const viewer = await world.managed(t, 'Viewer');
      for (const namespace of ['', 'company', 'company.data', 'company.data.ingest', 'company.database', 'other'])
        await world.bind(t, { principal: user }, viewer, namespace);
      const admin = await world.user('admin of reached', [t]);
      await world.bind(t, { principal: admin }, await world.managed(t, 'Admin'));
      const client = await world.as(admin);
      const query =
        'query($n: String) { tenant(key: "reached") { bindings(first: 50, where: { reaching: $n }) { nodes { namespaceName subject { __typename ... on User { username } } } } } }';
      const { tenant } = await client.ok<any>(query, { n: 'company.data' });
      const own = tenant.bindings.nodes.filter(({ subject }: any) => subject.username === 'reaching');
      expect(own.map(({ namespaceName }: any) => namespaceName).sort()).toEqual(['company', 'company.data', null]);
      expect(await client.codes(query, { n: 'a.'.repeat(100_000) })).toEqual(['BAD_INPUT']);
    });
    const bindAll = (items: object[], tenant: string | null = 'a') =>
      root.ok<any>(call('createBindings', 'results { binding { id namespaceName } error { code message } }'), {
        i: { ...(tenant && { tenantKey: tenant }), bindings: items },
      });
    it('return a result for each item: valid ones are created, others return an error', async () => {
      const user = await world.user('many', [a]);
      const stranger = await world.user('not-here');
      const b = await world.tenant(`b${Math.floor(Math.random() * 1e6)}`);
      const role = idOf('Role', await world.role(a, 'Many', []));
      const foreign = idOf('Role', await world.managed(b, 'Viewer'));
      const subject = idOf('User', user);
      const { createBindings } = await bindAll([
        { subject, role, namespaceName: 'x.y' },
        { subject, role, namespaceName: '' },
        { subject, role, namespaceName: 'x..y' },
        { subject: idOf('User', stranger), role },
        { subject, role: foreign },
        { subject, role, namespaceName: 'x.y' },
        { subject: 'nonsense', role },
        { subject, role },
      ]);
      expect(createBindings.results.map((r: any) => r.error?.code ?? r.binding.namespaceName)).toEqual([
        'x.y',
        'BAD_INPUT',
        'BAD_INPUT',
        'NOT_FOUND',
        'NOT_FOUND',
        'CONFLICT',
        'BAD_INPUT',
        null,
      ]);
      expect(await world.db.binding.count({ where: { principalId: user.id } })).toBe(2);
      expect(
        await world.db.namespace.count({ where: { tenantId: a.id, namespace: { in: ['x', 'x.y'] }, declared: false } }),
      ).toBe(2);
    });
    it('add up; deleting one keeps the other', async () => {
      const user = await world.user('union', [a]);
      const one = await world.grant(a, user, ['NAMESPACE:READ'], 'x');
      await world.grant(a, user, ['GROUP:READ']);
      const client = await world.as(user);
      const see = async () => {
        const { data, errors } = await client.run<any>(
          '{ tenant(key: "a") { groups { totalCount } namespaces { totalCount } } }',
        );
        return [data.tenant.groups !== null, data.tenant.namespaces?.totalCount ?? 0, errors.length];
      };
      expect(await see()).toEqual([true, 2, 0]);
      await root.ok(call('deleteBindings', 'results { error { code } }'), {
        i: { tenantKey: 'a', ids: [idOf('Binding', one)] },
      });
      expect(await see()).toEqual([true, 0, 1]);
    });
    it('of a namespace grant nothing at tenant level', async () => {
      const user = await world.user('narrow', [a]);
      await world.bind(a, { principal: user }, await world.managed(a, 'Admin'), 'x');
      const client = await world.as(user);
      // Own access is always visible.
      expect(
        (await client.ok<any>('{ tenant(key: "a") { users { nodes { username } } } }')).tenant.users.nodes,
      ).toEqual([{ username: 'narrow' }]);
      for (const field of ['groups', 'roles', 'serviceAccounts'])
        expect(await client.codes(`{ tenant(key: "a") { ${field} { totalCount } } }`)).toEqual(['FORBIDDEN']);
      const { tenant } = await client.ok<any>(
        '{ tenant(key: "a") { namespaces { nodes { name } } auditEvents { nodes { namespaceName } } bindings { nodes { namespaceName } } } }',
      );
      expect(tenant.namespaces.nodes.map((n: any) => n.name)).toEqual(['x', 'x.y']);
      for (const { namespaceName } of [...tenant.auditEvents.nodes, ...tenant.bindings.nodes])
        expect(namespaceName).toMatch(/^x(\.|$)/);
    });
    it('cannot be updated', async () => {
      expect(
        Object.keys(
          (await root.ok<any>('{ __schema { mutationType { fields { name } } } }')).__schema.mutationType.fields.map(
            (f: any) => f.name,
          ),
        ).filter((name) => /update.*Binding/i.test(name)),
      ).toEqual([]);
    });
  });

  describe('isolation', () => {
    it('treats an ID of another tenant, in any input, as unknown', async () => {
      const b = await world.tenant(`iso${Math.floor(Math.random() * 1e6)}`);
      const chief = await world.user('chief', [a]);
      await world.bind(a, { principal: chief }, await world.managed(a, 'Admin'));
      const client = await world.as(chief);
      const theirs = {
        group: await world.group(b, 'Theirs'),
        role: await world.role(b, 'Theirs', []),
        account: await world.account(b, 'theirs'),
        namespace: await world.namespace(b, 'theirs'),
      };
      const outsider = await world.user('outsider', [b]);
      const attempts: [string, string, object][] = [
        ['updateGroup', 'group { id }', { id: idOf('Group', theirs.group), name: 'x' }],
        ['addGroupMember', 'group { id }', { group: idOf('Group', theirs.group), subject: idOf('User', chief) }],
        ['updateRole', 'role { id }', { id: idOf('Role', theirs.role), name: 'x' }],
        [
          'updateServiceAccount',
          'serviceAccount { id }',
          { id: idOf('ServiceAccount', theirs.account), description: 'x' },
        ],
        ['createApiToken', 'fullToken', { owner: idOf('ServiceAccount', theirs.account), name: 'x' }],
        ['updateNamespace', 'namespace { id }', { id: idOf('Namespace', theirs.namespace), description: 'x' }],
        ['updateTenant', 'tenant { id }', { id: idOf('Tenant', b), name: 'x' }],
        ['createGroup', 'group { id }', { tenantKey: b.key, name: 'x' }],
        ['revokeTenantAccess', 'subjectId', { tenantKey: 'a', subject: idOf('User', outsider) }],
        ['revokeTenantAccess', 'subjectId', { tenantKey: b.key, subject: idOf('User', outsider) }],
      ];
      for (const [field, select, i] of attempts)
        expect(await codes(field, select, i, client), field).toEqual(['NOT_FOUND']);
      const all = [
        ['Group', theirs.group],
        ['Role', theirs.role],
        ['ServiceAccount', theirs.account],
        ['Namespace', theirs.namespace],
        ['Tenant', b],
        ['User', outsider],
      ] as const;
      const { nodes } = await client.ok<any>('query($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
        ids: all.map(([type, row]) => idOf(type, row)),
      });
      expect(nodes).toEqual(all.map(() => null));
      const { tenant } = await client.ok<any>(
        'query($where: BindingWhere) { tenant(key: "a") { bindings(where: $where) { totalCount } } }',
        { where: { role: idOf('Role', theirs.role) } },
      );
      expect(tenant.bindings.totalCount).toBe(0);
    });
  });

  describe('users', () => {
    it('of a tenant are visible there, with their private fields hidden', async () => {
      const chief = await world.user('chief-two', [a]);
      await world.grant(a, chief, ['TENANT_ACCESS:READ']);
      const { data, errors } = await (await world.as(chief)).run<any>(
        '{ users { totalCount } tenant(key: "a") { users(where: { username: "chief" }) { nodes { username superAdmin locked authMethods apiTokens { totalCount } tenants { nodes { key } } } } } }',
      );
      expect(data.users.totalCount).toBe(1);
      expect(data.tenant.users.nodes[0]).toMatchObject({
        superAdmin: null,
        locked: null,
        authMethods: null,
        // Refused rather than empty: an empty list would mean that there are none.
        apiTokens: null,
        tenants: { nodes: [{ key: 'a' }] },
      });
      const refused = errors.map(({ path, extensions }) => [path?.at(-1), extensions.code]);
      expect(refused).toEqual([['apiTokens', 'FORBIDDEN']]);
    });
    it('have tokens and sessions that others see with the permission only, newest first', async () => {
      const own = await world.user('with-token', [a]);
      const list =
        '{ apiTokens { totalCount nodes { id owner { ... on User { username } } } } sessions { totalCount } }';
      const seen = await (await world.as(own)).ok<any>(list);
      expect(seen).toEqual({
        apiTokens: { totalCount: 1, nodes: [{ id: expect.any(String), owner: { username: 'with-token' } }] },
        sessions: { totalCount: 0 },
      });
      const now = new Date();
      const times = { createdAt: now, lastSeenAt: now, expiresAt: new Date(now.getTime() + 3_600_000) };
      await world.db.session.create({
        data: { id: newId(), principalId: own.id, hash: newId(), method: 'PASSWORD', ...times },
      });
      const all = await root.ok<any>(list);
      expect(all.apiTokens.nodes[0]).toEqual(seen.apiTokens.nodes[0]);
      expect(all.apiTokens.totalCount).toBeGreaterThan(1);
      expect(all.sessions.totalCount).toBeGreaterThan(0);
    });
    it('created again under the same name can sign in at once', async () => {
      const again = async () => {
        const user = await world.user('phoenix', [], { password });
        expect(await world.basic('phoenix').codes('{ viewer { name } }')).toEqual([]);
        await root.ok(call('deleteUser', 'deletedId'), { i: { id: idOf('User', user) } });
        expect(await world.basic('phoenix').codes('{ viewer { name } }')).toEqual(['UNAUTHENTICATED']);
      };
      await again();
      await again();
    });
    it('who are deleted leave only their name in the log', async () => {
      const user = await world.user('gone', [a]);
      await world.grant(a, user, ['GROUP:CREATE']);
      await (await world.as(user)).ok(call('createGroup', 'group { id }'), { i: { tenantKey: 'a', name: 'Legacy' } });
      await root.ok(call('deleteUser', 'deletedId'), { i: { id: idOf('User', user) } });
      const { tenant } = await root.ok<any>(
        '{ tenant(key: "a") { auditEvents(where: { actorName: "gone" }) { nodes { actorName actor { id } } } } }',
      );
      expect(tenant.auditEvents.nodes[0]).toEqual({ actorName: 'gone', actor: null });
      expect(await world.db.apiToken.count({ where: { principalId: user.id } })).toBe(0);
    });
  });
});
