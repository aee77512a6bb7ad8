import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createApp } from '../../src/app.ts';
import { acceptFile, policiesOfFile } from '../../src/bootstrap/policies.ts';
import { readConfig } from '../../src/config.ts';
import type { Role, Tenant } from '../../src/db/generated/client.ts';
import { Tail } from '../../src/db/tail.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { createLog } from '../../src/lib/log.ts';
import { asSystem } from '../../src/policy/session/system.ts';
import { createNamespace, deleteNamespace } from '../../src/resources/orchestration/namespace/service.ts';
import { call } from '../support/call.ts';
import { Client } from '../support/client.ts';
import { followFeed } from '../support/follow-feed.ts';
import { idOf, password, World } from '../support/world.ts';

/** Attacks that once succeeded, or that a reviewer tried. */
describe('attacks', () => {
  let world: World;
  let a: Tenant;
  let b: Tenant;
  let admin: Role;
  let root: Client;
  let next = 0;
  beforeAll(async () => {
    world = await World.create();
    a = await world.tenant('a');
    b = await world.tenant('b');
    admin = await world.managed(a, 'Admin');
    root = world.root();
  });
  afterAll(() => world.close());

  const unique = (name: string) => `${name}-${next++}`;
  const errorsOf = async (client: Client, field: string, select: string, i: object) =>
    (await client.run(call(field, select), { i })).errors.map(({ message, extensions }) => ({
      code: extensions.code,
      message,
    }));
  const codes = async (...args: Parameters<typeof errorsOf>) => (await errorsOf(...args)).map(({ code }) => code);
  async function chief() {
    const user = await world.user(unique('chief'), [a]);
    await world.bind(a, { principal: user }, admin);
    return user;
  }

  describe('on hidden objects', () => {
    it('returns the same error for an ID of another tenant as for one that does not exist', async () => {
      const client = await world.as(await chief());
      const missing = { id: '0198c0de-0000-7000-8000-000000000000' };
      const group = await world.group(b, unique('Theirs'));
      const account = await world.account(b, unique('theirs'));
      const stranger = await world.user(unique('stranger'), [b]);
      const cases: [string, string, string, (row: { id: string }) => object, { id: string }][] = [
        ['Group', 'updateGroup', 'group { id }', (row) => ({ id: idOf('Group', row), name: 'x' }), group],
        ['Tenant', 'updateTenant', 'tenant { id }', (row) => ({ id: idOf('Tenant', row), name: 'x' }), b],
        ['User', 'updateUser', 'user { id }', (row) => ({ id: idOf('User', row), firstName: 'x' }), stranger],
        [
          'ServiceAccount',
          'createApiToken',
          'fullToken',
          (row) => ({ owner: idOf('ServiceAccount', row), name: 'x' }),
          account,
        ],
        ['User', 'createApiToken', 'fullToken', (row) => ({ owner: idOf('User', row), name: 'x' }), stranger],
      ];
      for (const [, field, select, input, theirs] of cases) {
        const answer = await errorsOf(client, field, select, input(missing));
        expect(answer.map(({ code }) => code)).toEqual(['NOT_FOUND']);
        expect(await errorsOf(client, field, select, input(theirs)), field).toEqual(answer);
      }
    });

    it('names in a dry run only changes that the caller can read, and counts the others', async () => {
      const clerk = await world.user(unique('clerk'));
      await world.grant(null, clerk, ['USER:READ', 'USER:DELETE']);
      const victim = await world.user(unique('victim'), [b]);
      const group = await world.group(b, unique('Hidden group'));
      await world.member(b, group, victim);
      await world.bind(b, { principal: victim }, await world.managed(b, 'Viewer'), 'hidden.plan');
      const { deleteUser } = await (await world.as(clerk)).ok<any>(
        call('deleteUser', 'changes { action resourceKey namespaceName patch } hiddenChanges'),
        { i: { id: idOf('User', victim), dryRun: true } },
      );
      expect(deleteUser.changes.map(({ action }: any) => action)).toEqual(['user.delete']);
      expect(deleteUser.hiddenChanges).toBe(3);
      expect(JSON.stringify(deleteUser)).not.toMatch(/hidden\.plan|Hidden group|Viewer/);
    });

    it('hides the profile of a user of another tenant in a dry run that grants access', async () => {
      const host = await world.user(unique('host'), [a]);
      await world.grant(a, host, ['TENANT_ACCESS:CREATE']);
      const stranger = await world.user(unique('stranger'), [b]);
      const client = await world.as(host);
      const give = (dryRun: boolean) =>
        client.run<any>(call('grantTenantAccess', 'user { username } profile: user { email }'), {
          i: { tenantKey: 'a', username: stranger.username, dryRun },
        });
      expect((await give(true)).data.grantTenantAccess).toEqual({ user: null, profile: null });
      // The real mutation shows the name that the caller sent, and nothing else.
      const { data, errors } = await give(false);
      expect(data.grantTenantAccess).toEqual({ user: { username: stranger.username }, profile: null });
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    });

    it("does not reveal the number of events of other tenants in a tenant's cursors", async () => {
      const cursor = async () => {
        const { tenant } = await root.ok<any>('{ tenant(key: "a") { auditEvents(first: 1) { edges { cursor } } } }');
        return tenant.auditEvents.edges[0].cursor;
      };
      const [column] = JSON.parse(Buffer.from(await cursor(), 'base64url').toString());
      expect(column).toBe('seq');
    });

    it('does not count bindings that the caller cannot read when a role in use is deleted', async () => {
      const keeper = await world.user(unique('keeper'), [a]);
      await world.grant(a, keeper, ['ROLE:READ', 'ROLE:DELETE']);
      const role = await world.role(a, unique('Bound'), []);
      await world.bind(a, { principal: keeper }, role, 'secret');
      const [answer] = await errorsOf(await world.as(keeper), 'deleteRole', 'deletedId', { id: idOf('Role', role) });
      expect(answer?.code).toBe('CONFLICT');
      expect(answer?.message).not.toMatch(/\d times/);
    });
  });

  describe('on permissions', () => {
    it('does not let an impersonator grant more than the impersonator holds', async () => {
      const boss = await chief();
      const agent = await world.user(unique('agent'), [a]);
      await world.grant(a, agent, ['IMPERSONATE:READ']);
      const own = await world.role(a, unique('Own'), ['TENANT:READ']);
      await world.bind(a, { principal: agent }, own);
      const as = (await world.as(agent)).as({ 'x-gatehouse-impersonate': boss.username });
      const subject = idOf('User', agent);
      const { createBindings } = await as.ok<any>(call('createBindings', 'results { error { code } }'), {
        i: { tenantKey: 'a', bindings: [{ subject, role: idOf('Role', admin) }] },
      });
      expect(createBindings.results[0].error?.code).toBe('FORBIDDEN');
      const permissions = [{ resource: 'BINDING', actions: ['CREATE'] }];
      expect(await codes(as, 'updateRole', 'role { id }', { id: idOf('Role', own), permissions })).toEqual([
        'FORBIDDEN',
      ]);
      const group = await world.group(a, unique('Admins'));
      await world.bind(a, { group }, admin);
      expect(await codes(as, 'addGroupMember', 'group { id }', { group: idOf('Group', group), subject })).toEqual([
        'FORBIDDEN',
      ]);
      const description = { bindings: [{ user: agent.username, role: 'Admin' }] };
      expect(await codes(as, 'applyDescription', 'tenantKey', { tenantKey: 'a', description })).toEqual(['FORBIDDEN']);
      // What the impersonator holds can be granted while impersonating.
      const friend = await world.user(unique('friend'), [a]);
      const fine = await as.ok<any>(call('createBindings', 'results { error { code } }'), {
        i: { tenantKey: 'a', bindings: [{ subject: idOf('User', friend), role: idOf('Role', own) }] },
      });
      expect(fine.createBindings.results[0].error).toBeNull();
    });

    it('refuses a sign-in under a former name', async () => {
      const user = await world.user(unique('former'), [a], { password });
      const see = async (name: string) => (await world.basic(name).run('{ viewer { name } }')).status;
      expect(await see(user.username)).toBe(200);
      const username = unique('present');
      await root.ok(call('updateUser', 'user { id }'), { i: { id: idOf('User', user), username } });
      expect(await see(user.username)).toBe(401);
      expect(await see(username)).toBe(200);
    });

    it('does not let a user with USER:UPDATE set the password of a user with more permissions', async () => {
      const boss = await chief();
      const clerk = await world.user(unique('clerk'), [], { password });
      await world.grant(null, clerk, ['USER:READ', 'USER:UPDATE']);
      const client = world.basic(clerk.username);
      const set = (user: { id: string }) =>
        codes(client, 'setUserPassword', 'user { id }', {
          id: idOf('User', user),
          password: 'a phrase that is hard to guess',
        });
      expect(await set(boss)).toEqual(['FORBIDDEN']);
      expect(await set(await world.user(unique('plain'), [a]))).toEqual([]);
    });

    it('requires ROLE:UPDATE to choose the default role, also at its creation', async () => {
      const maker = await world.user(unique('maker'), [a]);
      await world.grant(a, maker, ['ROLE:CREATE', 'ROLE:READ', 'TENANT_ACCESS:READ']);
      await root.ok(call('updateRole', 'role { id }'), { i: { id: idOf('Role', admin), isDefault: true } });
      const client = await world.as(maker);
      const i = { tenantKey: 'a', name: unique('Mine'), permissions: [], isDefault: true };
      expect(await codes(client, 'createRole', 'role { id }', i)).toEqual(['FORBIDDEN']);
      const description = { roles: [{ name: unique('Mine'), permissions: {}, isDefault: true }] };
      expect(await codes(client, 'applyDescription', 'tenantKey', { tenantKey: 'a', description })).toEqual([
        'FORBIDDEN',
      ]);
      expect((await world.db.role.findUniqueOrThrow({ where: { id: admin.id } })).isDefault).toBe(true);
      await root.ok(call('createRole', 'role { id }'), { i });
      expect((await world.db.role.findUniqueOrThrow({ where: { id: admin.id } })).isDefault).toBe(false);
      await world.db.role.updateMany({ where: { tenantId: a.id }, data: { isDefault: false } });
    });

    it('refuses to delete a tenant with a super admin if the caller is not a super admin', async () => {
      const t = await world.tenant(unique('doomed'));
      const robot = await world.account(t, 'robot');
      await root.ok(call('setSuperAdmin', 'subject { id }'), {
        i: { subject: idOf('ServiceAccount', robot), superAdmin: true },
      });
      const ender = await world.user(unique('ender'), [t]);
      await world.grant(null, ender, ['TENANT:DELETE']);
      expect(await codes(await world.as(ender), 'deleteTenant', 'key', { id: idOf('Tenant', t) })).toEqual([
        'FORBIDDEN',
      ]);
      expect(await codes(root, 'deleteTenant', 'key', { id: idOf('Tenant', t) })).toEqual([]);
    });
  });

  describe('on a group that a policy exempts', () => {
    const update = 'mutation($id: ID!) { updateNamespace(input: { id: $id, description: "x" }) { namespace { id } } }';
    let other: World;
    let main: Tenant;
    let client: (user: { id: string }) => Promise<Client>;
    let close: () => Promise<void>;
    beforeAll(async () => {
      other = await World.create();
      main = await other.tenant('main');
      const managers = await other.group(main, 'Managers');
      const { app } = other;
      const base = readConfig({
        PORT: '0',
        DATABASE_URL: 'postgresql://unused/unused',
        GATEHOUSE_MASTER_KEY: 'test master key, the same on every gateway',
      });
      const frozen = { enabled: true, shadow: false, frozen: ['frozen'], except: ['main/Managers'] };
      await other.namespace(main, 'frozen');
      for (const name of ['manager', 'chief'])
        await other.bind(
          main,
          { principal: await other.user(name, [main], { password }) },
          await other.managed(main, 'Admin'),
        );
      await other.member(main, managers, await other.db.user.findFirstOrThrow({ where: { username: 'manager' } }));
      await other.member(main, managers, await other.account(main, 'releaser'));
      const second = await createApp(
        { ...base, policies: { 'frozen-namespaces': frozen } },
        other.connection,
        createLog('error', () => undefined),
      );
      const url = await second.listen();
      const tokens = new Map<string, string>();
      for (const user of await other.db.user.findMany()) tokens.set(user.id, await other.token(user));
      client = async ({ id }) => new Client(url, { authorization: `Bearer ${tokens.get(id)}` });
      await acceptFile(second.store, second.config, await policiesOfFile(second.store, second.config), {
        reason: 'test',
      });
      await Promise.all([second.freshness.confirm(), app.freshness.confirm()]);
      close = () => second.close();
    });
    afterAll(async () => {
      await close();
      await other.close();
    });
    const named = (username: string) => other.db.user.findFirstOrThrow({ where: { username } });

    it("does not exempt an impersonator of a member, nor let others create a member's token", async () => {
      const id = idOf('Namespace', await other.db.namespace.findFirstOrThrow({ where: { namespace: 'frozen' } }));
      const manager = await client(await named('manager'));
      const boss = await client(await named('chief'));
      expect(await manager.codes(update, { id })).toEqual([]);
      expect(await boss.codes(update, { id })).toEqual(['FORBIDDEN']);
      expect(await boss.as({ 'x-gatehouse-impersonate': 'manager' }).codes(update, { id })).toEqual(['FORBIDDEN']);
      const releaser = await other.db.serviceAccount.findFirstOrThrow({ where: { name: 'releaser' } });
      const owner = idOf('ServiceAccount', releaser);
      expect(await codes(boss, 'createApiToken', 'fullToken', { owner, name: 'x' })).toEqual(['FORBIDDEN']);
      expect(
        await codes(await client(await named('root')), 'createApiToken', 'fullToken', { owner, name: 'x' }),
      ).toEqual([]);
    });

    it('refuses to delete the tenant of the group', async () => {
      const ender = await named('chief');
      const role = await other.db.role.create({
        data: { id: 'ender', name: 'Ender', nameKey: 'ender', permissions: ['TENANT:DELETE'] },
      });
      await other.db.binding.create({ data: { id: 'ender', principalId: ender.id, roleId: role.id } });
      await other.db.accessState.updateMany({ data: { revision: { increment: 1 } } });
      await sleep(400);
      expect(await codes(await client(ender), 'deleteTenant', 'key', { id: idOf('Tenant', main) })).toEqual([
        'FORBIDDEN',
      ]);
    });
  });

  describe('on the audit log', () => {
    const events = (where: object) => world.db.auditEvent.count({ where });

    it('records an event when it resets the count of failed sign-ins', async () => {
      const user = await world.user(unique('forgetful'), [], { password });
      for (let i = 0; i < 3; i += 1) await world.basic(user.username, 'wrong').run('{ viewer { name } }');
      await root.ok(call('unlockUser', 'user { id }'), { i: { id: idOf('User', user) } });
      expect(await events({ action: 'user.unlock', resourceId: user.id })).toBe(1);
      await root.ok(call('unlockUser', 'user { id }'), { i: { id: idOf('User', user) } });
      expect(await events({ action: 'user.unlock', resourceId: user.id })).toBe(1);
    });

    it('records a refused subscription, also if the tenant is hidden', async () => {
      const stranger = await world.user(unique('stranger'));
      const end = new AbortController();
      for await (const { errors } of (await world.as(stranger)).sse<any>(
        'subscription { auditEvents(tenantKey: "a") { cursor } }' as never,
        {},
        end.signal,
      )) {
        expect(errors?.[0]?.extensions.code).toBe('NOT_FOUND');
        end.abort();
      }
      expect(await events({ actorId: stranger.id, outcome: 'DENIED', action: 'auditlog.read' })).toBe(1);
    });

    it('drops listeners that no longer wait for a quiet chain', async () => {
      const tail = new Tail<unknown, unknown>({} as never);
      const stops = Array.from({ length: 100 }, () => tail.onChange(() => undefined));
      expect(tail.waiting).toBe(100);
      for (const stop of stops) stop();
      expect(tail.waiting).toBe(0);
      const { feed } = world.app.services;
      const end = new AbortController();
      const before = vi.spyOn(Tail.prototype, 'onChange');
      const following = followFeed(feed, await feed.head(b.id), end.signal);
      for (let i = 0; i < 3; i += 1) expect((await following.next()).value).toEqual([]);
      const [own] = before.mock.contexts as Tail<unknown, unknown>[];
      expect(before.mock.calls.length).toBeGreaterThanOrEqual(3);
      expect(own?.waiting).toBe(0);
      end.abort();
      before.mockRestore();
    });

    it('records a sign-in under a name that is truncated within a character', async () => {
      const name = `${'n'.repeat(199)}😀`;
      expect((await world.basic(name, 'wrong').run('{ viewer { name } }')).status).toBe(401);
      expect(await events({ type: 'LOGIN_FAILURE', resourceKey: { startsWith: 'n'.repeat(199) } })).toBe(1);
    });
  });

  describe('by malformed input', () => {
    const odd = (i: object) => `${Buffer.from(JSON.stringify(i)).toString('base64url')}`;
    it('rejects cursors that it did not issue as bad input', async () => {
      const list = (after: string, field: string, args = '') =>
        root.codes(`query($after: String) { tenant(key: "a") { ${field}(after: $after ${args}) { totalCount } } }`, {
          after,
        });
      const created = ', orderBy: { field: CREATED_AT }';
      for (const after of [
        odd(['createdAt', 's', 'abc', 'x']),
        odd(['createdAt', 'd', '-271821-04-20T00:00:00.000Z', 'x']),
        odd(['createdAt', 'd', '+275760-09-13T00:00:00.000Z', 'x']),
        odd(['createdAt', 'd', '0000-01-01T00:00:00.000Z', 'x']),
        odd(['createdAt', 'd', '-000001-01-01T00:00:00.000Z', 'x']),
        odd(['createdAt', 'b', '1', 'x']),
      ])
        expect(await list(after, 'groups', created), Buffer.from(after, 'base64url').toString()).toEqual(['BAD_INPUT']);
      for (const column of ['seq', 'ordinal'])
        for (const [kind, text] of [
          ['s', 'abc'],
          ['n', '1.5'],
          ['b', '9999999999999999999'],
        ])
          expect(await list(odd([column, kind, text, 'x']), 'auditEvents'), `${kind} ${text}`).toEqual(['BAD_INPUT']);
      expect(await list(odd(['id', 's', 'x', 'half \ud800']), 'groups')).toEqual(['BAD_INPUT']);
    });

    it.each(['0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '0001-01-01T00:00:00+14:00'])(
      'handles the instant %s without an internal error',
      async (from) => {
        const answer = await root.codes(
          'query($from: DateTime) { tenant(key: "a") { auditEvents(where: { from: $from }) { totalCount } } }',
          { from },
        );
        expect(answer).not.toContain('INTERNAL');
      },
    );

    it('rejects a feed cursor whose signature has non-ASCII bytes as bad input', async () => {
      const after = Buffer.from(`t.${a.id}.1.${'é'.repeat(24)}`).toString('base64url');
      const end = new AbortController();
      for await (const { errors } of root.sse<any>(
        'subscription($after: String) { auditEvents(tenantKey: "a", after: $after) { cursor } }' as never,
        { after },
        end.signal,
      )) {
        expect(errors?.[0]?.extensions.code).toBe('BAD_INPUT');
        end.abort();
      }
    });

    it.each(['constructor x', '__proto__ x', 'Basic', 'Basic !', 'Bearer', 'Basic bm9jb2xvbg=='])(
      'rejects the credentials %j',
      async (authorization) => {
        const answer = await world.anonymous().as({ authorization }).run('{ viewer { name } }');
        expect([answer.status, answer.errors[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
      },
    );

    it('rejects a deeply nested value as bad input', async () => {
      const d = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`);
      const document =
        'mutation($d: JSON!) { applyDescription(input: { tenantKey: "a", description: $d }) { tenantKey } }';
      expect(await root.codes(document, { d })).toEqual(['BAD_INPUT']);
    });

    it('returns NOT_FOUND for setSuperAdmin with an unknown ID', async () => {
      const subject = idOf('ServiceAccount', { id: 'missing' });
      expect(await codes(root, 'setSuperAdmin', 'subject { id }', { subject, superAdmin: true })).toEqual([
        'NOT_FOUND',
      ]);
    });

    it('trims names before it stores and compares them', async () => {
      const name = unique('Platform');
      await root.ok(call('createGroup', 'group { id }'), { i: { tenantKey: 'a', name } });
      expect(await codes(root, 'createGroup', 'group { id }', { tenantKey: 'a', name: ` ${name}\u00a0` })).toEqual([
        'CONFLICT',
      ]);
    });

    it('rejects names that become too long when they are normalized', async () => {
      const name = Array.from({ length: 200 }, (_, i) =>
        String.fromCodePoint(0x3300 + ((i * 7919 + i * i * 31) % 0x57)),
      ).join('');
      expect(await codes(root, 'createGroup', 'group { id }', { tenantKey: 'a', name })).toEqual(['BAD_INPUT']);
      const username = '\ufdfa'.repeat(100);
      expect(await codes(root, 'createUser', 'user { id }', { username, email: 'long@people.example' })).toEqual([
        'BAD_INPUT',
      ]);
    });

    it('rejects prototype names and malformed keys in a description as bad input', async () => {
      const apply = (description: string) =>
        root.codes(
          `mutation($d: JSON!) { applyDescription(input: { tenantKey: "a", description: $d }) { tenantKey } }`,
          {
            d: JSON.parse(description),
          },
        );
      for (const description of [
        '{"__proto__": {"name": "x"}}',
        '{"roles": [{"name": "x", "permissions": {"constructor": ["READ"]}}]}',
        '{"groups": [{"name": "x", "members": ["__proto__"]}]}',
        '{"bindings": [{"user": "constructor", "role": "toString"}]}',
        '[]',
        'null',
        '"x"',
      ])
        expect(await apply(description), description).toEqual(['BAD_INPUT']);
    });
  });

  describe('by concurrency', () => {
    it('answers a description with thousands of faults in less than 1.5 seconds', async () => {
      const client = await world.as(await chief());
      const users = Array.from({ length: 10_000 }, (_, i) => `missing-${i}`);
      const begun = performance.now();
      const { errors } = await client.run(call('applyDescription', 'tenantKey'), {
        i: { tenantKey: 'a', description: { users } },
      });
      expect(errors[0]?.extensions.code).toBe('NOT_FOUND');
      expect(errors[0]?.extensions['issues']).toHaveLength(100);
      expect(performance.now() - begun).toBeLessThan(1_500);
    });

    it('keeps the ancestors of a namespace that is created while its sibling is deleted', async () => {
      await world.namespace(a, 'race.side.old');
      const old = await world.db.namespace.findFirstOrThrow({ where: { tenantId: a.id, namespace: 'race.side.old' } });
      const made = Promise.withResolvers<void>();
      const proceed = Promise.withResolvers<void>();
      const making = inTransaction(world.app.store, async (tx) => {
        await createNamespace(tx, asSystem('NAMESPACE:CREATE', 'test'), a, { name: 'race.side.new' });
        made.resolve();
        await proceed.promise;
      });
      await made.promise;
      const removing = inTransaction(world.app.store, (tx) =>
        deleteNamespace(tx, asSystem('NAMESPACE:DELETE', 'test'), a, old.id),
      );
      await Promise.race([removing, sleep(300)]);
      proceed.resolve();
      await Promise.all([making, removing]);
      const names = await world.db.namespace.findMany({
        where: { tenantId: a.id, namespace: { startsWith: 'race' } },
        orderBy: { namespace: 'asc' },
      });
      expect(names.map(({ namespace }) => namespace)).toEqual(['race', 'race.side', 'race.side.new']);
    });

    it('retries a transaction after a deadlock', async () => {
      let attempts = 0;
      await inTransaction(world.app.store, async (tx) => {
        attempts += 1;
        if (attempts === 1)
          await tx.$executeRawUnsafe(`DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$`);
      });
      expect(attempts).toBe(2);
      const [one, two] = [await world.group(a, unique('L')), await world.group(a, unique('L'))];
      const both = Promise.withResolvers<void>();
      let holding = 0;
      const lock = (first: string, second: string) =>
        inTransaction(world.app.store, async (tx) => {
          await tx.group.update({ where: { id: first }, data: { description: 'x' } });
          holding += 1;
          if (holding === 2) both.resolve();
          await both.promise;
          await tx.group.update({ where: { id: second }, data: { description: 'x' } });
        });
      await Promise.all([lock(one.id, two.id), lock(two.id, one.id)]);
    });
  });
});
