import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Permission } from '../../src/access/catalog.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import type { Client } from '../support/client.ts';
import { idOf, World } from '../support/world.ts';

const who = `query($at: DateTime, $n: String, $p: PermissionInput = { resource: FLOW, actions: [UPDATE] }) { tenant(key: "a") { whoCan(permission: $p, at: $at, namespaceName: $n) {
  totalCount hiddenCount policySet nodes { id } formerSubjects { id name origins { roleThen groupThen } } edges { origins { roleThen groupThen role { name } } } } } }`;
const effective = `query($s: ID!, $at: DateTime) { tenant(key: "a") { effectivePermissions(subject: $s, at: $at) { resource action } } }`;
const explain = `query($i: ExplainAccessInput!) { explainAccess(input: $i) { answer origins { roleThen groupThen } } }`;
const three: Permission[] = ['TENANT_ACCESS:READ', 'ROLE:READ', 'BINDING:READ'];

describe('questions about past access', () => {
  let world: World;
  let a: Tenant;
  let people: Record<'stays' | 'leaves' | 'dies' | 'sleeps' | 'chief' | 'stranger', User>;
  let before: Date;
  let then: Date;
  let auditor: Client;
  let next = 0;

  async function holder(permissions: readonly Permission[], namespace?: string): Promise<Client> {
    const user = await world.user(`holder-${next++}`, [a]);
    await world.grant(a, user, three);
    await world.grant(a, user, permissions, namespace);
    return world.as(user);
  }

  beforeAll(async () => {
    world = await World.create({
      config: { policies: { 'frozen-namespaces': { enabled: true, shadow: false, frozen: ['company'] } } },
    });
    before = new Date();
    await sleep(5);
    a = await world.tenant('a');
    const b = await world.tenant('b');
    people = {
      stays: await world.user('stays', [a]),
      leaves: await world.user('leaves', [a]),
      dies: await world.user('dies', [a]),
      sleeps: await world.user('sleeps', [a]),
      chief: await world.user('chief', [], { superAdmin: true }),
      stranger: await world.user('stranger', [b]),
    };
    const group = await world.group(a, 'Builders');
    const role = await world.role(a, 'Writer', ['FLOW:UPDATE', 'BINDING:CREATE']);
    for (const name of ['stays', 'leaves', 'dies', 'sleeps'] as const) await world.member(a, group, people[name]);
    await world.bind(a, { group }, role, 'company');
    const root = world.root();
    const sleeping = (disabled: boolean) =>
      root.ok(`mutation($i: SetUserDisabledInput!) { setUserDisabled(input: $i) { clientMutationId: __typename } }`, {
        i: { id: idOf('User', people.sleeps), disabled },
      });
    await sleeping(true);
    await sleep(5);
    then = new Date();
    await sleep(5);
    await sleeping(false);
    await root.ok(
      `mutation($i: RevokeTenantAccessInput!) { revokeTenantAccess(input: $i) { clientMutationId: __typename } }`,
      {
        i: { tenantKey: 'a', subject: idOf('User', people.leaves) },
      },
    );
    for (const id of [people.dies, people.chief].map((user) => idOf('User', user)))
      await root.ok(`mutation($i: DeleteUserInput!) { deleteUser(input: $i) { clientMutationId: __typename } }`, {
        i: { id },
      });
    await root.ok(`mutation($i: UpdateGroupInput!) { updateGroup(input: $i) { clientMutationId: __typename } }`, {
      i: { id: idOf('Group', group), name: 'Makers' },
    });
    auditor = await holder(['AUDITLOG:READ']);
  });
  afterAll(() => world.close());

  it('return what was held then, under the names of that time, whatever is refused today', async () => {
    const { whoCan } = (await auditor.ok<any>(who, { at: then, n: 'company.x' })).tenant;
    expect(whoCan.nodes).toEqual([{ id: idOf('User', people.stays) }]);
    expect(whoCan.edges[0].origins).toEqual([{ roleThen: 'Writer', groupThen: 'Builders', role: { name: 'Writer' } }]);
    const origins = [{ roleThen: 'Writer', groupThen: 'Builders' }];
    expect(whoCan.formerSubjects).toEqual([
      { id: idOf('User', people.leaves), name: 'user:leaves', origins },
      { id: idOf('User', people.dies), name: 'user:dies', origins },
    ]);
    expect(whoCan).toMatchObject({ totalCount: 1, hiddenCount: 0, policySet: null });
    const now = (await auditor.ok<any>(who, { n: 'company.x' })).tenant.whoCan;
    expect(now).toMatchObject({ totalCount: 0, formerSubjects: [], policySet: null });
  });

  it("count principals that the caller cannot see, and name them to readers of the instance's events", async () => {
    const p = { resource: 'BINDING', actions: ['CREATE'] };
    const answer = (await auditor.ok<any>(who, { at: then, p })).tenant.whoCan;
    // root, whom readers of a tenant cannot see, and the deleted super admin.
    expect(answer.hiddenCount).toBe(2);
    expect(JSON.stringify(answer)).not.toMatch(/chief/);
    const all = (await world.root().ok<any>(who, { at: then, p })).tenant.whoCan;
    expect(all.formerSubjects.map(({ name }: any) => name)).toEqual(['user:dies', 'user:chief']);
    expect(all).toMatchObject({ hiddenCount: 0, policySet: world.app.policies.engine.fingerprint });
  });

  it('require AUDITLOG:READ in the whole tenant, also about the caller', async () => {
    const own = await world.user('own', [a]);
    for (const client of [await holder(['FLOW:READ']), await holder(['AUDITLOG:READ'], 'company')]) {
      expect(await client.codes(who, { at: then })).toEqual(['FORBIDDEN']);
      expect(await client.codes(who, {})).toEqual([]);
      expect(await client.codes(effective, { at: then, s: idOf('User', people.stays) })).toEqual(['FORBIDDEN']);
    }
    const self = await world.as(own);
    expect(await self.codes(effective, { s: idOf('User', own) })).toEqual([]);
    expect(await self.codes(effective, { at: then, s: idOf('User', own) })).toEqual(['FORBIDDEN']);
    await world.grant(a, await world.user('lacks', [a]), ['AUDITLOG:READ']);
    const lacks = await world.as((await world.db.user.findFirst({ where: { username: 'lacks' } }))!);
    expect(await lacks.codes(who, { at: then })).toEqual(['FORBIDDEN']);
  });

  it('about one subject: return what a deleted one held, and report an unreadable one like one that never existed', async () => {
    const ask = async (id: string) => auditor.run<any>(effective, { at: then, s: id });
    const gone = (await ask(idOf('User', people.dies))).data.tenant.effectivePermissions;
    expect(gone).toContainEqual({ resource: 'FLOW', action: 'UPDATE' });
    expect((await ask(idOf('User', people.sleeps))).data.tenant.effectivePermissions).toEqual([]);
    const unknown = await ask(idOf('User', { id: '0198c0de-0000-7000-8000-000000000000' }));
    expect(unknown.errors[0]!.extensions.code).toBe('NOT_FOUND');
    for (const id of [idOf('User', people.stranger), idOf('User', people.chief), idOf('ServiceAccount', people.stays)])
      expect((await ask(id)).errors.map(({ message, extensions }) => ({ message, extensions }))).toEqual(
        unknown.errors.map(({ message, extensions }) => ({ message, extensions })),
      );
  });

  it('about a future time are BAD_INPUT; before the tenant existed, no principal had access', async () => {
    expect(await auditor.codes(who, { at: new Date(Date.now() + 60_000) })).toEqual(['BAD_INPUT']);
    expect((await auditor.ok<any>(who, { at: before })).tenant.whoCan).toMatchObject({ totalCount: 0, hiddenCount: 0 });
  });

  it('explainAccess with `at` uses what was held then, like whoCan; `clock` is the time that policies read', async () => {
    const permission = { resource: 'FLOW', actions: ['UPDATE'] };
    const about = (subject: string | undefined, more: object) =>
      auditor.run<any>(explain, { i: { permission, tenantKey: 'a', namespaceName: 'company.x', subject, ...more } });
    const stays = idOf('User', people.stays);
    const leaves = idOf('User', people.leaves);
    const roles = [{ roleThen: 'Writer', groupThen: 'Builders' }];
    expect((await about(leaves, { at: then })).data.explainAccess).toEqual({ answer: 'ALLOWED', origins: roles });
    expect((await about(stays, { at: then })).data.explainAccess).toEqual({ answer: 'ALLOWED', origins: roles });
    // Today a policy freezes the namespace, and the other user has no access.
    expect((await about(stays, {})).data.explainAccess.answer).toBe('REFUSED');
    expect((await about(stays, { clock: then })).data.explainAccess.answer).toBe('REFUSED');
    expect((await about(leaves, {})).errors[0]!.extensions.code).toBe('NOT_FOUND');
    const early = (await about(stays, { at: before })).errors[0]!;
    expect(early.extensions).toMatchObject({ code: 'BAD_INPUT', issues: [{ path: ['input', 'at'] }] });
    expect(early.message).toContain('before the first audit event of the tenant');
    expect((await about(undefined, { at: then })).errors[0]!.extensions.code).toBe('NOT_FOUND');
    for (const more of [{ clock: then }, { ip: '192.0.2.1' }, { reason: 'r' }, { credential: { kind: 'PASSWORD' } }])
      expect((await about(stays, { at: then, ...more })).errors[0]!.extensions).toMatchObject({
        code: 'BAD_INPUT',
        issues: [{ path: ['input', Object.keys(more)[0]] }],
      });
    const future = await about(stays, { at: new Date(Date.now() + 60_000) });
    expect(future.errors[0]!.extensions).toMatchObject({ code: 'BAD_INPUT', issues: [{ path: ['input', 'at'] }] });
    const lacks = await holder(['FLOW:READ']);
    const i = { permission, tenantKey: 'a', at: then, subject: stays };
    expect(await lacks.codes(explain, { i })).toEqual(['FORBIDDEN']);
  });
});
