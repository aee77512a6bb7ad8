import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Permission } from '../../src/access/catalog.ts';
import { append, envelope } from '../../src/audit/record.ts';
import type { Group, Tenant, User } from '../../src/db/generated/client.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { idOf, password, World } from '../support/world.ts';
import { everyQuery } from './everything.ts';

const secrets = ['canary.person', 'mail.example', 'Canarina', 'Kanarek'];
const holds = (text: string) => secrets.filter((secret) => text.toLowerCase().includes(secret.toLowerCase()));

describe('mask-personal-data', () => {
  let world: World;
  let main: Tenant;
  let group: Group;
  let canary: User;
  let admin: User;
  let watcher: Client;
  let officer: Client;

  beforeAll(async () => {
    world = await World.create({
      config: {
        policies: {
          'mask-personal-data': { enabled: true, shadow: false, fields: ['email', 'firstName', 'lastName'] },
        },
      },
      limits: {
        tokens: 400_000,
        cost: 1_000_000_000,
        aliases: 100_000,
        depth: 30,
        requestMs: 60_000,
        bodyBytes: 10_000_000,
      },
    });
    main = await world.tenant('main');
    group = await world.group(main, 'Team');
    await world.namespace(main, 'company');
    const root = world.root();
    await root.ok(call('createUser', 'user { id }'), {
      i: {
        username: 'Canary.Person@mail.example',
        email: 'canary.person@mail.example',
        firstName: 'Canarina',
        lastName: 'Kanarek',
        password,
      },
    });
    canary = await world.db.user.findFirstOrThrow({ where: { firstName: 'Canarina' } });
    await root.ok(call('updateUser', 'user { id }'), {
      i: {
        id: idOf('User', canary),
        email: 'canary.person+2@mail.example',
        reason: 'moved from canary.person@mail.example',
      },
    });
    await root.ok(call('grantTenantAccess', 'user { id }'), {
      i: { tenantKey: 'main', username: 'canary.person@mail.example' },
    });
    await root.ok(call('addGroupMember', 'group { id }'), {
      i: { group: idOf('Group', group), subject: idOf('User', canary) },
    });
    const role = await world.managed(main, 'Admin');
    await root.ok(call('createBindings', 'results { binding { id } }'), {
      i: { tenantKey: 'main', bindings: [{ subject: idOf('User', canary), role: idOf('Role', role) }] },
    });
    const own = world.basic('canary.person@mail.example');
    await own.ok(call('createGroup', 'group { id }'), {
      i: { tenantKey: 'main', name: 'Made by them', reason: 'ask canary.person@mail.example' },
    });
    await own.ok(call('createInvitation', 'link'), {
      i: { tenantKey: 'main', email: 'invited.canary@mail.example', reason: 'for canary.person@mail.example' },
    });
    // A refusal, a failed sign-in and an impersonation create events as well.
    await own.codes(call('setPolicyConfiguration', 'policies { name }'), { i: { policies: {} } });
    await world.basic('canary.person@mail.example', 'wrong').run('{ viewer { name } }');
    await root.as({ 'x-gatehouse-impersonate': 'canary.person@mail.example' }).ok(call('createGroup', 'group { id }'), {
      i: { tenantKey: 'main', name: 'Made as them' },
    });
    admin = await world.user('tenant-admin', [main], { password });
    await world.bind(main, { principal: admin }, role);
    watcher = await world.as(admin);
    // Can read everything of the instance except its users.
    const other = await world.user('officer', [main], { password });
    await world.bind(main, { principal: other }, role);
    await world.grant(null, other, ['USER:CREATE', 'USER:UPDATE', 'POLICY:READ', 'TENANT:CREATE'] as Permission[]);
    officer = await world.as(other);
  });
  afterAll(() => world.close());

  const known = () => ({
    key: '"main"',
    tenantKey: '"main"',
    name: '"company"',
    first: '50',
    subject: JSON.stringify(idOf('User', canary)),
    id: JSON.stringify(idOf('User', canary)),
    ids: JSON.stringify([idOf('User', canary), idOf('Group', group), idOf('User', admin)]),
    permission: '{ resource: GROUP, actions: [READ] }',
    execution: JSON.stringify(idOf('Execution', { id: 'none' })),
    expression: '"{{ 1 }}"',
  });

  it('shows the canary in no response; control: shows it to readers of users', async () => {
    const seen = new Set<string>();
    const documents = everyQuery(3, known(), seen);
    let masked = 0;
    let shown = 0;
    for (const document of documents) {
      for (const client of [watcher, officer]) {
        const { data, errors } = await client.run<any>(document);
        const text = JSON.stringify({ data, errors });
        expect(
          errors.filter(({ extensions }) => ['BAD_INPUT', 'INTERNAL', 'LIMIT_EXCEEDED'].includes(extensions.code)),
          document.slice(0, 80),
        ).toEqual([]);
        expect(
          holds(text),
          `${document.slice(0, 60)}: ${text.slice(Math.max(0, text.toLowerCase().search(/canary|mail\.example|kanarek/) - 200)).slice(0, 400)}`,
        ).toEqual([]);
        masked += text.split('***').length - 1;
      }
      shown += holds(JSON.stringify(await world.root().run(document))).length;
    }
    console.log(`canary: ${documents.length} queries over ${seen.size} fields, ${masked} masked values`);
    expect(seen.size).toBeGreaterThan(200);
    expect(masked).toBeGreaterThan(100);
    expect(shown).toBeGreaterThan(10);
  }, 120_000);

  it('exempts the viewer in every query', async () => {
    const own = world.basic('canary.person@mail.example');
    const { viewer, users, tenant } = await own.ok<any>(
      '{ viewer { name user { username email firstName } } users { nodes { email } } tenant(key: "main") { users { nodes { email } } auditEvents(first: 50) { nodes { actorName } } } }',
    );
    expect(viewer.user).toEqual({
      username: 'Canary.Person@mail.example',
      email: 'canary.person+2@mail.example',
      firstName: 'Canarina',
    });
    expect(users.nodes).toEqual([{ email: 'canary.person+2@mail.example' }]);
    expect(tenant.users.nodes.map(({ email }: any) => email)).toContain('canary.person+2@mail.example');
    expect(tenant.users.nodes.map(({ email }: any) => email)).toContain('***');
    expect(tenant.auditEvents.nodes.map(({ actorName }: any) => actorName)).toContain('Canary.Person@mail.example');
  });

  it('neither finds nor sorts users by masked fields', async () => {
    const found = async (client: Client, where: string) =>
      (await client.ok<any>(`{ tenant(key: "main") { users(where: ${where}) { totalCount } } }`)).tenant.users
        .totalCount;
    for (const where of [
      '{ text: "canary" }',
      '{ text: "Kanarek" }',
      '{ text: "@" }',
      '{ text: "mail.example" }',
      '{ username: "canary.person@mail.example" }',
    ]) {
      expect(await found(watcher, where), where).toBe(0);
      expect(await found(world.root(), where), where).toBeGreaterThan(0);
    }
    expect(await found(watcher, '{ text: "tenant-adm" }')).toBe(1);
    for (const field of ['EMAIL', 'USERNAME']) {
      const document = `{ tenant(key: "main") { users(orderBy: { field: ${field} }) { edges { cursor } } } }`;
      expect(await watcher.codes(document)).toEqual(['BAD_INPUT']);
      expect(await world.root().codes(document)).toEqual([]);
    }
    expect(
      await watcher.codes('{ tenant(key: "main") { users(orderBy: { field: CREATED_AT }) { edges { cursor } } } }'),
    ).toEqual([]);
  });

  it('finds no event by masked values', async () => {
    const found = async (client: Client, where: string) =>
      (await client.ok<any>(`{ tenant(key: "main") { auditEvents(where: ${where}) { totalCount } } }`)).tenant
        .auditEvents.totalCount;
    for (const where of [
      '{ text: "canary" }',
      '{ text: "mail.example" }',
      '{ actorName: "Canary.Person@mail.example" }',
    ]) {
      expect(await found(watcher, where), where).toBe(0);
      expect(await found(world.root(), where), where).toBeGreaterThan(0);
    }
    expect(await found(watcher, '{ text: "Made by them" }')).toBe(1);
    const [key, value] = ['owner', 'another.person@mail.example'];
    await world.write(async (tx) => {
      const tenant = await tx.tenant.findUniqueOrThrow({ where: { key: 'main' } });
      append(tx, {
        ...envelope({ kind: 'SYSTEM', id: '', name: 'test', requestId: 'test' }),
        ...{ tenantId: tenant.id, tenantKey: 'main', type: 'UPDATE', action: 'namespace.update', outcome: 'SUCCESS' },
        ...{ resource: 'NAMESPACE', resourceId: 'n', resourceKey: `n/f/${value}`, namespace: 'n', patchText: '' },
        details: { [key]: value, executionId: value },
      });
    });
    for (const where of [`{ details: ["${key}:${value}"] }`, `{ executionId: "${value}" }`]) {
      expect(await found(watcher, where), where).toBe(0);
      expect(await found(world.root(), where), where).toBe(1);
    }
  });

  it('masks audit log searches of other users, which can contain names', async () => {
    const searches = [
      '{ text: "Kanarek" }',
      '{ details: ["owner:Kanarek"] }',
      '{ actorName: "Kanarek" }',
      `{ text: "Kanarek${' '.repeat(2_500)}" }`,
    ];
    for (const where of searches)
      await world.root().ok(`{ tenant(key: "main") { auditEvents(where: ${where}) { totalCount } } }`);
    const search = async (client: Client) => {
      const query = '{ tenant(key: "main") { auditEvents(first: 10, where: { kind: READ }) { nodes { details } } } }';
      const exported = await fetch(`${world.urls[0]}/tenants/main/audit-events?kind=READ`, { headers: client.headers });
      return JSON.stringify(await client.ok<any>(query)) + (await exported.text());
    };
    expect((await search(world.root())).split('Kanarek').length - 1).toBe(8);
    expect(await search(watcher)).not.toContain('Kanarek');
  });

  it('masks in conflicts, dry runs and subscriptions', async () => {
    const conflict = async (client: Client, field: string, i: object) =>
      JSON.stringify((await client.run(call(field, 'user { username email }'), { i })).errors);
    const taken = await conflict(officer, 'createUser', {
      username: 'somebody',
      email: 'CANARY.person+2@MAIL.example',
    });
    expect(taken).toContain('CONFLICT');
    expect(taken).not.toContain('canary.person+2@mail.example');
    const access = await conflict(watcher, 'grantTenantAccess', {
      tenantKey: 'main',
      username: 'CANARY.PERSON@MAIL.EXAMPLE',
    });
    expect(access).toContain('CONFLICT');
    expect(access).not.toContain('anary.');
    const dry = await officer.run<any>(
      call(
        'updateUser',
        'user { username email firstName } changes { resourceKey patch } impact { principals { name } }',
      ),
      { i: { id: idOf('User', canary), firstName: 'Other', dryRun: true } },
    );
    expect(dry.data?.updateUser ?? dry.errors[0]?.extensions.code).toBeDefined();
    expect(holds(JSON.stringify(dry))).toEqual([]);
    const gone = await watcher.run<any>(
      call('removeGroupMember', 'group { id } changes { resourceKey patch } impact { principals { name } }'),
      { i: { group: idOf('Group', group), subject: idOf('User', canary), dryRun: true } },
    );
    expect(gone.errors).toEqual([]);
    expect(gone.data.removeGroupMember.changes[0].resourceKey).toContain('***');
    expect(holds(JSON.stringify(gone))).toEqual([]);

    const end = new AbortController();
    const items: string[] = [];
    const following = (async () => {
      for await (const item of watcher.sse<any>(
        'subscription { auditEvents(tenantKey: "main") { event { actorName resourceKey reason patch details } } }',
        {},
        end.signal,
      )) {
        items.push(JSON.stringify(item));
        if (items.length === 1)
          await world.root().ok(call('removeGroupMember', 'group { id }'), {
            i: { group: idOf('Group', group), subject: idOf('User', canary), reason: 'for canary.person@mail.example' },
          });
        if (items.length > 1) end.abort();
      }
    })();
    await following.catch(() => undefined);
    expect(items[1]).toContain('***');
    expect(holds(items.join())).toEqual([]);
  });

  it('masks the names of deleted users', async () => {
    const at = new Date();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const subject = idOf('User', canary);
    await world.root().ok(call('revokeTenantAccess', 'subjectId'), { i: { tenantKey: 'main', subject } });
    const past = `query($at: DateTime) { tenant(key: "main") {
      whoCan(permission: { resource: GROUP, actions: [READ] }, at: $at) {
        formerSubjects { name } nodes { ... on User { username } } } } }`;
    const search = async (client: Client) => {
      const { formerSubjects, nodes } = (await client.ok<any>(past, { at: at.toISOString() })).tenant.whoCan;
      return [...formerSubjects.map(({ name }: any) => name), ...nodes.map(({ username }: any) => username)];
    };
    expect(await search(watcher)).toContain('user:***');
    expect(holds((await search(watcher)).join())).toEqual([]);
    expect(await search(world.root())).toContain('Canary.Person@mail.example');
    await world.root().ok(call('grantTenantAccess', 'user { id }'), {
      i: { tenantKey: 'main', username: 'canary.person@mail.example' },
    });
  });

  it('masks nothing in shadow mode, and all maskable fields if a policy fails', async () => {
    const put = (policies: object) =>
      world.root().ok<any>(call('setPolicyConfiguration', 'policies { name }'), { i: { policies } });
    const seen = async () =>
      (await watcher.ok<any>('{ tenant(key: "main") { users { nodes { email } } } }')).tenant.users.nodes.map(
        ({ email }: any) => email,
      );
    expect(await seen()).not.toContain('canary.person+2@mail.example');
    await put({ 'mask-personal-data': { shadow: true, fields: ['email'] } });
    expect(await seen()).toContain('canary.person+2@mail.example');
    await put({ 'mask-personal-data': { fields: ['username'] } });
    const { tenant } = await watcher.ok<any>(
      '{ tenant(key: "main") { users { nodes { username email } } groups { nodes { members { nodes { name } } } } auditEvents(first: 50) { nodes { actorName resourceKey patch } } } }',
    );
    expect(JSON.stringify(tenant)).not.toContain('Canary.Person');
    expect(JSON.stringify(tenant)).toContain('canary.person+2@mail.example');
    expect(tenant.users.nodes.map(({ username }: any) => username).sort()).toEqual(['***', '***', 'tenant-admin']);
  });
});
