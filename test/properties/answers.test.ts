import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allPermissions, type Permission, split } from '../../src/access/catalog.ts';
import type { Binding, Group, Namespace, ServiceAccount, Tenant, User } from '../../src/db/generated/client.ts';
import { newId } from '../../src/lib/ids.ts';
import { matches } from '../../src/policy/filter/portable.ts';
import { loadPrincipal, type Principal } from '../../src/policy/principals/principal.ts';
import { actorOf } from '../../src/policy/session/identity.ts';
import { inTenants } from '../../src/resources/governance/access/effective.ts';
import type { Client } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { idOf, World } from '../support/world.ts';
import { Chance } from './generate.ts';

const address = '127.0.0.1';
const names = ['a', 'a.b', 'a.b.c', 'ab', 'frozen', 'frozen.x', 'z'];
const pool: Permission[] = [
  'NAMESPACE:READ',
  'NAMESPACE:UPDATE',
  'NAMESPACE:DELETE',
  'GROUP:READ',
  'GROUP:UPDATE',
  'BINDING:READ',
  'ROLE:READ',
  'TENANT:UPDATE',
  'TENANT_ACCESS:READ',
  'SERVICE_ACCOUNT:READ',
  'FLOW:READ',
  'EXECUTION:CREATE',
  'BLUEPRINT:READ',
];

/**
 * Writes a plugin: a guard that reads the address, one that reads the principal, or one that throws for some
 * principals.
 */
const plugin = (name: string, resources: string, actions: string, reads: string, body: string) => `
  export default { name: '${name}', description: '${name}', resources: ${resources}, actions: ${actions}, reads: ${reads},
    create: () => ({ evaluate: ({ actor, env }) => { ${body} } }) };`;
const path = temporaryFolder('answers');
const personalPath = temporaryFolder('personal');
function folder(): string {
  const write = (name: string, resources: string, actions: string, reads: string, body: string) =>
    writeFileSync(join(path, `${name}.mjs`), plugin(name, resources, actions, reads, body));
  write(
    'robots-at-home',
    `['NAMESPACE', 'GROUP']`,
    `['READ', 'DELETE']`,
    `['ip']`,
    `return actor.kind === 'SERVICE_ACCOUNT' && env.ip !== '${address}' ? { effect: 'deny', reason: 'not at home' } : { effect: 'abstain' };`,
  );
  write(
    'not-seven',
    `['NAMESPACE', 'TENANT_ACCESS']`,
    `['READ', 'UPDATE']`,
    `['id']`,
    `return actor.name.endsWith('7') ? { effect: 'deny', reason: 'seven' } : { effect: 'abstain' };`,
  );
  write(
    'breaks',
    `['BLUEPRINT']`,
    `['READ']`,
    `[]`,
    `if (actor.kind === 'SERVICE_ACCOUNT') throw new Error('broken inside'); return { effect: 'abstain' };`,
  );
  return path;
}

interface Scenario {
  readonly tenant: Tenant;
  readonly people: {
    readonly row: User | ServiceAccount;
    readonly typename: 'User' | 'ServiceAccount';
    readonly client: Client;
  }[];
  readonly bindings: Binding[];
  readonly namespaces: Map<string, Namespace>;
}

const explain = `query($i: ExplainAccessInput!) { explainAccess(input: $i) {
  answer policy reason reach dependsOn origins { grant namespaceName binding { id } role { name } group { name } }
  missing { resource action tenantKey namespaceName } steps { policy effect reason filter dependsOn } reviews { policy } } }`;
const question = (permission: Permission) => {
  const [resource, action] = split(permission);
  return { resource, actions: [action] };
};

describe('explainAccess, whoCan and effectivePermissions', () => {
  let world: World;
  const scenarios: Scenario[] = [];
  const seed = Number(process.env['SEED'] ?? 11);
  const chance = new Chance(seed);

  beforeAll(async () => {
    world = await World.create({
      config: {
        policyFolders: [folder()],
        policies: { 'frozen-namespaces': { enabled: true, shadow: false, frozen: ['frozen'] } },
      },
    });
    for (let i = 0; i < (process.env['SOAK'] === '1' ? 20 : 2); i += 1) scenarios.push(await createScenario(i));
  }, 120_000);
  afterAll(async () => {
    rmSync(path, { recursive: true });
    await world.close();
  });

  async function createScenario(i: number): Promise<Scenario> {
    const tenant = await world.tenant(`t${i}`);
    const people: Scenario['people'] = [];
    for (let n = 0; n < 8; n += 1) {
      const row = await world.user(`u${i}-${n}`, [tenant], { superAdmin: n === 5 });
      people.push({ row, typename: 'User', client: await world.as(row) });
    }
    for (let n = 0; n < 3; n += 1) {
      const row = await world.account(tenant, `robot-${n + 5}`);
      people.push({ row, typename: 'ServiceAccount', client: await world.as(row) });
    }
    const groups: Group[] = [];
    for (const name of ['G', 'H', 'Empty']) groups.push(await world.group(tenant, name));
    for (const { row } of people)
      for (const group of groups.slice(0, 2))
        if (chance.coin(0.3)) await world.member(tenant, group, row, chance.coin(0.3) ? 'OWNER' : 'MEMBER');
    const namespaces = new Map<string, Namespace>();
    for (const name of names) namespaces.set(name, await world.namespace(tenant, name));
    const roles = [];
    for (let n = 0; n < 6; n += 1) roles.push(await world.role(tenant, `R${n}`, [...new Set(chance.some(pool, 5))]));
    const bindings = new Map<string, Binding>();
    for (let n = 0; n < 14; n += 1) {
      const subject = chance.coin(0.3) ? { group: chance.pick(groups) } : { principal: chance.pick(people).row };
      const [role, namespace] = [chance.pick(roles), chance.coin(0.4) ? '' : chance.pick(names)];
      const key = `${'group' in subject ? subject.group.id : subject.principal.id} ${role.id} ${namespace}`;
      if (!bindings.has(key)) bindings.set(key, await world.bind(tenant, subject, role, namespace));
    }
    await world.write(async (tx) => {
      await tx.user.update({ where: { id: people[2]!.row.id }, data: { disabled: true } });
      await tx.accessState.updateMany({ data: { revision: { increment: 1 } } });
    });
    return { tenant, people, bindings: [...bindings.values()], namespaces };
  }

  const here = () => ({
    ip: address,
    reason: '',
    credential: { kind: 'API_TOKEN', createdAt: new Date(), expiresAt: null, lastUsedAt: null },
  });
  const ask = async (client: Client, i: object) => (await client.ok<any>(explain, { i })).explainAccess;

  it('explainAccess predicts what the gateway does, and answers without a circumstance only if that is certain', async () => {
    const seen: Record<string, number> = { ALLOWED: 0, REFUSED: 0, DEPENDS: 0, ERROR: 0 };
    for (const { tenant, people, namespaces } of scenarios) {
      for (const { row, typename, client } of people) {
        const disabled = 'disabled' in row && row.id === people[2]!.row.id;
        const really: [Permission, string | undefined, () => Promise<boolean>][] = [...namespaces].flatMap(
          ([name, { id }]) => [
            [
              'NAMESPACE:READ',
              name,
              async () =>
                Boolean(
                  (
                    await client.run<any>(
                      'query($k: String!, $n: String!) { tenant(key: $k) { namespace(name: $n) { id } } }',
                      {
                        k: tenant.key,
                        n: name,
                      },
                    )
                  ).data?.tenant?.namespace,
                ),
            ],
            [
              'NAMESPACE:UPDATE',
              name,
              async () =>
                (
                  await client.codes(
                    'mutation($id: ID!) { updateNamespace(input: { id: $id, description: "x" }) { namespace { id } } }',
                    {
                      id: idOf('Namespace', { id }),
                    },
                  )
                ).length === 0,
            ],
          ],
        );
        const list = (permission: Permission, field: string) =>
          really.push([
            permission,
            undefined,
            async () =>
              Boolean(
                (
                  await client.run<any>(`query($k: String!) { tenant(key: $k) { ${field} { totalCount } } }`, {
                    k: tenant.key,
                  })
                ).data?.tenant?.[field],
              ),
          ]);
        list('GROUP:READ', 'groups');
        list('ROLE:READ', 'roles');
        list('BINDING:READ', 'bindings');
        list('TENANT_ACCESS:READ', 'users');
        really.push([
          'TENANT:UPDATE',
          undefined,
          async () =>
            (
              await client.codes(
                'mutation($id: ID!) { updateTenant(input: { id: $id, name: "x", dryRun: true }) { tenant { id } } }',
                {
                  id: idOf('Tenant', tenant),
                },
              )
            ).length === 0,
        ]);
        for (const [permission, namespace, does] of really) {
          const asked = {
            permission: question(permission),
            tenantKey: tenant.key,
            subject: idOf(typename, row),
            ...(namespace && { namespaceName: namespace }),
          };
          const sure = await ask(world.root(), { ...asked, ...here() });
          const what = `${row.id} ${permission} ${namespace}: ${JSON.stringify(sure)}`;
          expect(['ALLOWED', 'REFUSED'], what).toContain(sure.answer);
          expect(sure.answer === 'ALLOWED', `seed ${seed}, ${what}`).toBe(await does());
          const open = await ask(world.root(), asked);
          if (open.answer !== 'DEPENDS') expect(open.answer, what).toBe(sure.answer);
          else expect(open.dependsOn).toEqual(['ADDRESS']);
          seen[sure.answer]! += 1;
          if (open.answer === 'DEPENDS') seen['DEPENDS']! += 1;
          if (disabled) expect(sure.policy).toBe('sign-in');
          // The answer to a question about oneself is the same.
          if (!disabled && chance.coin(0.2))
            expect((await ask(client, { ...asked, subject: undefined, ...here() })).answer).toBe(sure.answer);
        }
      }
    }
    const robot = scenarios[0]!.people.find(({ typename }) => typename === 'ServiceAccount')!;
    await world.grant(scenarios[0]!.tenant, robot.row, ['BLUEPRINT:READ']);
    const broken = await ask(world.root(), {
      permission: question('BLUEPRINT:READ'),
      tenantKey: 't0',
      subject: idOf('ServiceAccount', robot.row),
    });
    expect(broken).toMatchObject({ answer: 'ERROR', policy: 'breaks' });
    console.log(`explainAccess, seed ${seed}: ${JSON.stringify(seen)}`);
    for (const answer of ['ALLOWED', 'REFUSED', 'DEPENDS']) expect(seen[answer], answer).toBeGreaterThan(5);
  }, 180_000);

  it('explainAccess refuses and names the missing permission after its only origin, a binding, is deleted', async () => {
    let flipped = 0;
    for (const { tenant, people } of scenarios) {
      for (const { row, typename } of people) {
        for (const permission of ['NAMESPACE:READ', 'FLOW:READ', 'ROLE:READ'] as const) {
          const namespace = split(permission)[0] === 'ROLE' ? undefined : chance.pick(names);
          const asked = {
            permission: question(permission),
            tenantKey: tenant.key,
            subject: idOf(typename, row),
            ...(namespace && { namespaceName: namespace }),
            ...here(),
          };
          const before = await ask(world.root(), asked);
          if (before.answer !== 'ALLOWED' || before.origins.length !== 1 || !before.origins[0].binding) continue;
          const { id } = before.origins[0].binding;
          const stored = await world.db.binding.findUniqueOrThrow({
            where: { id: Buffer.from(id, 'base64').toString().split(':')[1]! },
          });
          const flip = async () => {
            const after = await ask(world.root(), asked);
            expect(after).toMatchObject({ answer: 'REFUSED', policy: 'roles' });
            expect(after.missing).toEqual({
              resource: split(permission)[0],
              action: 'READ',
              tenantKey: tenant.key,
              namespaceName: namespace ?? null,
            });
          };
          await world
            .root()
            .ok(
              'mutation($k: String!, $id: ID!) { deleteBindings(input: { tenantKey: $k, ids: [$id] }) { results { error { code } } } }',
              { k: tenant.key, id },
            );
          await flip();
          await world.write(async (tx) => {
            await tx.binding.create({ data: stored });
            await tx.accessState.updateMany({ data: { revision: { increment: 1 } } });
          });
          flipped += 1;
        }
      }
    }
    expect(flipped).toBeGreaterThan(8);
  }, 120_000);

  /** Returns the engine's outcome for one principal, with or without an address. */
  const decided = (principal: Principal, permission: Permission, tenantId: string, ip?: string) => {
    const { outcome } = world.app.policies.engine.decide({
      principal,
      actor: actorOf(principal, tenantId, { kind: 'basic' }),
      env: { now: new Date(), requestId: 'brute', ...(ip && { ip }) },
      permission,
      scope: { tenantId },
    });
    return outcome;
  };
  const allPrincipals = async () =>
    Promise.all((await world.db.principal.findMany()).map(async ({ id }) => (await loadPrincipal(world.db, id))!));

  it('whoCan lists exactly the principals that the engine allows, with and without a namespace', async () => {
    const all = await allPrincipals();
    let named = 0;
    let depending = 0;
    for (const { tenant } of scenarios) {
      for (const permission of allPermissions.filter(inTenants)) {
        if (permission === 'BLUEPRINT:READ') continue;
        const inNamespaces = ['NAMESPACE', 'FLOW', 'EXECUTION', 'BINDING'].includes(split(permission)[0]);
        for (const namespace of inNamespaces ? [undefined, ...names] : [undefined]) {
          const { tenant: answer } = await world.root().ok<any>(
            `query($k: String!, $p: PermissionInput!, $n: String) { tenant(key: $k) { whoCan(permission: $p, namespaceName: $n, first: 100) {
              totalCount hiddenCount edges { answer reach dependsOn origins { grant binding { id } } node { id } } } } }`,
            { k: tenant.key, p: question(permission), n: namespace ?? null },
          );
          const page = answer.whoCan;
          const able = (ip?: string) =>
            new Set(
              all
                .filter((principal) => {
                  // Without access to the tenant, only a super admin holds permissions in it.
                  if (principal.disabled || !(principal.superAdmin || principal.tenants.has(tenant.id))) return false;
                  const outcome = decided(principal, permission, tenant.id, ip);
                  if (outcome.effect !== 'allow') return false;
                  const row = (name: string) => ({ tenantId: tenant.id, namespace: name });
                  const { where } = outcome;
                  if (!inNamespaces || where === undefined) return true;
                  return (namespace ? [namespace] : [...names, 'fresh']).some((name) => matches(where, row(name)));
                })
                .map(({ id, kind }) => idOf(kind === 'USER' ? 'User' : 'ServiceAccount', { id })),
            );
          const [at, elsewhere] = [able(address), able('192.0.2.1')];
          const what = `seed ${seed} ${tenant.key} ${permission} ${namespace}`;
          expect(new Set(page.edges.map((edge: any) => edge.node.id)), what).toEqual(at);
          expect(page.totalCount).toBe(at.size);
          expect(page.hiddenCount).toBe(0);
          for (const edge of page.edges) {
            expect(edge.answer, what).toBe(elsewhere.has(edge.node.id) ? 'ALLOWED' : 'DEPENDS');
            expect(edge.dependsOn).toEqual(edge.answer === 'DEPENDS' ? ['ADDRESS'] : []);
            expect(edge.origins.length, what).toBeGreaterThan(0);
            named += 1;
            if (edge.answer === 'DEPENDS') depending += 1;
          }
        }
      }
    }
    console.log(`whoCan: ${named} named, ${depending} of them depending`);
    expect(named).toBeGreaterThan(300);
    expect(depending).toBeGreaterThan(5);
  }, 180_000);

  it('effectivePermissions lists exactly what the engine allows', async () => {
    for (const { tenant, people } of scenarios) {
      for (const { row, typename } of people) {
        const { tenant: answer } = await world
          .root()
          .ok<any>(
            `query($k: String!, $s: ID!) { tenant(key: $k) { effectivePermissions(subject: $s) { resource action answer reach origins { grant namespaceName role { name } } } } }`,
            { k: tenant.key, s: idOf(typename, row) },
          );
        const principal = (await loadPrincipal(world.db, row.id))!;
        const wanted = allPermissions.filter(
          (permission) =>
            inTenants(permission) &&
            !principal.disabled &&
            decided(principal, permission, tenant.id, address).effect === 'allow',
        );
        const reported = answer.effectivePermissions
          .filter((one: any) => one.answer !== 'ERROR')
          .map(({ resource, action }: any) => `${resource}:${action}`);
        expect(reported, `seed ${seed} ${row.id}`).toEqual(wanted);
        for (const { origins, reach } of answer.effectivePermissions)
          expect([origins.length > 0, reach !== '']).toEqual([true, true]);
      }
    }
  }, 120_000);

  it('whoCan fails with POLICY_ERROR if a policy fails for one principal, instead of omitting that principal', async () => {
    const tenant = await world.tenant('odd');
    const robot = await world.account(tenant, 'breaking');
    const ask = () =>
      world
        .root()
        .codes(
          '{ tenant(key: "odd") { whoCan(permission: { resource: BLUEPRINT, actions: [READ] }) { totalCount } } }',
        );
    expect(await ask()).toEqual([]);
    await world.grant(tenant, robot, ['BLUEPRINT:READ']);
    expect(await ask()).toEqual(['POLICY_ERROR']);
  });

  it('whoCan paginates by keyset, forwards and backwards', async () => {
    const query = `query($f: Int, $l: Int, $a: String, $b: String) { tenant(key: "t0") { whoCan(permission: { resource: TENANT, actions: [READ] }, first: $f, last: $l, after: $a, before: $b) {
      totalCount nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;
    const get = async (variables: object) => (await world.root().ok<any>(query, variables as never)).tenant.whoCan;
    const all = (await get({ f: 100 })).nodes.map(({ id }: any) => id);
    const walked: string[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const page: any = await get({ f: 3, a: after });
      walked.push(...page.nodes.map(({ id }: any) => id));
      after = page.pageInfo.endCursor;
      more = page.pageInfo.hasNextPage;
      expect(page.totalCount).toBe(all.length);
    }
    expect(walked).toEqual(all);
    const back: string[] = [];
    for (let before: string | null = null, more = true; more; ) {
      const page: any = await get({ l: 4, b: before });
      back.unshift(...page.nodes.map(({ id }: any) => id));
      before = page.pageInfo.startCursor;
      more = page.pageInfo.hasPreviousPage;
    }
    expect(back).toEqual(all);
    expect(all.length).toBeGreaterThan(8);
    expect(await world.root().codes(query, { f: 3, a: 'nonsense' })).toEqual(['BAD_INPUT']);
    expect(await world.root().codes(query, { f: 101 })).toEqual(['BAD_INPUT']);
  });
});

describe('whoCan of a large tenant', () => {
  let world: World;
  const chance = new Chance(5);
  beforeAll(async () => {
    writeFileSync(
      join(personalPath, 'personal.mjs'),
      plugin(
        'personal',
        `['FLOW']`,
        `['READ']`,
        `['id']`,
        `return actor.name === 'big-1' ? { effect: 'deny', reason: 'one' } : { effect: 'abstain' };`,
      ),
    );
    world = await World.create({
      config: {
        policyFolders: [personalPath],
        policies: {
          'frozen-namespaces': { enabled: true, shadow: false, frozen: ['frozen'] },
          'token-hygiene': {
            enabled: true,
            shadow: false,
            users: { maxAgeDays: 90 },
            serviceAccounts: { maxAgeDays: 90 },
          },
          network: { enabled: true, shadow: false, rules: [{ serviceAccount: 'ci', allow: ['10.0.0.0/8'] }] },
        },
      },
    });
  });
  afterAll(async () => {
    rmSync(personalPath, { recursive: true });
    await world.close();
  });

  it('answers about 10,000 users and 1,000 bindings in less than a second', async () => {
    const tenant = await world.tenant('big');
    const users = Array.from({ length: 10_000 }, (_, n) => ({ id: newId(), n }));
    const role = await world.role(tenant, 'Big', ['NAMESPACE:UPDATE', 'FLOW:READ']);
    const other = await world.role(tenant, 'Other', ['GROUP:READ']);
    await world.write(async (tx) => {
      await tx.principal.createMany({ data: users.map(({ id }) => ({ id, kind: 'USER' })) });
      await tx.user.createMany({
        data: users.map(({ id, n }) => ({
          id,
          username: `big-${n}`,
          usernameKey: `big-${n}`,
          email: `big-${n}@people.example`,
          emailKey: `big-${n}@people.example`,
          authMethods: ['PASSWORD'],
          disabled: n % 97 === 0,
        })),
      });
      await tx.tenantAccess.createMany({
        data: users.map(({ id }) => ({ id: newId(), tenantId: tenant.id, principalId: id })),
      });
      const groups = Array.from({ length: 300 }, (_, n) => ({
        id: newId(),
        tenantId: tenant.id,
        name: `g${n}`,
        nameKey: `g${n}`,
      }));
      await tx.group.createMany({ data: groups });
      await tx.groupMember.createMany({
        data: users
          .flatMap(({ id, n }) =>
            [n % 300, (n * 7 + 1) % 300].map((g) => ({
              id: newId(),
              tenantId: tenant.id,
              groupId: groups[g]!.id,
              principalId: id,
              membership: 'MEMBER',
            })),
          )
          .filter((one, index, list) => index % 2 === 0 || one.groupId !== list[index - 1]!.groupId),
      });
      await tx.binding.createMany({
        data: Array.from({ length: 1_000 }, (_, n) => ({
          id: newId(),
          tenantId: tenant.id,
          roleId: n % 3 === 0 ? other.id : role.id,
          namespace: n % 3 === 0 ? '' : chance.pick(['a', 'a.b', 'frozen', `n${n}`]),
          ...(n < 600 ? { groupId: groups[n % 150]!.id, namespace: `n${n}` } : { principalId: users[n * 9]!.id }),
        })),
      });
      await tx.accessState.updateMany({ data: { revision: { increment: 1 } } });
    });
    const client = await world.as(await world.user('asker', [], { superAdmin: true }));
    const query = `query($p: PermissionInput!, $n: String) { tenant(key: "big") { whoCan(permission: $p, namespaceName: $n, first: 100) {
      totalCount nodes { id } edges { reach origins { binding { id } role { name } group { name } } } } } }`;
    await client.ok('{ viewer { name } }');
    const times: number[] = [];
    for (const [permission, namespace] of [
      ['NAMESPACE:UPDATE', undefined],
      ['NAMESPACE:UPDATE', 'a.b.c'],
      ['FLOW:READ', 'n100'],
      // A policy that reads the principal is evaluated for each principal.
      ['FLOW:READ', undefined],
      ['GROUP:READ', undefined],
      ['TENANT:READ', undefined],
    ] as const) {
      let answer: any;
      // The better of two runs: other work shares the machine.
      const runs: number[] = [];
      for (let run = 0; run < 2; run += 1) {
        const begun = performance.now();
        answer = (await client.ok<any>(query, { p: question(permission), n: namespace ?? null })).tenant;
        runs.push(performance.now() - begun);
      }
      const took = Math.min(...runs);
      times.push(took);
      console.log(
        `whoCan ${permission} ${namespace ?? ''}: ${answer.whoCan.totalCount} of 10,000 in ${took.toFixed(0)} ms`,
      );
      expect(answer.whoCan.totalCount).toBeGreaterThan(0);
    }
    expect(Math.max(...times)).toBeLessThan(1_000);
    expect(await world.statements(() => client.ok(query, { p: question('FLOW:READ'), n: null }))).toBeLessThan(15);
  }, 120_000);
});
