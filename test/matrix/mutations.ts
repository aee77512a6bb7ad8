import { idOf } from '../support/world.ts';
import { type Attempt, type Attempting, attempt } from './attempt.ts';
import { cells } from './cells.ts';
import type { Stage } from './stage.ts';

const base: Record<string, Record<string, Attempting>> = {
  'TENANT:CREATE': {
    createTenant: async (stage) => {
      const key = stage.name('t');
      return attempt(
        'createTenant',
        'CreateTenantInput',
        'tenant { id }',
        { key },
        async () => (await stage.world.db.tenant.count({ where: { key } })) === 1,
      );
    },
  },
  'TENANT:UPDATE': {
    updateTenant: async (stage) => {
      const name = stage.name('renamed');
      return attempt(
        'updateTenant',
        'UpdateTenantInput',
        'tenant { id }',
        { id: idOf('Tenant', stage.a), name },
        async () => (await stage.world.db.tenant.count({ where: { name } })) === 1,
      );
    },
  },
  'TENANT:DELETE': {
    deleteTenant: async (stage) => {
      const tenant = await stage.world.tenant(stage.name('t'));
      return attempt(
        'deleteTenant',
        'DeleteTenantInput',
        'key',
        { id: idOf('Tenant', tenant) },
        async () => (await stage.world.db.tenant.count({ where: { id: tenant.id } })) === 0,
      );
    },
  },
  'USER:CREATE': {
    createUser: async (stage) => {
      const username = stage.name('new');
      return attempt(
        'createUser',
        'CreateUserInput',
        'user { id }',
        { username, email: `${username}@people.example` },
        async () => (await stage.world.db.user.count({ where: { username } })) === 1,
      );
    },
  },
  'USER:UPDATE': {
    updateUser: async (stage) =>
      onUser(stage, 'updateUser', 'UpdateUserInput', { firstName: 'Changed' }, { firstName: 'Changed' }),
    setUserPassword: async (stage) =>
      onUser(
        stage,
        'setUserPassword',
        'SetUserPasswordInput',
        { password: 'quite another passphrase' },
        { passwordHash: { not: null } },
      ),
    setAuthMethods: async (stage) =>
      onUser(
        stage,
        'setAuthMethods',
        'SetAuthMethodsInput',
        { methods: ['API_TOKEN'] },
        { authMethods: { equals: ['API_TOKEN'] } },
      ),
    setUserDisabled: async (stage) =>
      onUser(stage, 'setUserDisabled', 'SetUserDisabledInput', { disabled: true }, { disabled: true }),
    unlockUser: async (stage) => {
      const username = stage.name('locked');
      const user = await stage.world.user(username);
      const lockedUntil = new Date(Date.now() + 60_000);
      await stage.world.db.signInFailure.create({
        data: { account: username, address: '192.0.2.1', recent: [], lockedUntil, updatedAt: new Date() },
      });
      return attempt(
        'unlockUser',
        'UnlockUserInput',
        'user { id }',
        { id: idOf('User', user) },
        async () =>
          (await stage.world.db.signInFailure.count({ where: { account: username, lockedUntil: null } })) === 1,
      );
    },
  },
  'USER:DELETE': {
    deleteUser: async (stage) => {
      const user = await stage.world.user(stage.name('doomed'));
      return attempt(
        'deleteUser',
        'DeleteUserInput',
        'deletedId',
        { id: idOf('User', user) },
        async () => (await stage.world.db.user.count({ where: { id: user.id } })) === 0,
      );
    },
  },
  'TENANT_ACCESS:CREATE': {
    grantTenantAccess: async (stage) => {
      const user = await stage.world.user(stage.name('guest'));
      return attempt(
        'grantTenantAccess',
        'GrantTenantAccessInput',
        'user { id }',
        { tenantKey: 'a', username: user.username },
        async () =>
          (await stage.world.db.tenantAccess.count({ where: { tenantId: stage.a.id, principalId: user.id } })) === 1,
      );
    },
  },
  'TENANT_ACCESS:DELETE': {
    revokeTenantAccess: async (stage) => {
      const user = await stage.world.user(stage.name('leaver'), [stage.a]);
      return attempt(
        'revokeTenantAccess',
        'RevokeTenantAccessInput',
        'subjectId',
        { tenantKey: 'a', subject: idOf('User', user) },
        async () => (await stage.world.db.tenantAccess.count({ where: { principalId: user.id } })) === 0,
      );
    },
  },
  'SERVICE_ACCOUNT:CREATE': {
    createServiceAccount: async (stage) => {
      const name = stage.name('robot');
      return attempt(
        'createServiceAccount',
        'CreateServiceAccountInput',
        'serviceAccount { id }',
        { tenantKey: 'a', name },
        async () => (await stage.world.db.serviceAccount.count({ where: { name } })) === 1,
      );
    },
  },
  'SERVICE_ACCOUNT:UPDATE': {
    updateServiceAccount: async (stage) => {
      const account = await stage.world.account(stage.a, stage.name('robot'));
      return attempt(
        'updateServiceAccount',
        'UpdateServiceAccountInput',
        'serviceAccount { id }',
        { id: idOf('ServiceAccount', account), description: 'x' },
        async () => (await stage.world.db.serviceAccount.count({ where: { id: account.id, description: 'x' } })) === 1,
      );
    },
  },
  'SERVICE_ACCOUNT:DELETE': {
    deleteServiceAccount: async (stage) => {
      const account = await stage.world.account(stage.a, stage.name('robot'));
      return attempt(
        'deleteServiceAccount',
        'DeleteServiceAccountInput',
        'deletedId',
        { id: idOf('ServiceAccount', account) },
        async () => (await stage.world.db.serviceAccount.count({ where: { id: account.id } })) === 0,
      );
    },
  },
  'POLICY:UPDATE': {
    setPolicyConfiguration: async (stage) => {
      const hint = stage.name('hint');
      const rule = { resource: 'SERVICE_ACCOUNT', pattern: '.*', hint };
      return attempt(
        'setPolicyConfiguration',
        'SetPolicyConfigurationInput',
        'policies { name }',
        { policies: { naming: { rules: [rule] } } },
        async () => {
          const state = await stage.world.db.accessState.findUniqueOrThrow({ where: { id: 1 } });
          return JSON.stringify(state.configuration).includes(hint);
        },
      );
    },
  },
  'API_TOKEN:CREATE': {
    createApiToken: async (stage) => {
      const account = await stage.world.account(stage.a, stage.name('robot'));
      return attempt(
        'createApiToken',
        'CreateApiTokenInput',
        'fullToken',
        { owner: idOf('ServiceAccount', account), name: 'mine' },
        async () => (await stage.world.db.apiToken.count({ where: { principalId: account.id } })) === 1,
      );
    },
  },
  'API_TOKEN:UPDATE': {
    rotateApiToken: async (stage) => {
      const { account, id } = await withToken(stage);
      return attempt(
        'rotateApiToken',
        'RotateApiTokenInput',
        'fullToken',
        { id },
        async () => (await stage.world.db.apiToken.count({ where: { principalId: account.id } })) === 2,
      );
    },
  },
  'API_TOKEN:DELETE': {
    revokeApiToken: async (stage) => {
      const { account, id } = await withToken(stage);
      return attempt(
        'revokeApiToken',
        'RevokeApiTokenInput',
        'apiToken { id }',
        { id },
        async () =>
          (await stage.world.db.apiToken.count({ where: { principalId: account.id, revokedAt: { not: null } } })) === 1,
      );
    },
  },
  'GROUP:CREATE': {
    createGroup: async (stage) => {
      const name = stage.name('Group');
      return attempt(
        'createGroup',
        'CreateGroupInput',
        'group { id }',
        { tenantKey: 'a', name },
        async () => (await stage.world.db.group.count({ where: { name } })) === 1,
      );
    },
  },
  'GROUP:UPDATE': {
    updateGroup: async (stage) => {
      const group = await stage.world.group(stage.a, stage.name('Group'));
      return attempt(
        'updateGroup',
        'UpdateGroupInput',
        'group { id }',
        { id: idOf('Group', group), description: 'x' },
        async () => (await stage.world.db.group.count({ where: { id: group.id, description: 'x' } })) === 1,
      );
    },
    addGroupMember: async (stage) => {
      const group = await stage.world.group(stage.a, stage.name('Group'));
      return attempt(
        'addGroupMember',
        'AddGroupMemberInput',
        'group { id }',
        { group: idOf('Group', group), subject: idOf('User', stage.person) },
        async () => (await stage.world.db.groupMember.count({ where: { groupId: group.id } })) === 1,
      );
    },
    setGroupMembership: async (stage) => {
      const group = await withMember(stage);
      const variables = { group: idOf('Group', group), subject: idOf('User', stage.person), membership: 'OWNER' };
      return attempt(
        'setGroupMembership',
        'SetGroupMembershipInput',
        'group { id }',
        variables,
        async () =>
          (await stage.world.db.groupMember.count({ where: { groupId: group.id, membership: 'OWNER' } })) === 1,
      );
    },
    removeGroupMember: async (stage) => {
      const group = await withMember(stage);
      return attempt(
        'removeGroupMember',
        'RemoveGroupMemberInput',
        'group { id }',
        { group: idOf('Group', group), subject: idOf('User', stage.person) },
        async () => (await stage.world.db.groupMember.count({ where: { groupId: group.id } })) === 0,
      );
    },
  },
  'GROUP:DELETE': {
    deleteGroup: async (stage) => {
      const group = await stage.world.group(stage.a, stage.name('Group'));
      return attempt(
        'deleteGroup',
        'DeleteGroupInput',
        'deletedId',
        { id: idOf('Group', group) },
        async () => (await stage.world.db.group.count({ where: { id: group.id } })) === 0,
      );
    },
  },
  'ROLE:CREATE': {
    createRole: async (stage) => {
      const name = stage.name('Role');
      return attempt(
        'createRole',
        'CreateRoleInput',
        'role { id }',
        { tenantKey: 'a', name, permissions: [] },
        async () => (await stage.world.db.role.count({ where: { name } })) === 1,
      );
    },
  },
  'ROLE:UPDATE': {
    updateRole: async (stage) => {
      const role = await stage.world.role(stage.a, stage.name('Role'), []);
      return attempt(
        'updateRole',
        'UpdateRoleInput',
        'role { id }',
        { id: idOf('Role', role), description: 'x' },
        async () => (await stage.world.db.role.count({ where: { id: role.id, description: 'x' } })) === 1,
      );
    },
  },
  'ROLE:DELETE': {
    deleteRole: async (stage) => {
      const role = await stage.world.role(stage.a, stage.name('Role'), []);
      return attempt(
        'deleteRole',
        'DeleteRoleInput',
        'deletedId',
        { id: idOf('Role', role) },
        async () => (await stage.world.db.role.count({ where: { id: role.id } })) === 0,
      );
    },
  },
  'BINDING:CREATE': {
    createBindings: async (stage) => {
      const user = await stage.world.user(stage.name('bound'), [stage.a]);
      const bindings = [
        { subject: idOf('User', user), role: idOf('Role', stage.emptyRole), namespaceName: 'company.x' },
      ];
      return attempt(
        'createBindings',
        'CreateBindingsInput',
        'results { error { code } }',
        { tenantKey: 'a', bindings },
        async () => (await stage.world.db.binding.count({ where: { principalId: user.id } })) === 1,
      );
    },
  },
  'BINDING:DELETE': {
    deleteBindings: async (stage) => {
      const user = await stage.world.user(stage.name('bound'), [stage.a]);
      const binding = await stage.world.bind(stage.a, { principal: user }, stage.emptyRole, 'company.x');
      return attempt(
        'deleteBindings',
        'DeleteBindingsInput',
        'results { error { code } }',
        { tenantKey: 'a', ids: [idOf('Binding', binding)] },
        async () => (await stage.world.db.binding.count({ where: { id: binding.id } })) === 0,
      );
    },
  },
  'NAMESPACE:CREATE': {
    createNamespace: async (stage) => {
      const name = `company.x.${stage.name('n')}`;
      return attempt(
        'createNamespace',
        'CreateNamespaceInput',
        'namespace { id }',
        { tenantKey: 'a', name },
        async () => (await stage.world.db.namespace.count({ where: { namespace: name, declared: true } })) === 1,
      );
    },
  },
  'NAMESPACE:UPDATE': {
    updateNamespace: async (stage) => {
      const namespace = await stage.world.namespace(stage.a, `company.x.${stage.name('n')}`);
      return attempt(
        'updateNamespace',
        'UpdateNamespaceInput',
        'namespace { id }',
        { id: idOf('Namespace', namespace), description: 'x' },
        async () => (await stage.world.db.namespace.count({ where: { id: namespace.id, description: 'x' } })) === 1,
      );
    },
  },
  'SECRET:CREATE': {
    putSecret: async (stage) => {
      const key = stage.name('K').replaceAll('-', '_');
      return attempt(
        'putSecret',
        'PutSecretInput',
        'secret { id }',
        { tenantKey: 'a', namespaceName: 'company.x', key, value: 'v' },
        async () => (await stage.world.db.secret.count({ where: { key } })) === 1,
      );
    },
  },
  'SECRET:UPDATE': {
    updateSecret: async (stage) => {
      const secret = await stage.newSecret();
      return attempt(
        'updateSecret',
        'UpdateSecretInput',
        'secret { id }',
        { id: idOf('Secret', secret), value: 'other' },
        async () =>
          (await stage.world.db.secret.findUniqueOrThrow({ where: { id: secret.id } })).sealed !== secret.sealed,
      );
    },
  },
  'SECRET:DELETE': {
    deleteSecret: async (stage) => {
      const secret = await stage.newSecret();
      return attempt(
        'deleteSecret',
        'DeleteSecretInput',
        'deletedId',
        { id: idOf('Secret', secret) },
        async () => (await stage.world.db.secret.count({ where: { id: secret.id } })) === 0,
      );
    },
  },
  'NAMESPACE:DELETE': {
    deleteNamespace: async (stage) => {
      const namespace = await stage.world.namespace(stage.a, `company.x.${stage.name('n')}`);
      return attempt(
        'deleteNamespace',
        'DeleteNamespaceInput',
        'deletedId',
        { id: idOf('Namespace', namespace) },
        async () => (await stage.world.db.namespace.count({ where: { id: namespace.id } })) === 0,
      );
    },
  },
};

async function onUser(
  stage: Stage,
  field: string,
  input: string,
  variables: Record<string, unknown>,
  where: Record<string, unknown>,
): Promise<Attempt> {
  const user = await stage.world.user(stage.name('changed'));
  return attempt(
    field,
    input,
    'user { id }',
    { id: idOf('User', user), ...variables },
    async () => (await stage.world.db.user.count({ where: { id: user.id, ...where } })) === 1,
  );
}

async function withToken(stage: Stage) {
  const account = await stage.world.account(stage.a, stage.name('robot'));
  await stage.world.token(account);
  const token = await stage.world.db.apiToken.findFirstOrThrow({ where: { principalId: account.id } });
  return { account, id: idOf('ApiToken', token) };
}

async function withMember(stage: Stage) {
  const group = await stage.world.group(stage.a, stage.name('Group'));
  await stage.world.member(stage.a, group, stage.person);
  return group;
}

/** Every mutation of each permission, each on its own object in tenant a (namespace company.x). */
export const mutations: Record<string, Record<string, Attempting>> = {};
for (const part of [base, ...cells.map((one) => one.mutations)])
  for (const [permission, byField] of Object.entries(part ?? {}))
    mutations[permission] = { ...mutations[permission], ...byField };
