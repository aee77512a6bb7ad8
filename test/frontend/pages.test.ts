import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDemo } from '../../src/bootstrap/demo.ts';
import { graphql } from '../generated/index.ts';
import type { Client } from '../support/client.ts';
import { World } from '../support/world.ts';

/** The queries of a custom frontend for each administration page, through its generated client. */
const SignedIn = graphql(`
  query SignedIn {
    viewer { name superAdmin credential impersonatedBy user { id email firstName lastName apiTokens { nodes { id name prefix expiresAt lastUsedAt expired } } } tenants { nodes { id key name } } }
    serverInfo { version store limits { pageSize } }
  }
`);
const UsersPage = graphql(`
  query UsersPage($tenant: String!, $first: Int, $after: String, $where: UserWhere) {
    tenant(key: $tenant) {
      users(first: $first, after: $after, where: $where, orderBy: { field: USERNAME }) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes { id username email groups { nodes { id name } } bindings { nodes { id namespaceName role { id name } } } }
      }
    }
  }
`);
const ServiceAccountsPage = graphql(`
  query ServiceAccountsPage($tenant: String!) {
    tenant(key: $tenant) {
      serviceAccounts { totalCount nodes { id name description viewerPermissions apiTokens { nodes { id name prefix maxAge extended } } bindings { nodes { namespaceName role { name } } } } }
    }
  }
`);
const CreateServiceAccount = graphql(`
  mutation CreateServiceAccount($input: CreateServiceAccountInput!) {
    createServiceAccount(input: $input) { serviceAccount { id name groups { nodes { id name } } } changes { action resourceKey } }
  }
`);
const GroupsPage = graphql(`
  query GroupsPage($tenant: String!) {
    tenant(key: $tenant) {
      groups { nodes { id name description members { totalCount nodes { name membership subject { __typename id } } } bindings { nodes { namespaceName role { name permissions { resource actions } } } } } }
    }
  }
`);
const RolesPage = graphql(`
  query RolesPage($tenant: String!) {
    tenant(key: $tenant) { roles { nodes { id name isManaged isDefault permissions { resource actions } bindings { totalCount } viewerPermissions } } }
    permissionCatalog { resource permissions { action level gates } }
  }
`);
const AccessPage = graphql(`
  query AccessPage($tenant: String!, $under: String) {
    tenant(key: $tenant) { bindings(where: { under: $under }) { totalCount nodes { id namespaceName createdAt role { name } subject { __typename ... on User { username } ... on ServiceAccount { name } ... on Group { name } } } } }
  }
`);
const NamespacePage = graphql(`
  query NamespacePage($tenant: String!, $name: String!) {
    tenant(key: $tenant) {
      namespace(name: $name) { id name declared description parent { name } children { nodes { name } } bindings { nodes { role { name } } } auditEvents(first: 5) { nodes { at action actorName } } viewerPermissions }
    }
  }
`);
const AuditLogPage = graphql(`
  query AuditLogPage($tenant: String!, $where: AuditEventWhere, $first: Int, $after: String) {
    tenant(key: $tenant) {
      auditEvents(where: $where, first: $first, after: $after) {
        streamCursor
        pageInfo { hasNextPage endCursor }
        nodes { id cursor seq at kind action outcome actorName resource resourceKey namespaceName reason patch revertPatch actor { __typename id } }
      }
    }
  }
`);
const TenantsPage = graphql(`
  query TenantsPage {
    tenants(orderBy: { field: KEY }) { totalCount nodes { id key name description createdAt viewerPermissions } }
    users(first: 5) { totalCount nodes { username superAdmin disabled locked authMethods tenants { nodes { key } } } }
    policies { name mode shadow settings }
  }
`);
const GiveRole = graphql(`
  mutation GiveRole($input: CreateBindingsInput!) {
    createBindings(input: $input) { results { binding { id role { name } } error { code message } } changes { action resourceKey } }
  }
`);

describe('the administration pages', () => {
  let world: World;
  let alice: Client;
  const tenant = 'main';
  beforeAll(async () => {
    world = await World.create();
    const demo = await loadDemo(world.app.store, world.app.services.keys, world.app.config);
    await world.app.freshness.confirm();
    alice = world.basic('alice', demo.users[0]!.password);
  });
  afterAll(() => world.close());

  it('show the signed-in user', async () => {
    const { viewer, serverInfo } = await alice.ok(SignedIn);
    expect(viewer).toMatchObject({ name: 'alice', superAdmin: false, credential: 'PASSWORD', impersonatedBy: null });
    expect(viewer.tenants!.nodes.map(({ key }) => key)).toEqual(['main']);
    expect(serverInfo.limits.pageSize).toBe(100);
  });

  it('list users page by page', async () => {
    const names: string[] = [];
    let after: string | null | undefined = null;
    do {
      const page: { nodes: { username: string }[]; pageInfo: { hasNextPage: boolean; endCursor?: string | null } } = (
        await alice.ok(UsersPage, { tenant, first: 1, after })
      ).tenant!.users!;
      names.push(...page.nodes.map(({ username }) => username));
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : undefined;
    } while (after);
    expect(names).toEqual(['alice', 'bob', 'carol']);
    const [bob] = (await alice.ok(UsersPage, { tenant, where: { text: 'BOB@' } })).tenant!.users!.nodes;
    expect(bob?.groups?.nodes.map(({ name }) => name)).toEqual(['Data']);
  });

  it('list service accounts, groups, roles and access', async () => {
    const accounts = (await alice.ok(ServiceAccountsPage, { tenant })).tenant!.serviceAccounts!;
    expect(accounts.nodes[0]).toMatchObject({
      name: 'ci-deploy',
      apiTokens: { nodes: [{ name: 'build-server', maxAge: 'P90D' }] },
    });
    const [group] = (await alice.ok(GroupsPage, { tenant })).tenant!.groups!.nodes;
    expect(group?.members?.nodes).toMatchObject([
      { name: 'bob', membership: 'OWNER', subject: { __typename: 'User' } },
    ]);
    expect(group?.bindings?.nodes[0]).toMatchObject({ namespaceName: 'company.data', role: { name: 'Editor' } });
    const roles = await alice.ok(RolesPage, { tenant });
    expect(roles.tenant?.roles?.nodes.filter(({ isManaged }) => isManaged)).toHaveLength(5);
    expect(roles.permissionCatalog.find(({ resource }) => resource === 'FLOW')?.permissions).toHaveLength(4);
    const access = (await alice.ok(AccessPage, { tenant, under: 'company' })).tenant!.bindings!;
    expect(access.nodes.map(({ namespaceName }) => namespaceName).sort()).toEqual(['company', 'company.data']);
  });

  it('show a namespace, and the audit log with its filters', async () => {
    const { namespace } = (await alice.ok(NamespacePage, { tenant, name: 'company.data' })).tenant!;
    expect(namespace).toMatchObject({
      declared: true,
      parent: { name: 'company' },
      children: { nodes: [{ name: 'company.data.ingest' }] },
    });
    const log = (await alice.ok(AuditLogPage, { tenant, where: { resource: ['BINDING'], kind: ['CREATE'] }, first: 2 }))
      .tenant!.auditEvents!;
    expect(log.nodes).toHaveLength(2);
    expect(log.pageInfo.hasNextPage).toBe(true);
    expect(log.nodes.every(({ patch }) => patch !== null)).toBe(true);
    const flow = {
      namespaceName: 'company.data',
      flowId: 'ingest',
      actorKind: ['SYSTEM' as const],
      details: ['kind:x'],
    };
    expect((await alice.ok(AuditLogPage, { tenant, where: flow })).tenant!.auditEvents!.nodes).toEqual([]);
    const from = new Date(Date.now() + 60_000).toISOString();
    expect((await alice.ok(AuditLogPage, { tenant, where: { from } })).tenant!.auditEvents!.nodes).toEqual([]);
  });

  it('show tenants and the instance to a super admin', async () => {
    const page = await world.root().ok(TenantsPage);
    expect(page.tenants!.nodes).toMatchObject([
      { key: 'main', viewerPermissions: ['CREATE', 'READ', 'UPDATE', 'DELETE'] },
    ]);
    expect(page.users!.totalCount).toBe(4);
    expect(page.policies?.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['frozen-namespaces', 'token-hygiene', 'impersonation']),
    );
  });

  it('grant a role, first as a dry run', async () => {
    const roles = (await alice.ok(RolesPage, { tenant })).tenant!.roles!.nodes;
    const carol = (await alice.ok(UsersPage, { tenant, where: { username: 'carol' } })).tenant!.users!.nodes[0]!;
    const input = {
      tenantKey: tenant,
      bindings: [
        { subject: carol.id, role: roles.find(({ name }) => name === 'Launcher')!.id, namespaceName: 'company.sales' },
      ],
    };
    const dry = (await alice.ok(GiveRole, { input: { ...input, dryRun: true } })).createBindings!;
    expect(dry.changes).toMatchObject([
      { action: 'binding.create', resourceKey: 'user:carol as Launcher in company.sales' },
    ]);
    const done = (await alice.ok(GiveRole, { input })).createBindings!;
    expect(done.results[0]).toMatchObject({ binding: { role: { name: 'Launcher' } }, error: null });
    expect(done.changes).toBeNull();
  });

  it('create a service account in a group, first as a dry run', async () => {
    const [group] = (await alice.ok(GroupsPage, { tenant })).tenant!.groups!.nodes;
    const input = { tenantKey: tenant, name: 'ci-test', groups: [group!.id] };
    const dry = (await alice.ok(CreateServiceAccount, { input: { ...input, dryRun: true } })).createServiceAccount!;
    expect(dry.changes?.map(({ action }) => action)).toContain('group.add-member');
    const made = (await alice.ok(CreateServiceAccount, { input })).createServiceAccount!;
    expect(made.serviceAccount?.groups?.nodes).toEqual([{ id: group!.id, name: group!.name }]);
  });

  it('run as many statements for many rows as for few', async () => {
    const pages = [GroupsPage, ServiceAccountsPage, RolesPage, AccessPage, UsersPage] as const;
    const measure = async () => {
      const counts: number[] = [];
      for (const page of pages) {
        await alice.ok(page as never, { tenant } as never);
        counts.push(await world.statements(() => alice.ok(page as never, { tenant } as never)));
      }
      return counts;
    };
    const few = await measure();
    const main = await world.db.tenant.findUniqueOrThrow({ where: { key: 'main' } });
    const viewer = await world.managed(main, 'Viewer');
    for (let i = 0; i < 12; i += 1) {
      const group = await world.group(main, `More ${i}`);
      const user = await world.user(`more-${i}`, [main]);
      await world.member(main, group, user);
      await world.bind(main, { group }, viewer, `more.n${i}`);
      await world.bind(main, { principal: user }, viewer);
      await world.token(await world.account(main, `more-${i}`));
    }
    const many = await measure();
    console.log(`statements for a page of few and of many: ${pages.map((_, i) => `${few[i]} ${many[i]}`).join(', ')}`);
    // Groups of users are read over two relations: one statement for each user of the page (see the README).
    const perUser = [0, 0, 0, 0, 12];
    for (const [i, count] of many.entries()) expect(count, `page ${i}`).toBeLessThanOrEqual(few[i]! + 3 + perUser[i]!);
  });
});
