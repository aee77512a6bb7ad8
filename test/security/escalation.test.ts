import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Permission } from '../../src/access/catalog.ts';
import type { Group, Role, ServiceAccount, Tenant, User } from '../../src/db/generated/client.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { newId } from '../../src/lib/ids.ts';
import { coverOf } from '../../src/policy/principals/holdings.ts';
import { loadPrincipal } from '../../src/policy/principals/principal.ts';
import { asSystem } from '../../src/policy/session/system.ts';
import { deleteBinding } from '../../src/resources/identity/binding/service.ts';
import { removeGroupMember } from '../../src/resources/identity/group/members.ts';
import { updateRole } from '../../src/resources/identity/role/service.ts';
import { setUserSuperAdmin } from '../../src/resources/identity/user/service.ts';
import { schema } from '../../src/schema.ts';
import { enrolled } from '../matrix/cells/second-factor.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { provider, signInWith } from '../support/providers.ts';
import { idOf, password, World } from '../support/world.ts';

/** No caller can raise an account, their own included, above what they hold. Each mutation is executed. */
describe('a caller with limited permissions', () => {
  let world: World;
  let a: Tenant;
  let strong: Role;
  let strongGroup: Group;
  let strongAccount: ServiceAccount;
  let superAccount: ServiceAccount;
  let otherSuper: User;
  let strongUser: User;
  let admin: Role;
  let next = 0;

  beforeAll(async () => {
    world = await World.create({ config: { signIn: signInWith([provider('company', 'https://login.example')]) } });
    a = await world.tenant('a');
    admin = await world.managed(a, 'Admin');
    strong = await world.role(a, 'Strong', ['FLOW:DELETE', 'SECRET:UPDATE']);
    strongGroup = await world.group(a, 'Strong people');
    await world.bind(a, { group: strongGroup }, strong);
    strongAccount = await world.account(a, 'strong-robot');
    await world.bind(a, { principal: strongAccount }, admin);
    await world.token(strongAccount);
    superAccount = await world.account(a, 'super-robot');
    await world.db.serviceAccount.update({ where: { id: superAccount.id }, data: { superAdmin: true } });
    await world.token(superAccount);
    strongUser = await world.user('strong-user', [a]);
    await world.member(a, strongGroup, strongUser);
    otherSuper = await world.user('other-root', [], { superAdmin: true, password });
  });
  afterAll(() => world.close());

  const all = ['CREATE', 'READ', 'UPDATE', 'DELETE'] as const;
  const of = (...resources: string[]) =>
    resources.flatMap((r) => all.map((action) => `${r}:${action}`)) as Permission[];
  /** All permissions of access management in the tenant, and none on flows. */
  const iam = [
    ...of('GROUP', 'ROLE', 'SERVICE_ACCOUNT', 'API_TOKEN'),
    'INVITATION:CREATE',
    'INVITATION:READ',
    'INVITATION:DELETE',
    'TENANT_ACCESS:CREATE',
    'TENANT_ACCESS:READ',
    'TENANT_ACCESS:DELETE',
    'BINDING:CREATE',
    'BINDING:READ',
    'BINDING:DELETE',
    'TENANT:READ',
    'TENANT:UPDATE',
    'NAMESPACE:CREATE',
    'NAMESPACE:READ',
    'NAMESPACE:UPDATE',
    'NAMESPACE:DELETE',
    'AUDITLOG:READ',
  ] as Permission[];
  const instance = [...of('USER'), 'TENANT:CREATE', 'TENANT:DELETE'] as Permission[];

  const eventOf = async (action: string) => ({
    event: idOf(
      'AuditEvent',
      await world.db.auditEvent.findFirstOrThrow({ where: { action }, orderBy: { ordinal: 'desc' } }),
    ),
  });
  async function manager(byPassword = false): Promise<{ user: User; client: Client }> {
    const user = await world.user(`manager-${next++}`, [a], byPassword ? { password } : {});
    await world.grant(a, user, iam);
    await world.grant(null, user, instance);
    return { user, client: byPassword ? world.basic(user.username) : await world.as(user) };
  }

  /** What each principal holds, as comparable lines. */
  async function holdings(): Promise<Set<string>> {
    const lines = new Set<string>();
    for (const { id } of await world.db.principal.findMany()) {
      const principal = (await loadPrincipal(world.db, id))!;
      if (principal.superAdmin) lines.add(`${id} super`);
      for (const tenantId of [null, ...principal.tenants.keys()]) {
        for (const [permission, roots] of coverOf(principal.holdings, tenantId))
          for (const root of roots) lines.add(`${id} ${tenantId} ${permission} ${root}`);
      }
    }
    return lines;
  }

  type Attempt = { field: string; select: string; input: (me: User) => Promise<object> | object };
  const attempts: Record<string, Attempt[]> = {
    createRole: [
      {
        field: 'createRole',
        select: 'role { id }',
        input: () => ({ tenantKey: 'a', name: `r${next++}`, permissions: [{ resource: 'FLOW', actions: ['DELETE'] }] }),
      },
      {
        field: 'createRole',
        select: 'role { id }',
        input: () => ({ name: `r${next++}`, permissions: [{ resource: 'USER', actions: ['READ'] }] }),
      },
    ],
    updateRole: [
      {
        field: 'updateRole',
        select: 'role { id }',
        input: async () => ({
          id: idOf('Role', await world.role(a, `r${next++}`, ['GROUP:READ'])),
          permissions: [{ resource: 'FLOW', actions: ['DELETE'] }],
        }),
      },
      { field: 'updateRole', select: 'role { id }', input: () => ({ id: idOf('Role', strong), isDefault: true }) },
    ],
    // Each was revoked or narrowed by a caller with the permission to do so.
    undoChange: [
      {
        field: 'undoChange',
        select: 'eventIds',
        input: async (me) => {
          const role = await world.role(a, `r${next++}`, ['FLOW:DELETE', 'GROUP:READ']);
          await world.bind(a, { principal: me }, role);
          const grant = asSystem('ROLE:UPDATE', 'test', a.id);
          await world.write((tx) => updateRole(tx, grant, a, role.id, { permissions: ['GROUP:READ'] }));
          return eventOf('role.update');
        },
      },
      {
        field: 'undoChange',
        select: 'eventIds',
        input: async (me) => {
          const binding = await world.bind(a, { principal: me }, admin);
          await world.write((tx) => deleteBinding(tx, asSystem('BINDING:DELETE', 'test', a.id), a, binding.id));
          return eventOf('binding.delete');
        },
      },
      {
        field: 'undoChange',
        select: 'eventIds',
        input: async (me) => {
          await world.member(a, strongGroup, me);
          const grant = asSystem('GROUP:UPDATE', 'test', a.id);
          await world.write((tx) => removeGroupMember(tx, grant, a, strongGroup.id, me.id));
          return eventOf('group.remove-member');
        },
      },
      {
        field: 'undoChange',
        select: 'eventIds',
        input: async (me) => {
          await world.write((tx) => setUserSuperAdmin(tx, asSystem('USER:UPDATE', 'test'), me.id, true));
          await world.write((tx) => setUserSuperAdmin(tx, asSystem('USER:UPDATE', 'test'), me.id, false));
          return eventOf('user.set-super-admin');
        },
      },
    ],
    createBindings: [
      {
        field: 'createBindings',
        select: 'results { error { code } }',
        input: (me) => ({ tenantKey: 'a', bindings: [{ subject: idOf('User', me), role: idOf('Role', admin) }] }),
      },
      {
        field: 'createBindings',
        select: 'results { error { code } }',
        input: (me) => ({
          tenantKey: 'a',
          bindings: [{ subject: idOf('User', me), role: idOf('Role', strong), namespaceName: 'deep.down' }],
        }),
      },
      {
        field: 'createBindings',
        select: 'results { error { code } }',
        input: async (me) => {
          const group = await world.group(a, `mine ${next++}`);
          await world.member(a, group, me, 'OWNER');
          return { tenantKey: 'a', bindings: [{ subject: idOf('Group', group), role: idOf('Role', strong) }] };
        },
      },
      {
        field: 'createBindings',
        select: 'results { error { code } }',
        input: async (me) => ({
          bindings: [
            { subject: idOf('User', me), role: idOf('Role', await world.role(null, `i${next++}`, ['POLICY:UPDATE'])) },
          ],
        }),
      },
    ],
    addGroupMember: [
      {
        field: 'addGroupMember',
        select: 'group { id }',
        input: (me) => ({ group: idOf('Group', strongGroup), subject: idOf('User', me) }),
      },
    ],
    setGroupMembership: [
      {
        field: 'setGroupMembership',
        select: 'group { id }',
        input: async () => {
          const user = await world.user(`plain-${next++}`, [a]);
          await world.member(a, strongGroup, user);
          return { group: idOf('Group', strongGroup), subject: idOf('User', user), membership: 'OWNER' };
        },
      },
    ],
    createApiToken: [
      {
        field: 'createApiToken',
        select: 'fullToken',
        input: () => ({ owner: idOf('ServiceAccount', strongAccount), name: 'x' }),
      },
      {
        field: 'createApiToken',
        select: 'fullToken',
        input: () => ({ owner: idOf('ServiceAccount', superAccount), name: 'x' }),
      },
      { field: 'createApiToken', select: 'fullToken', input: () => ({ owner: idOf('User', otherSuper), name: 'x' }) },
    ],
    rotateApiToken: [strongTokens(() => strongAccount), strongTokens(() => superAccount)],
    grantTenantAccess: [
      {
        field: 'grantTenantAccess',
        select: 'user { id }',
        input: async () => {
          await world.db.role.updateMany({ where: { tenantId: a.id }, data: { isDefault: false } });
          await world.db.role.update({ where: { id: strong.id }, data: { isDefault: true } });
          return { tenantKey: 'a', username: (await world.user(`friend-${next++}`)).username };
        },
      },
    ],
    createInvitation: [
      {
        field: 'createInvitation',
        select: 'link',
        input: () => ({ tenantKey: 'a', email: `g${next++}@people.example`, groups: [idOf('Group', strongGroup)] }),
      },
      {
        field: 'createInvitation',
        select: 'link',
        input: () => ({
          tenantKey: 'a',
          email: `g${next++}@people.example`,
          bindings: [{ role: idOf('Role', strong), namespaceName: 'deep.down' }],
        }),
      },
      {
        field: 'createInvitation',
        select: 'link',
        input: async () => {
          await world.db.role.updateMany({ where: { tenantId: a.id }, data: { isDefault: false } });
          await world.db.role.update({ where: { id: strong.id }, data: { isDefault: true } });
          return { tenantKey: 'a', email: `g${next++}@people.example` };
        },
      },
    ],
    createUser: [
      {
        field: 'createUser',
        select: 'user { id }',
        input: () => ({ username: `u${next}`, email: `u${next++}@people.example`, superAdmin: true, password }),
      },
    ],
    setSuperAdmin: [
      {
        field: 'setSuperAdmin',
        select: 'subject { id }',
        input: (me) => ({ subject: idOf('User', me), superAdmin: true }),
      },
      {
        field: 'setSuperAdmin',
        select: 'subject { id }',
        input: () => ({ subject: idOf('ServiceAccount', strongAccount), superAdmin: true }),
      },
      {
        field: 'setSuperAdmin',
        select: 'subject { id }',
        input: () => ({ subject: idOf('User', otherSuper), superAdmin: false }),
      },
    ],
    setUserPassword: [
      {
        field: 'setUserPassword',
        select: 'user { id }',
        input: () => ({ id: idOf('User', otherSuper), password: 'mine from now on, surely' }),
      },
    ],
    createPasswordLink: [
      { field: 'createPasswordLink', select: 'link', input: () => ({ id: idOf('User', otherSuper) }) },
      { field: 'createPasswordLink', select: 'link', input: () => ({ id: idOf('User', strongUser) }) },
      { field: 'createPasswordLink', select: 'link', input: (me) => ({ id: idOf('User', me) }) },
    ],
    removeSecondFactor: [
      {
        field: 'removeSecondFactor',
        select: 'user { id }',
        input: async () => {
          await world.db.secondFactor.deleteMany();
          await enrolled(world, otherSuper.id);
          return { id: idOf('User', otherSuper) };
        },
      },
    ],
    addWorkloadTrust: [
      {
        field: 'addWorkloadTrust',
        select: 'trust { subject }',
        input: () => ({
          id: idOf('ServiceAccount', strongAccount),
          issuer: 'https://login.example',
          audience: `mine ${next++}`,
          subject: 'mine',
        }),
      },
    ],
    linkUserIdentity: [
      {
        field: 'linkUserIdentity',
        select: 'user { id }',
        input: () => ({ id: idOf('User', otherSuper), provider: 'company', subject: `mine ${next++}` }),
      },
      {
        field: 'linkUserIdentity',
        select: 'user { id }',
        input: () => ({ id: idOf('User', strongUser), provider: 'company', subject: `mine ${next++}` }),
      },
    ],
    unlinkUserIdentity: [
      {
        field: 'unlinkUserIdentity',
        select: 'user { id }',
        input: async () => {
          const [issuer, subject] = ['https://login.example', `of ${next++}`];
          await world.db.userIdentity.create({ data: { id: newId(), userId: otherSuper.id, issuer, subject } });
          return { id: idOf('User', otherSuper), issuer, subject };
        },
      },
    ],
    setAuthMethods: [
      { field: 'setAuthMethods', select: 'user { id }', input: () => ({ id: idOf('User', otherSuper), methods: [] }) },
    ],
    setUserDisabled: [
      {
        field: 'setUserDisabled',
        select: 'user { id }',
        input: () => ({ id: idOf('User', otherSuper), disabled: true }),
      },
    ],
    updateUser: [
      {
        field: 'updateUser',
        select: 'user { id }',
        input: () => ({ id: idOf('User', otherSuper), email: 'mine@people.example' }),
      },
      // A link for a new password would be mailed there.
      {
        field: 'updateUser',
        select: 'user { id }',
        input: () => ({ id: idOf('User', strongUser), email: 'mine@people.example' }),
      },
    ],
    deleteUser: [{ field: 'deleteUser', select: 'deletedId', input: () => ({ id: idOf('User', otherSuper) }) }],
    updateServiceAccount: [
      {
        field: 'updateServiceAccount',
        select: 'serviceAccount { id }',
        input: () => ({ id: idOf('ServiceAccount', superAccount), name: 'renamed' }),
      },
    ],
    deleteServiceAccount: [
      {
        field: 'deleteServiceAccount',
        select: 'deletedId',
        input: () => ({ id: idOf('ServiceAccount', superAccount) }),
      },
    ],
    setPolicyConfiguration: [
      { field: 'setPolicyConfiguration', select: 'policies { name }', input: () => ({ policies: {} }) },
      {
        field: 'setPolicyConfiguration',
        select: 'policies { name }',
        input: () => ({ policies: {}, mayGrant: ['naming'] }),
      },
    ],
    createServiceAccount: [
      { field: 'createServiceAccount', select: 'serviceAccount { id }', input: () => ({ name: `instance-${next++}` }) },
      {
        field: 'createServiceAccount',
        select: 'serviceAccount { id }',
        input: () => ({ tenantKey: 'a', name: `robot-${next++}`, groups: [idOf('Group', strongGroup)] }),
      },
    ],
  };
  function strongTokens(account: () => ServiceAccount): Attempt {
    return {
      field: 'rotateApiToken',
      select: 'fullToken',
      input: async () => ({
        id: idOf('ApiToken', await world.db.apiToken.findFirstOrThrow({ where: { principalId: account().id } })),
      }),
    };
  }
  /** These grant nothing. applyDescription uses the same services and has its own tests. */
  const givesNothing = new Set([
    'createTenant',
    'updateTenant',
    'deleteTenant',
    'createGroup',
    'updateGroup',
    'deleteGroup',
    'removeGroupMember',
    'deleteRole',
    'deleteBindings',
    'revokeTenantAccess',
    'revokeApiToken',
    'removeWorkloadTrust',
    'revokeSession',
    'revokeSessions',
    'deleteInvitation',
    'createNamespace',
    'updateNamespace',
    'deleteNamespace',
    'unlockUser',
    'changeMyPassword',
    'beginSecondFactor',
    'confirmSecondFactor',
    'createRecoveryCodes',
    'removeMySecondFactor',
    'beginPasskey',
    'createPasskey',
    'renamePasskey',
    'deleteMyPasskey',
    'applyDescription',
    'putSecret',
    'updateSecret',
    'deleteSecret',
    'setKeyValue',
    'deleteKeyValue',
    'putNamespaceFile',
    'deleteNamespaceFile',
    'saveFlow',
    'validateFlow',
    'setFlowDisabled',
    'deleteFlow',
    'setFlowsDisabled',
    'deleteFlows',
    'importFlows',
    'restoreFlowRevision',
    'setTriggersDisabled',
    'unlockTriggers',
    'restartTriggers',
    'deleteTriggers',
    'createBackfill',
    'pauseBackfill',
    'resumeBackfill',
    'deleteBackfill',
    'claimTriggers',
    'reportTriggers',
    'reportTriggerLogs',
    'createWorkerGroup',
    'updateWorkerGroup',
    'deleteWorkerGroup',
    'registerService',
    'heartbeat',
    'deleteWorker',
    'reportPlugins',
    'saveBlueprint',
    'deleteBlueprint',
    'useBlueprint',
    'updateMySettings',
    'updateTenantSettings',
    'createKillSwitch',
    'updateKillSwitch',
    'deleteKillSwitch',
    'createBanner',
    'updateBanner',
    'deleteBanner',
    'createExecution',
    'replayExecution',
    'killExecution',
    'setTaskRunState',
    'setExecutionLabels',
    'deleteExecutions',
    'replayExecutions',
    'restartExecutions',
    'pauseExecutions',
    'resumeExecutions',
    'killExecutions',
    'unqueueExecutions',
    'forceRunExecutions',
    'setExecutionsState',
    'addExecutionsLabels',
    'claimCommands',
    'reportExecutions',
    'reportLogs',
    'reportMetrics',
  ]);

  it('covers every mutation of the schema', () => {
    const fields = Object.keys(schema.getMutationType()!.getFields());
    expect(fields.filter((field) => !(field in attempts) && !givesNothing.has(field))).toEqual([]);
  });

  const cases = Object.values(attempts).flatMap((list) =>
    list.map((attempt, i) => ({ name: `${attempt.field} ${i + 1}`, ...attempt })),
  );
  it.each(cases)('is refused $name', async ({ field, select, input }) => {
    const { user, client } = await manager(true);
    const variables = { i: await input(user) };
    const before = await holdings();
    const { data, errors } = await client.run<any>(call(field, select), variables);
    const codes = [
      ...errors.map(({ extensions }) => extensions.code),
      ...(data?.[field]?.results ?? []).map((r: any) => r.error?.code),
    ];
    expect(['FORBIDDEN', 'NOT_FOUND']).toContain(codes[0]);
    expect(await holdings()).toEqual(before);
    await world.db.role.updateMany({ where: { tenantId: a.id }, data: { isDefault: false } });
  });

  it('can grant exactly the permissions that they hold, where they hold them', async () => {
    const user = await world.user('giver', [a]);
    await world.grant(a, user, ['BINDING:CREATE', 'FLOW:READ'], 'company');
    const friend = await world.user('taker', [a]);
    const role = await world.role(a, 'Flow reader', ['FLOW:READ']);
    const client = await world.as(user);
    const bindIn = async (namespace: string | null) =>
      (
        await client.ok<any>(call('createBindings', 'results { error { code } }'), {
          i: {
            tenantKey: 'a',
            bindings: [{ subject: idOf('User', friend), role: idOf('Role', role), namespaceName: namespace }],
          },
        })
      ).createBindings.results[0].error?.code ?? 'done';
    expect(await bindIn('company.team')).toBe('done');
    expect(await bindIn('company.team')).toBe('CONFLICT');
    expect(await bindIn('companyx')).toBe('FORBIDDEN');
    expect(await bindIn('com')).toBe('FORBIDDEN');
    expect(await bindIn(null)).toBe('FORBIDDEN');
    expect(await bindIn('')).toBe('BAD_INPUT');
  });

  it('can manage only the members of a group that they own', async () => {
    const owner = await world.user('group-owner', [a]);
    await world.member(a, strongGroup, owner, 'OWNER');
    const friend = await world.user('group-friend', [a]);
    const stranger = await world.user('stranger');
    const client = await world.as(owner);
    const group = idOf('Group', strongGroup);
    const codes = (field: string, select: string, i: object) => client.codes(call(field, select), { i });
    expect(await codes('addGroupMember', 'group { id }', { group, subject: idOf('User', friend) })).toEqual([]);
    expect(await codes('addGroupMember', 'group { id }', { group, subject: idOf('User', friend) })).toEqual([
      'CONFLICT',
    ]);
    expect(await codes('addGroupMember', 'group { id }', { group, username: stranger.username })).toEqual([
      'NOT_FOUND',
    ]);
    expect(
      await codes('setGroupMembership', 'group { id }', { group, subject: idOf('User', friend), membership: 'OWNER' }),
    ).toEqual([]);
    expect(await codes('updateGroup', 'group { id }', { id: group, name: 'Mine' })).toEqual(['FORBIDDEN']);
    expect(await codes('deleteGroup', 'deletedId', { id: group })).toEqual(['FORBIDDEN']);
    expect(
      await codes('addGroupMember', 'group { id }', {
        group: idOf('Group', await world.group(a, 'Foreign')),
        subject: idOf('User', friend),
      }),
    ).toEqual(['NOT_FOUND']);
    expect(await codes('removeGroupMember', 'group { id }', { group, subject: idOf('User', owner) })).toEqual([]);
    // The owner is no longer a member and has no permissions left.
    expect(await codes('removeGroupMember', 'group { id }', { group, subject: idOf('User', friend) })).toEqual([
      'NOT_FOUND',
    ]);
  });

  it('cannot create a longer-lived token nor change a password with a token', async () => {
    const user = await world.user('minter', [a], { password });
    const short = (
      await world.basic('minter').ok<any>(call('createApiToken', 'fullToken'), { i: { name: 'short', maxAge: 'PT1H' } })
    ).createApiToken.fullToken;
    const client = world.bearer(short);
    const mint = (i: object) => client.codes(call('createApiToken', 'fullToken'), { i: { name: 'x', ...i } });
    expect(await mint({})).toEqual(['FORBIDDEN']);
    expect(await mint({ maxAge: 'PT2H' })).toEqual(['FORBIDDEN']);
    expect(await mint({ maxAge: 'PT10M', extended: true, maxLifetime: 'P2D' })).toEqual(['FORBIDDEN']);
    expect(await mint({ maxAge: 'PT10M' })).toEqual([]);
    const token = await world.db.apiToken.findFirstOrThrow({ where: { principalId: user.id, name: 'short' } });
    expect(await client.codes(call('rotateApiToken', 'fullToken'), { i: { id: idOf('ApiToken', token) } })).toEqual([
      'FORBIDDEN',
    ]);
    expect(
      await client.codes(call('changeMyPassword', 'user { id }'), {
        i: { currentPassword: password, newPassword: 'another long passphrase' },
      }),
    ).toEqual(['FORBIDDEN']);
  });

  describe('the last super admin who can sign in', () => {
    const only = async (): Promise<User> => {
      await world.db.user.updateMany({
        where: { superAdmin: true, username: { not: 'root' } },
        data: { disabled: true },
      });
      await inTransaction(world.app.store, (tx) => tx.accessState.updateMany({ data: { revision: { increment: 1 } } }));
      await world.app.freshness.confirm();
      return world.db.user.findUniqueOrThrow({ where: { username: 'root', usernameKey: 'root' } });
    };
    const paths: [string, string, (id: string) => object][] = [
      ['setSuperAdmin', 'subject { id }', (id) => ({ subject: id, superAdmin: false })],
      ['setUserDisabled', 'user { id }', (id) => ({ id, disabled: true })],
      ['setAuthMethods', 'user { id }', (id) => ({ id, methods: ['API_TOKEN'] })],
      ['deleteUser', 'deletedId', (id) => ({ id })],
    ];
    it.each(paths)('cannot be removed by %s', async (field, select, input) => {
      const root = await only();
      const { errors } = await world.root().run(call(field, select), { i: input(idOf('User', root)) });
      expect(errors[0]?.extensions).toMatchObject({ code: 'CONFLICT', rule: 'LAST_SUPER_ADMIN' });
      expect(
        await world.db.user.count({ where: { superAdmin: true, disabled: false, authMethods: { has: 'PASSWORD' } } }),
      ).toBe(1);
    });

    it.each(paths)('cannot be removed by two concurrent calls of %s', async (field, select, input) => {
      const root = await only();
      const second = await world
        .write(async (tx) =>
          tx.user.update({
            where: { id: otherSuper.id },
            data: { disabled: false, superAdmin: true, authMethods: ['PASSWORD', 'API_TOKEN'] },
          }),
        )
        .catch(() => undefined);
      await inTransaction(world.app.store, (tx) => tx.accessState.updateMany({ data: { revision: { increment: 1 } } }));
      await world.app.freshness.confirm();
      if (!second) throw new Error('the second super admin is gone');
      const answers = await Promise.all([
        world.root().codes(call(field, select), { i: input(idOf('User', second)) }),
        world.basic('other-root').codes(call(field, select), { i: input(idOf('User', root)) }),
      ]);
      expect(
        await world.db.user.count({
          where: { superAdmin: true, disabled: false, authMethods: { has: 'PASSWORD' }, passwordHash: { not: null } },
        }),
      ).toBe(1);
      expect(answers.flat().length).toBe(1);
      // Restores the accounts for the next mutation.
      await world.db.user.updateMany({
        where: { username: { in: ['root', 'other-root'] } },
        data: { superAdmin: true, disabled: false, authMethods: ['PASSWORD', 'API_TOKEN'] },
      });
      if ((await world.db.user.count({ where: { username: 'root' } })) === 0) {
        const { createUser } = await import('../../src/resources/identity/user/service.ts');
        await world.write((tx) =>
          createUser(
            tx,
            asSystem('USER:CREATE', 'test'),
            { username: 'root', email: 'root@localhost', password, superAdmin: true },
            15,
          ),
        );
      }
      if ((await world.db.user.count({ where: { id: otherSuper.id } })) === 0)
        otherSuper = await world.user('other-root', [], { superAdmin: true, password });
    });
  });
});
