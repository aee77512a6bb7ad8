import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { graphql } from '../generated/index.ts';
import type { Client } from '../support/client.ts';
import { password, World } from '../support/world.ts';

const apply = graphql(`
  mutation ApplyDescription($tenant: String!, $description: JSON!, $prune: Boolean, $dryRun: Boolean) {
    applyDescription(input: { tenantKey: $tenant, description: $description, prune: $prune, dryRun: $dryRun }) {
      tenantKey created updated deleted kept changes { action resourceKey namespaceName }
    }
  }
`);

const described = {
  name: 'Company',
  description: 'All of it.',
  people: [
    { username: 'ann', email: 'ann@people.example', firstName: 'Ann' },
    { username: 'ben', email: 'ben@people.example' },
    { username: 'cleo', email: 'cleo@people.example' },
  ],
  users: ['ann', 'ben', 'cleo'],
  serviceAccounts: [{ name: 'ci', description: 'Builds.' }],
  roles: [{ name: 'reader', permissions: { FLOW: ['READ'], EXECUTION: ['READ'] } }],
  groups: [
    { name: 'Data', description: 'The data team.', owners: ['ann'], members: ['ben', 'service-account:ci'] },
    { name: 'Empty' },
  ],
  bindings: [
    { group: 'Data', role: 'reader', namespace: 'company.data' },
    { user: 'cleo', role: 'Viewer' },
    { serviceAccount: 'ci', role: 'Launcher', namespace: 'company' },
  ],
};

describe('a description', () => {
  let world: World;
  const seq = async (tenant?: Tenant): Promise<number> =>
    world.db.auditEvent.count({ where: tenant ? { tenantId: tenant.id } : {} });
  const run = async (client: Client, tenant: string, description: unknown, options: object = {}) => {
    const { data, errors } = await client.run(apply, { tenant, description, ...options });
    return { applied: data?.applyDescription, errors, codes: errors.map(({ extensions }) => extensions.code) };
  };
  const issuesOf = ({ errors }: Awaited<ReturnType<typeof run>>) =>
    (errors[0]?.extensions['issues'] as { path: (string | number)[]; message: string }[] | undefined) ?? [];
  const paths = (answer: Awaited<ReturnType<typeof run>>) =>
    issuesOf(answer).map(({ path }) => path.slice(2).join('.'));
  const tenantOf = (key: string) => world.db.tenant.findUniqueOrThrow({ where: { key } });
  const adminOf = async (tenant: Tenant, username: string): Promise<Client> => {
    const user = await world.user(username, [tenant]);
    await world.bind(tenant, { principal: user }, await world.managed(tenant, 'Admin'));
    return world.as(user);
  };

  beforeAll(async () => {
    world = await World.create();
  });
  afterAll(() => world.close());

  it('creates a tenant with its contents; applied again, it changes nothing and writes no event', async () => {
    const first = await run(world.root(), 'company', described);
    expect(first.errors).toEqual([]);
    expect(first.applied).toMatchObject({ tenantKey: 'company', deleted: 0, kept: [], changes: null });
    const tenant = await tenantOf('company');
    const groups = await world.db.group.findMany({
      where: { tenantId: tenant.id },
      include: { members: true },
      orderBy: { name: 'asc' },
    });
    expect(groups.map(({ name, members }) => [name, members.map(({ membership }) => membership).sort()])).toEqual([
      ['Data', ['MEMBER', 'MEMBER', 'OWNER']],
      ['Empty', []],
    ]);
    expect(await world.db.binding.count({ where: { tenantId: tenant.id } })).toBe(3);
    const actions = await world.db.auditEvent.groupBy({
      by: ['action'],
      where: { tenantId: tenant.id },
      _count: { id: true },
    });
    expect(Object.fromEntries(actions.map(({ action, _count }) => [action, _count.id]))).toEqual({
      'tenant.create': 1,
      'role.create': 6,
      'tenant-access.create': 4,
      'service-account.create': 1,
      'group.create': 2,
      'group.add-member': 3,
      'binding.create': 3,
    });
    const before = await seq();
    for (const prune of [false, true]) {
      const again = await run(world.root(), 'company', described, { prune });
      expect(again.errors).toEqual([]);
      expect(again.applied).toMatchObject({ created: 0, updated: 0, deleted: 0, kept: [] });
    }
    expect(await seq()).toBe(before);
  });

  it('updates what differs and keeps what is omitted', async () => {
    const { applied, errors } = await run(world.root(), 'company', {
      people: [{ username: 'ann', email: 'ann@people.example', lastName: 'Lee' }],
      roles: [{ name: 'reader', description: 'Reads.', permissions: { FLOW: ['READ'] } }],
      groups: [{ name: 'data', owners: ['ben'] }],
    });
    expect(errors).toEqual([]);
    expect(applied).toMatchObject({ created: 0, updated: 4, deleted: 0 });
    const ann = await world.db.user.findUniqueOrThrow({ where: { usernameKey: 'ann' } });
    expect([ann.firstName, ann.lastName]).toEqual(['Ann', 'Lee']);
    expect((await run(world.root(), 'company', described)).applied).toMatchObject({ created: 0, updated: 3 });
  });

  it('reports its changes in a dry run, and applies none', async () => {
    const before = await seq();
    const { applied, errors } = await run(
      world.root(),
      'company',
      {
        ...described,
        groups: [described.groups[0], { name: 'New', members: ['cleo'] }],
        bindings: described.bindings.slice(0, 2),
      },
      { prune: true, dryRun: true },
    );
    expect(errors).toEqual([]);
    expect(applied!.changes!.map((c) => `${c.action} ${c.resourceKey}`)).toEqual([
      'binding.delete service-account:ci as Launcher in company',
      'group.delete Empty',
      'group.create New',
      'group.add-member New/user:cleo',
    ]);
    expect(applied).toMatchObject({ created: 1, updated: 1, deleted: 2 });
    expect(await seq()).toBe(before);
    const absent = await run(world.root(), 'not-yet', { name: 'x' }, { dryRun: true });
    expect(absent.applied!.changes![0]).toMatchObject({ action: 'tenant.create', resourceKey: 'not-yet' });
    expect(await world.db.tenant.count({ where: { key: 'not-yet' } })).toBe(0);
  });

  it("deletes only on request, and never managed roles, users themselves or the caller's access", async () => {
    const tenant = await world.tenant('prune');
    const admin = await adminOf(tenant, 'pruner');
    const small = { users: ['pat'], groups: [], roles: [], bindings: [], serviceAccounts: [], namespaces: [] };
    await world.user('pat', [tenant]);
    const old = await world.user('old', [tenant]);
    const mine = await world.group(tenant, 'Mine');
    await world.member(tenant, mine, await world.db.user.findUniqueOrThrow({ where: { usernameKey: 'pruner' } }));
    const theirs = await world.group(tenant, 'Theirs');
    await world.member(tenant, theirs, old, 'OWNER');
    const role = await world.role(tenant, 'custom', ['FLOW:READ']);
    await world.bind(tenant, { group: theirs }, role, 'a.b');
    const bound = await world.role(tenant, 'of mine', ['FLOW:READ']);
    await world.bind(tenant, { group: mine }, bound);
    await world.account(tenant, 'robot');
    await world.namespace(tenant, 'declared');

    expect((await run(admin, 'prune', small)).applied).toMatchObject({ created: 0, updated: 0, deleted: 0 });
    const { applied, errors } = await run(admin, 'prune', small, { prune: true });
    expect(errors).toEqual([]);
    expect([...applied!.kept].sort()).toEqual([
      'access of pruner',
      'binding as Admin',
      'binding as of mine',
      'group Mine',
      'role of mine',
    ]);
    const names = async (rows: Promise<{ name: string }[]>) => (await rows).map(({ name }) => name).sort();
    const where = { tenantId: tenant.id };
    expect(await names(world.db.group.findMany({ where }))).toEqual(['Mine']);
    expect(await names(world.db.role.findMany({ where: { ...where, isManaged: false } }))).toEqual(['of mine']);
    expect(await world.db.role.count({ where: { ...where, isManaged: true } })).toBe(5);
    expect(await names(world.db.serviceAccount.findMany({ where }))).toEqual([]);
    expect(await world.db.namespace.count({ where })).toBe(0);
    expect(await world.db.tenantAccess.count({ where: { ...where, principalId: old.id } })).toBe(0);
    expect(await world.db.user.count({ where: { id: old.id } })).toBe(1);
    const silent = await run(admin, 'prune', { name: 'prune' }, { prune: true });
    expect(silent.applied).toMatchObject({ deleted: 0 });
  });

  it('is applied completely or not at all', async () => {
    const tenant = await world.tenant('whole');
    await world.user('taken');
    const before = await seq();
    const faulty = {
      users: ['taken'],
      groups: [{ name: 'Made first', members: ['taken'] }],
      roles: [{ name: 'ok', permissions: { FLOW: ['READ'] } }],
      serviceAccounts: [{ name: 'acc' }],
      namespaces: [{ name: 'needs.more' }],
    };
    // A super admin administers access everywhere and has no namespaces.
    const answer = await run(world.root(), 'whole', faulty);
    expect(answer.codes).toEqual(['FORBIDDEN']);
    expect(paths(answer)).toEqual(['namespaces']);
    expect(await world.db.group.count({ where: { tenantId: tenant.id } })).toBe(0);
    expect(await world.db.auditEvent.count({ where: { outcome: 'SUCCESS' } })).toBe(before);

    // After the same description makes them Admin, they can.
    const root = { ...faulty, users: ['taken', 'root'], bindings: [{ user: 'root', role: 'Admin' }] };
    expect((await run(world.root(), 'whole', root)).errors).toEqual([]);
    expect(await world.db.namespace.findMany({ where: { tenantId: tenant.id, declared: true } })).toHaveLength(1);
  });

  it('grants nothing that its sender does not have, and requires every permission separately', async () => {
    const tenant = await world.tenant('limits');
    const lead = await world.user('lead', [tenant]);
    const read = ['GROUP:READ', 'ROLE:READ', 'BINDING:READ', 'TENANT_ACCESS:READ'] as const;
    await world.grant(tenant, lead, [...read, 'GROUP:CREATE', 'ROLE:CREATE', 'BINDING:CREATE', 'FLOW:READ']);
    const client = await world.as(lead);
    const refused = async (description: unknown, path: string, policy: string) => {
      const answer = await run(client, 'limits', description);
      expect(answer.codes).toEqual(['FORBIDDEN']);
      expect(paths(answer)).toEqual([path]);
      expect(answer.errors[0]!.extensions['policy']).toBe(policy);
      expect(await world.db.group.count({ where: { tenantId: tenant.id } })).toBe(0);
    };
    const groups = [{ name: 'Team' }];
    await refused(
      { groups, roles: [{ name: 'more', permissions: { FLOW: ['READ', 'DELETE'] } }] },
      'roles.0',
      'handing-on',
    );
    await refused({ groups, bindings: [{ group: 'Team', role: 'Admin' }] }, 'bindings.0', 'handing-on');
    await refused({ groups: [{ name: 'Team', members: ['lead'] }] }, 'groups.0.members.0', 'roles');
    await refused({ groups, name: 'Renamed' }, '', 'roles');
    await refused({ groups, serviceAccounts: [] }, '', 'roles');
    await refused({ groups, people: [{ username: 'x', email: 'x@people.example' }] }, 'people.0', 'roles');
    const allowed = {
      groups,
      roles: [{ name: 'flows', permissions: { FLOW: ['READ'] } }],
      bindings: [{ group: 'Team', role: 'flows' }],
    };
    expect((await run(client, 'limits', allowed)).errors).toEqual([]);
    // Without the permission to read a kind, "no difference" must not reveal what exists.
    const guest = await world.as(await world.user('guest', [tenant]));
    expect((await run(guest, 'limits', { groups })).codes).toEqual(['FORBIDDEN']);
    expect((await run(guest, 'company', { groups })).codes).toEqual(['NOT_FOUND']);
    expect((await run(guest, 'nowhere', { groups })).codes).toEqual(['NOT_FOUND']);
    const creator = await world.user('creator');
    await world.grant(null, creator, ['TENANT:CREATE']);
    const [error] = (await run(await world.as(creator), 'nowhere', {})).errors;
    expect(error!.message).toMatch(/Create it first/);
  });

  it('refuses to add a principal who would have more than the sender', async () => {
    const tenant = await world.tenant('letting');
    const group = await world.group(tenant, 'Strong');
    await world.bind(tenant, { group }, await world.managed(tenant, 'Admin'));
    const keeper = await world.user('keeper', [tenant]);
    await world.grant(tenant, keeper, ['GROUP:READ', 'GROUP:UPDATE', 'TENANT_ACCESS:READ']);
    const answer = await run(await world.as(keeper), 'letting', { groups: [{ name: 'Strong', members: ['keeper'] }] });
    expect(answer.codes).toEqual(['FORBIDDEN']);
    expect(paths(answer)).toEqual(['groups.0.members.0']);
  });

  it('is checked by policies that review changes, and the error names the refused items', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-policy-'));
    writeFileSync(
      join(folder, 'no-guests.js'),
      `const isGuest = ({ after }) => /guest/.test(after?.username ?? after?.member ?? after?.name ?? '');
      export default {
        name: 'no-guests', description: 'No guests.', resources: ['USER', 'GROUP', 'SERVICE_ACCOUNT'],
        create: () => ({
          evaluate: () => ({ effect: 'abstain' }),
          review: (_request, change) => isGuest(change) ? { effect: 'deny', reason: 'no guests' } : { effect: 'abstain' },
        }),
      };`,
    );
    const guarded = await World.create({ config: { policyFolders: [folder] } });
    try {
      const person = (name: string) => ({ username: name, email: `${name}@people.example` });
      const refused = async (description: object, path: string) => {
        const answer = await run(guarded.root(), 'club', description);
        expect(answer.codes).toEqual(['FORBIDDEN']);
        expect(answer.errors[0]!.extensions['policy']).toBe('no-guests');
        expect(paths(answer)).toEqual([path]);
      };
      await refused({ people: [person('ann'), person('guest1'), person('ben')] }, 'people.1');
      await refused({ groups: [{ name: 'Us' }, { name: 'guests' }] }, 'groups.1');
      await refused({ serviceAccounts: [{ name: 'guest' }] }, 'serviceAccounts.0');
      expect(await guarded.db.tenant.count()).toBe(0);
      const tenant = await guarded.tenant('club');
      await guarded.user('guest2', [tenant]);
      await guarded.user('ann', [tenant]);
      await refused({ groups: [{ name: 'Us', owners: ['ann'], members: ['guest2'] }] }, 'groups.0.members.0');
      expect(await guarded.db.group.count()).toBe(0);
    } finally {
      await guarded.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('reports every fault with its path', async () => {
    const content = await run(world.root(), 'company', {
      users: ['ann', 'ANN', 'no blanks'],
      roles: [{ name: 'r', permissions: { FLOW: ['FLY'], KITE: ['READ'] } }],
      bindings: [{ role: 'r' }],
      surprise: 1,
    });
    expect(content.codes).toEqual(['BAD_INPUT']);
    expect(paths(content)).toEqual(
      expect.arrayContaining([
        'users.2',
        'roles.0.permissions.FLOW.0',
        'roles.0.permissions.KITE.0',
        'bindings.0',
        'surprise',
      ]),
    );
    expect(paths(await run(world.root(), 'company', { users: ['ann', 'ANN'] }))).toEqual(['users.1']);
    const names = await run(world.root(), 'company', {
      users: ['ann'],
      groups: [{ name: 'G', owners: ['nobody'], members: ['service-account:none', 'ann'] }],
      bindings: [
        { user: 'ann', role: 'No such role' },
        { group: 'No such group', role: 'Viewer' },
      ],
    });
    expect(names.codes).toEqual(['BAD_INPUT']);
    expect(paths(names)).toEqual(['groups.0.owners.0', 'groups.0.members.0', 'bindings.0.role', 'bindings.1.group']);
    const unknown = await run(world.root(), 'company', { users: ['ann', 'stranger', 'ben', 'stranger2'] });
    expect(paths(unknown)).toEqual(['users.1', 'users.3']);
  });
});

describe('gatehouse apply', () => {
  let world: World;
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-apply-'));
  const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const gatehouse = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
    new Promise((done) => {
      // Credentials from the environment, unless passed as arguments.
      const env = { ...process.env, GATEHOUSE_USER: `root:${password}` };
      execFile(process.execPath, [main, 'apply', ...args], { env }, (error, out, err) =>
        done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err }),
      );
    });
  const signedIn = () => ['--server', world.urls[0]!];

  const yaml = `# Two tenants.
tenants:
  - key: one
    users: [dora]
    groups:
      - name: Team
        members: [dora]
  - key: two
    users:
      - dora
      - emil
    roles:
      - name: reader
        permissions:
          FLOW: [READ]
    bindings:
      - user: emil
        role: reader
users:
  - { username: dora, email: dora@people.example }
  - { username: emil, email: emil@people.example }
  - { username: fritz, email: fritz@people.example }
`;

  beforeAll(async () => {
    world = await World.create();
  });
  afterAll(async () => {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('applies a file, shows the difference first, and then finds nothing to do', async () => {
    const file = write('good.yaml', yaml);
    const dry = await gatehouse(file, ...signedIn(), '--dry-run');
    expect(dry).toMatchObject({ code: 0, err: '' });
    expect(dry.out).toContain('+ group.add-member Team/user:dora');
    expect(dry.out).toContain('one: would be ');
    expect(await world.db.tenant.count()).toBe(0);
    const first = await gatehouse(file, ...signedIn());
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(await world.db.user.count()).toBe(4);
    const events = await world.db.auditEvent.count();
    const again = await gatehouse(file, ...signedIn(), '--prune');
    expect(again).toEqual({ code: 0, err: '', out: 'one: no changes\ntwo: no changes\n' });
    expect(await world.db.auditEvent.count()).toBe(events);

    const root = await world.db.user.findUniqueOrThrow({ where: { usernameKey: 'root' } });
    const token = await world.token(root);
    const json = write(
      'one.json',
      JSON.stringify({ tenant: { key: 'one', groups: [{ name: 'Team', description: 'T' }] } }),
    );
    const changed = await gatehouse(json, '--server', world.urls[0]!, '--api-token', token, '--dry-run');
    expect(changed).toMatchObject({ code: 0, err: expect.stringMatching(/^WARNING: .*--api-token.*\n$/) });
    expect(changed.out).toContain('~ group.update Team (description → "T")');
  });

  it('reports every fault with its line, and exits with 1', async () => {
    const lines = async (text: string) => {
      const file = write('bad.yaml', text);
      const { code, err } = await gatehouse(file, ...signedIn());
      expect(code).toBe(1);
      return err
        .trim()
        .split('\n')
        .map((line) => line.replace(file, ''));
    };
    expect((await lines('tenant:\n  key: [one\n'))[0]).toMatch(/^:\d: /);
    expect(await lines(yaml.replace('FLOW: [READ]', 'FLOW: [READ, FLY]'))).toEqual([
      ':15: tenants.1.roles.0.permissions.FLOW.1: The permission FLOW:FLY does not exist.',
    ]);
    expect(
      await lines(yaml.replace('role: reader', 'role: writer').replace('members: [dora]', 'members: [dorothy]')),
    ).toEqual([
      expect.stringMatching(/^:7: tenants\.0\.groups\.0\.members\.0: The user dorothy has no access/),
      ':18: tenants.1.bindings.0.role: The role writer does not exist.',
    ]);
    const taken = yaml
      .replace('username: emil, email: emil@', 'username: emile, email: emil@')
      .replaceAll('emil\n', 'emile\n');
    expect(await lines(taken)).toEqual([':21: users.1: This e-mail address is already in use.']);
  });

  it('reports failed sign-ins, an unreachable gateway, and an invalid command line', async () => {
    const file = write('good.yaml', yaml);
    const wrong = await gatehouse(file, '--server', world.urls[0]!, '--user', 'root:wrong');
    expect(wrong.code).toBe(1);
    expect(wrong.err).toMatch(/Sign in/);
    expect(await gatehouse(file, '--server', 'http://localhost:1', '--api-token', 'x')).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not answer'),
    });
    for (const args of [[file], [file, '--server', 'x'], [file, ...signedIn(), '--unknown'], signedIn()]) {
      const { code, err } = await gatehouse(...args);
      expect(code).toBe(1);
      expect(err).toContain('Usage: gatehouse apply FILE');
    }
    expect(await gatehouse(join(folder, 'absent.yaml'), ...signedIn())).toMatchObject({
      code: 1,
      err: expect.stringContaining('cannot be read'),
    });
  });
});
