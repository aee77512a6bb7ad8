import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allPermissions, type Permission, split } from '../../src/access/catalog.ts';
import type { Tenant } from '../../src/db/generated/client.ts';
import { newId } from '../../src/lib/ids.ts';
import { levels } from '../matrix/expected.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { idOf, World } from '../support/world.ts';
import { Chance } from './generate.ts';

const soak = process.env['SOAK'] === '1';
const changes = soak ? 1_000 : 160;
const names = ['a', 'a.b', 'a.b.c', 'ab', 'x'];
const impact = `impact { hiddenPrincipals escalations orphanedTenantKeys hiddenOrphanedTenants refusals { policy code message }
  principals { subjectId name superAdmin hiddenPermissions
    gained { resource action tenantKey namespaceName ownedGroup escalation } lost { resource action tenantKey namespaceName ownedGroup escalation } } }`;
const pool: Permission[] = [
  'FLOW:READ',
  'FLOW:UPDATE',
  'NAMESPACE:READ',
  'GROUP:READ',
  'ROLE:UPDATE',
  'BINDING:CREATE',
  'BINDING:READ',
  'TENANT:READ',
  'SECRET:READ',
];

/**
 * Computes what every principal holds, without the engine: 'principal tenant permission group place', a line per
 * place.
 */
async function allHoldings(world: World): Promise<Set<string>> {
  const { db } = world;
  const [principals, bindings, members, accesses, tenants] = await Promise.all([
    db.principal.findMany({ include: { user: true, serviceAccount: true } }),
    db.binding.findMany({ include: { role: true } }),
    db.groupMember.findMany(),
    db.tenantAccess.findMany(),
    db.tenant.findMany(),
  ]);
  const keys = new Map(tenants.map(({ id, key }) => [id, key]));
  const lines = new Set<string>();
  for (const { id, user, serviceAccount } of principals) {
    if (user?.disabled) continue;
    const subject = idOf(user ? 'User' : 'ServiceAccount', { id });
    if (user?.superAdmin || serviceAccount?.superAdmin) lines.add(`${subject} super`);
    for (const { tenantId } of accesses.filter(({ principalId }) => principalId === id))
      lines.add(`${subject} ${keys.get(tenantId)} TENANT:READ  *`);
    const own = members.filter(({ principalId }) => principalId === id);
    for (const { tenantId, groupId, membership } of own)
      if (membership === 'OWNER')
        lines.add(`${subject} ${keys.get(tenantId)} GROUP:UPDATE ${idOf('Group', { id: groupId })} *`);
    for (const { principalId, groupId, tenantId, namespace, role } of bindings) {
      if (principalId !== id && !own.some((member) => member.groupId === groupId)) continue;
      for (const permission of role.permissions) {
        const level = levels[permission] ?? levels[permission.split(':')[0]!]!;
        if (
          tenantId === null ? level !== 'instance' : level === 'instance' || (namespace !== '' && level !== 'namespace')
        )
          continue;
        for (const place of places(namespace))
          if (place === '*' || level === 'namespace')
            lines.add(`${subject} ${tenantId === null ? null : keys.get(tenantId)} ${permission}  ${place}`);
      }
    }
  }
  return lines;
}
/** The places below a binding: '*' is the whole tenant. */
const places = (namespace: string): string[] =>
  namespace === '' ? ['*', ...names] : names.filter((name) => name === namespace || name.startsWith(`${namespace}.`));

/** The keys of the tenants with an administrator, from the same lines. */
const administeredIn = (lines: ReadonlySet<string>): Set<string> =>
  new Set(
    [...lines].flatMap((line) => {
      const match = /^(\S+) (\S+) BINDING:CREATE {2}\*$/.exec(line);
      return match && lines.has(`${match[1]} ${match[2]} ROLE:UPDATE  *`) ? [match[2]!] : [];
    }),
  );

function reported(one: any, which: 'gained' | 'lost', beyond: ReadonlySet<string>): string[] {
  const listed = one[which].flatMap(({ resource, action, tenantKey, namespaceName, ownedGroup }: any) => {
    const permission = `${resource}:${action}`;
    const level = levels[permission] ?? levels[resource]!;
    const all = ownedGroup || level !== 'namespace' ? ['*'] : places(namespaceName ?? '');
    return all.map((place) => `${one.subjectId} ${tenantKey} ${permission} ${ownedGroup ?? ''} ${place}`);
  });
  if (one.superAdmin === (which === 'gained')) listed.push(`${one.subjectId} super`);
  return listed.filter((line: string) => !beyond.has(line));
}

describe('the impact in a dry run', () => {
  let world: World;
  let root: Client;
  const seed = Number(process.env['SEED'] ?? 3);
  const chance = new Chance(seed);
  const tenants: Tenant[] = [];

  beforeAll(async () => {
    world = await World.create();
    root = await world.as(await world.db.user.findFirstOrThrow({ where: { username: 'root' } }));
    for (const key of ['one', 'two']) {
      const tenant = await world.tenant(key);
      tenants.push(tenant);
      for (const name of names) await world.namespace(tenant, name);
      for (let i = 0; i < 3; i += 1) await world.group(tenant, `g${i}`);
      for (let i = 0; i < 3; i += 1) await world.role(tenant, `r${i}`, [...new Set(chance.some(pool, 4))]);
      await world.role(tenant, 'keeper', ['BINDING:CREATE', 'ROLE:UPDATE']);
      await world.account(tenant, 'robot');
    }
    for (let i = 0; i < 6; i += 1) await world.user(`u${i}`, chance.coin(0.7) ? tenants : [tenants[0]!]);
    await world.role(null, 'Instance', ['USER:READ', 'TENANT:CREATE']);
    for (const { tenantId, principalId } of await world.db.tenantAccess.findMany()) {
      const tenant = tenants.find(({ id }) => id === tenantId)!;
      for (const group of await world.db.group.findMany({ where: { tenantId } }))
        if (chance.coin()) await world.member(tenant, group, { id: principalId });
    }
  });
  afterAll(() => world.close());

  type Change = { field: string; select: string; input: object } | undefined;
  let next = 0;

  /** Creates one random change of the current state. */
  async function change(): Promise<Change> {
    const { db } = world;
    const [eldest, second, ...others] = await db.tenant.findMany({ orderBy: { id: 'asc' } });
    const tenant = others.length === 0 || chance.coin(0.85) ? chance.pick([eldest!, second!]) : chance.pick(others);
    const within = { where: { tenantId: tenant.id } };
    const one = <T>(list: readonly T[]): T | undefined => (list.length > 0 ? chance.pick(list) : undefined);
    // Most changes concern objects in use: the others affect no principal.
    const used = chance.coin(0.8) ? { bindings: { some: {} } } : {};
    const [roles, rolesInUse, groups, groupsInUse, accesses, users, members] = await Promise.all([
      db.role.findMany({ where: { tenantId: tenant.id, isManaged: false } }),
      db.role.findMany({ where: { tenantId: tenant.id, isManaged: false, ...used } }),
      db.group.findMany(within),
      db.group.findMany({ where: { tenantId: tenant.id, ...used } }),
      db.tenantAccess.findMany({ ...within, include: { principal: true } }),
      db.user.findMany({ where: { username: { not: 'root' } } }),
      db.groupMember.findMany({ ...within, include: { access: { include: { principal: true } } } }),
    ]);
    const role = one(rolesInUse) ?? one(roles);
    const group = one(groupsInUse) ?? one(groups);
    const [access, user, member] = [one(accesses), one(users), one(members)];
    const subject =
      access && idOf(access.principal.kind === 'USER' ? 'User' : 'ServiceAccount', { id: access.principalId });
    const permissions = () =>
      [...Map.groupBy([...new Set(chance.some(pool, 4))].map(split), ([resource]) => resource)].map(
        ([resource, own]) => ({
          resource,
          actions: own.map(([, action]) => action),
        }),
      );
    const of = (field: string, select: string, input: object): Change => ({ field, select, input });
    const kinds: [number, () => Change | Promise<Change>][] = [
      [
        3,
        () =>
          of('createRole', 'role { id }', { tenantKey: tenant.key, name: `r${next++}`, permissions: permissions() }),
      ],
      [8, () => role && of('updateRole', 'role { id }', { id: idOf('Role', role), permissions: permissions() })],
      [1, () => role && of('deleteRole', 'deletedId', { id: idOf('Role', role) })],
      [
        14,
        () => {
          const bindings = Array.from({ length: 1 + chance.below(2) }, () => ({
            subject: group && chance.coin(0.4) ? idOf('Group', group) : subject,
            role: role && idOf('Role', role),
            namespaceName: chance.coin(0.4) ? null : chance.pick(names),
          }));
          if (!role || !subject) return undefined;
          return of('createBindings', 'results { error { code } }', { tenantKey: tenant.key, bindings });
        },
      ],
      [
        8,
        async () => {
          const binding = one(await db.binding.findMany(within));
          return (
            binding &&
            of('deleteBindings', 'results { error { code } }', {
              tenantKey: tenant.key,
              ids: [idOf('Binding', binding), ...(chance.coin(0.2) ? [idOf('Binding', { id: newId() })] : [])],
            })
          );
        },
      ],
      [
        8,
        () =>
          group && subject !== undefined
            ? of('addGroupMember', 'group { id }', {
                group: idOf('Group', group),
                subject,
                membership: chance.pick(['OWNER', 'MEMBER']),
              })
            : undefined,
      ],
      [
        6,
        () => {
          const input = member && {
            group: idOf('Group', { id: member.groupId }),
            subject: idOf(member.access.principal.kind === 'USER' ? 'User' : 'ServiceAccount', {
              id: member.principalId,
            }),
          };
          if (!input) return undefined;
          return chance.coin()
            ? of('removeGroupMember', 'group { id }', input)
            : of('setGroupMembership', 'group { id }', { ...input, membership: chance.pick(['OWNER', 'MEMBER']) });
        },
      ],
      [1, () => of('createGroup', 'group { id }', { tenantKey: tenant.key, name: `g${next++}` })],
      [1, () => group && of('deleteGroup', 'deletedId', { id: idOf('Group', group) })],
      [4, () => user && of('grantTenantAccess', 'user { id }', { tenantKey: tenant.key, username: user.username })],
      [2, () => access && of('revokeTenantAccess', 'subjectId', { tenantKey: tenant.key, subject })],
      [4, () => user && of('setUserDisabled', 'user { id }', { id: idOf('User', user), disabled: chance.coin(0.4) })],
      [
        2,
        () => user && of('setSuperAdmin', 'subject { id }', { subject: idOf('User', user), superAdmin: chance.coin() }),
      ],
      [
        1,
        () =>
          of('createUser', 'user { id }', {
            username: `n${next}`,
            email: `n${next++}@people.example`,
            superAdmin: chance.coin(0.2),
          }),
      ],
      [1, () => user && of('deleteUser', 'deletedId', { id: idOf('User', user) })],
      [
        1,
        () => of('createServiceAccount', 'serviceAccount { id }', { tenantKey: tenant.key, name: `robot-${next++}` }),
      ],
      [
        1,
        async () => {
          const account = one(await db.serviceAccount.findMany(within));
          return account && of('deleteServiceAccount', 'deletedId', { id: idOf('ServiceAccount', account) });
        },
      ],
      [1, () => of('createTenant', 'tenant { id }', { key: `t${next++}` })],
      [
        0.5,
        () => (others.length > 0 ? of('deleteTenant', 'key', { id: idOf('Tenant', chance.pick(others)) }) : undefined),
      ],
      [
        2,
        async () => {
          const instance = await db.role.findFirstOrThrow({ where: { tenantId: null } });
          return (
            user &&
            of('createBindings', 'results { error { code } }', {
              bindings: [{ subject: idOf('User', user), role: idOf('Role', instance) }],
            })
          );
        },
      ],
      [
        3,
        () =>
          of('applyDescription', 'tenantKey', {
            tenantKey: tenant.key,
            description: {
              roles: [{ name: `d${chance.below(3)}`, permissions: { FLOW: ['READ', 'DELETE'] } }],
              groups: [{ name: `d${chance.below(3)}`, members: [] }],
            },
          }),
      ],
    ];
    let at = chance.next() * kinds.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, make] of kinds) {
      at -= weight;
      if (at < 0) return make();
    }
    return undefined;
  }

  it(`equals the effect of the real mutation over HTTP on every principal, for ${changes} random changes`, async () => {
    let before = await allHoldings(world);
    const seen = { refused: 0, gained: 0, lost: 0, orphaned: 0, escalations: 0, supers: 0, items: 0, none: 0 };
    const fields = new Map<string, number>();
    const begun = performance.now();
    for (let done = 0; done < changes; ) {
      const wanted = await change();
      if (!wanted) continue;
      const { field, select, input } = wanted;
      const dry = await root.run<any>(call(field, `${select} ${impact}`), { i: { ...input, dryRun: true } });
      if (done % 10 === 0) expect(await allHoldings(world), 'a dry run changes nothing').toEqual(before);
      const real = await root.run<any>(call(field, select), { i: input });
      const what = `seed ${seed}, change ${done}: ${field} ${JSON.stringify(input)}`;
      expect(
        dry.errors.map(({ extensions }) => extensions.code),
        what,
      ).toEqual(real.errors.map(({ extensions }) => extensions.code));
      if (real.errors.length > 0) {
        seen.refused += 1;
        continue;
      }
      const after = await allHoldings(world);
      const own = dry.data[field].impact;
      const created = (line: string) => (field.startsWith('create') ? line.replace(/^\S+/, 'new') : line);
      // The real mutation creates the object under another ID.
      const fresh = ['createUser', 'createServiceAccount'].includes(field);
      const same = (lines: Iterable<string>) =>
        [...new Set([...lines].map((line) => (fresh ? created(line) : line)))].sort();
      const gained = own.principals.flatMap((one: any) => reported(one, 'gained', before));
      const lost = own.principals.flatMap((one: any) => reported(one, 'lost', after));
      expect(same(gained), what).toEqual(same(after.difference(before)));
      expect(same(lost), what).toEqual(same(before.difference(after)));
      expect([own.hiddenPrincipals, own.hiddenOrphanedTenants]).toEqual([0, 0]);
      const there = new Set((await world.db.tenant.findMany()).map(({ key }) => key));
      const orphans = [...administeredIn(before).difference(administeredIn(after))]
        .filter((key) => there.has(key))
        .sort();
      expect(own.orphanedTenantKeys, what).toEqual(orphans);
      const items = (real.data[field].results ?? []).filter((item: any) =>
        ['FORBIDDEN', 'NOT_FOUND'].includes(item.error?.code),
      );
      expect(own.refusals, what).toHaveLength(items.length);
      seen.gained += gained.length;
      seen.lost += lost.length;
      seen.orphaned += orphans.length;
      seen.escalations += own.escalations;
      seen.items += items.length;
      if (own.principals.some((one: any) => one.superAdmin !== null)) seen.supers += 1;
      if (own.principals.length === 0) seen.none += 1;
      fields.set(field, (fields.get(field) ?? 0) + 1);
      before = after;
      done += 1;
    }
    console.log(
      `impact: ${changes} changes, seed ${seed}, ${((performance.now() - begun) / 1000).toFixed(0)} s, ${JSON.stringify({ ...seen, ...Object.fromEntries(fields) })}`,
    );
    // Orphaned tenants are rare in a short run.
    for (const [name, count] of Object.entries(seen))
      if (soak || name !== 'orphaned') expect(count, name).toBeGreaterThan(0);
    expect(allPermissions.length).toBeGreaterThan(pool.length);
  }, 300_000);

  it('names only principals, namespaces and roles that the caller can read, and counts the others', async () => {
    const [c, d] = [await world.tenant('c'), await world.tenant('d')];
    const viewer = await world.managed(d, 'Viewer');
    const victim = await world.user('victim', [d]);
    await world.bind(d, { principal: victim }, viewer, 'hidden.plan');
    const clerk = await world.user('clerk');
    await world.grant(null, clerk, ['USER:READ', 'USER:DELETE']);
    const { deleteUser } = await (await world.as(clerk)).ok<any>(call('deleteUser', impact), {
      i: { id: idOf('User', victim), dryRun: true },
    });
    expect(deleteUser.impact).toMatchObject({
      hiddenPrincipals: 0,
      principals: [{ name: 'victim', gained: [], lost: [] }],
    });
    expect(deleteUser.impact.principals[0].hiddenPermissions).toBeGreaterThan(3);
    expect(JSON.stringify(deleteUser)).not.toMatch(/hidden\.plan|FLOW|"d"/);

    const keeper = await world.user('keeper', [c]);
    const role = await world.role(c, 'Reads', ['FLOW:READ']);
    await world.grant(c, keeper, ['BINDING:CREATE', 'BINDING:DELETE', 'FLOW:READ', 'BINDING:READ', 'ROLE:READ']);
    const friend = await world.user('friend', [c]);
    const bind = async (client: Client) =>
      (
        await client.ok<any>(call('createBindings', `results { error { code } } ${impact}`), {
          i: { tenantKey: 'c', dryRun: true, bindings: [{ subject: idOf('User', friend), role: idOf('Role', role) }] },
        })
      ).createBindings.impact;
    expect(await bind(await world.as(keeper))).toMatchObject({ principals: [], hiddenPrincipals: 1 });
    expect(await bind(root)).toMatchObject({
      hiddenPrincipals: 0,
      principals: [
        { name: 'friend', gained: [{ resource: 'FLOW', action: 'READ', tenantKey: 'c', namespaceName: null }] },
      ],
    });
  });

  it('covers a group of 10,000 members within three seconds', async () => {
    const big = await world.tenant('big');
    const group = await world.group(big, 'Everybody');
    const ids = Array.from({ length: 10_000 }, () => newId());
    await world.write(async (tx) => {
      await tx.principal.createMany({ data: ids.map((id) => ({ id, kind: 'USER' })) });
      await tx.user.createMany({
        data: ids.map((id) => ({ id, username: id, usernameKey: id, email: id, emailKey: id, authMethods: [] })),
      });
      await tx.tenantAccess.createMany({ data: ids.map((id) => ({ id: newId(), tenantId: big.id, principalId: id })) });
      await tx.groupMember.createMany({
        data: ids.map((id) => ({
          id: newId(),
          tenantId: big.id,
          groupId: group.id,
          principalId: id,
          membership: 'MEMBER',
        })),
      });
      await tx.accessState.updateMany({ data: { revision: { increment: 1 } } });
    });
    const role = await world.managed(big, 'Admin');
    const input = {
      tenantKey: 'big',
      dryRun: true,
      bindings: [{ subject: idOf('Group', group), role: idOf('Role', role) }],
    };
    const begun = performance.now();
    const { createBindings } = await root.ok<any>(
      call('createBindings', 'impact { principalCount escalations principals(first: 3) { name gained { action } } }'),
      { i: input },
    );
    const took = performance.now() - begun;
    console.log(`impact on 10,000 members: ${took.toFixed(0)} ms`);
    expect(createBindings.impact).toMatchObject({ principalCount: 10_000, escalations: 10_000 });
    expect(createBindings.impact.principals).toHaveLength(3);
    expect(took).toBeLessThan(3_000);
  });
});
