import { setTimeout as sleep } from 'node:timers/promises';
import { allPermissions, levelOf, type Permission, split } from '../../src/access/catalog.ts';
import { matches } from '../../src/policy/filter/portable.ts';
import { loadPrincipal } from '../../src/policy/principals/principal.ts';
import { actorOf } from '../../src/policy/session/identity.ts';
import { inTenants } from '../../src/resources/governance/access/effective.ts';
import type { Chance } from '../properties/generate.ts';
import { idOf, type World } from '../support/world.ts';

export const namespaces = ['a', 'a.b', 'a.b.c', 'ab', 'z'];
const asked = allPermissions.filter(inTenants);
export const places = (permission: Permission): (string | undefined)[] =>
  levelOf(...split(permission)) === 'namespace' ? [undefined, ...namespaces] : [undefined];

/** The permissions at an instant: ids in order, by tenant, permission and namespace. */
export interface Truth {
  readonly at: Date;
  readonly able: ReadonlyMap<string, readonly string[]>;
  readonly tenants: readonly { id: string; key: string }[];
}
export const keyOf = (tenantId: string, permission: Permission, namespace?: string) =>
  `${tenantId} ${permission} ${namespace ?? '*'}`;

/** Computes the current permissions from the tables: loads and checks every principal separately. */
export async function truthOf(world: World): Promise<Truth> {
  await sleep(3);
  const at = new Date();
  await sleep(3);
  const ids = (await world.db.principal.findMany({ orderBy: { id: 'asc' } })).map(({ id }) => id);
  const principals = await Promise.all(ids.map(async (id) => (await loadPrincipal(world.db, id))!));
  const tenants = await world.db.tenant.findMany({ select: { id: true, key: true } });
  const able = new Map<string, string[]>();
  for (const { id: tenantId } of tenants) {
    for (const permission of asked) {
      for (const principal of principals) {
        if (principal.disabled) continue;
        const atInstance = levelOf(...split(permission)) === 'instance';
        if (!principal.superAdmin && !principal.tenants.has(tenantId) && !atInstance) continue;
        const { outcome } = world.app.policies.engine.decide({
          principal,
          actor: actorOf(principal, tenantId, { kind: 'basic' }),
          env: { now: at, requestId: 'truth' },
          permission,
          scope: { tenantId },
        });
        if (outcome.effect !== 'allow') continue;
        for (const namespace of places(permission)) {
          const row = { tenantId, namespace: namespace ?? '' };
          if (namespace && outcome.where && !matches(outcome.where, row)) continue;
          const key = keyOf(tenantId, permission, namespace);
          able.set(key, [...(able.get(key) ?? []), principal.id]);
        }
      }
    }
  }
  for (const list of able.values()) list.sort();
  return { at, able, tenants };
}

export { asked };

type Ref = { id: string };
const inputs = (permissions: readonly Permission[]) =>
  permissions.map((permission) => ({ resource: split(permission)[0], actions: [split(permission)[1]] }));

/** Runs random mutations of an organisation through the API as the super admin. Counts them by mutation. */
export class History {
  readonly done: Record<string, number> = {};
  readonly #world: World;
  readonly #chance: Chance;
  #next = 0;

  constructor(world: World, chance: Chance) {
    this.#world = world;
    this.#chance = chance;
  }

  /** Sends one random mutation. @returns false if it was not possible (a conflict, or no suitable object). */
  async step(): Promise<boolean> {
    const [name, input, more = ''] = (await this.#one()) ?? [];
    if (!name) return false;
    const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
    const { data, errors } = await this.#world
      .root()
      .run<any>(`mutation($i: ${type}!) { ${name}(input: $i) { clientMutationId: __typename ${more} } }`, { i: input });
    const failed = errors.length > 0 || data?.[name]?.results?.some(({ error }: { error: unknown }) => error) === true;
    if (errors.some(({ extensions }) => !['CONFLICT', 'NOT_FOUND', 'FORBIDDEN'].includes(extensions.code)))
      throw new Error(`${name}: ${JSON.stringify(errors)}`);
    if (!failed) this.done[name] = (this.done[name] ?? 0) + 1;
    return !failed;
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list.length === 0 ? undefined : this.#chance.pick(list);
  }

  async #one(): Promise<[string, object, string?] | undefined> {
    const { db } = this.#world;
    const chance = this.#chance;
    const n = this.#next++;
    const tenant = this.#pick(await db.tenant.findMany({ orderBy: { id: 'asc' } }));
    const user = this.#pick(await db.user.findMany({ orderBy: { id: 'asc' }, where: { username: { not: 'root' } } }));
    const account = this.#pick(await db.serviceAccount.findMany({ orderBy: { id: 'asc' }, include: { tenant: true } }));
    const group = this.#pick(await db.group.findMany({ orderBy: { id: 'asc' } }));
    const at = { tenantId: tenant?.id ?? null };
    const role = this.#pick(await db.role.findMany({ orderBy: { id: 'asc' }, where: at }));
    const access = this.#pick(
      await db.tenantAccess.findMany({ orderBy: { id: 'asc' }, where: { tenantId: tenant?.id ?? '' } }),
    );
    const userId = user && idOf('User', user);
    const typed = async ({ id }: Ref) =>
      idOf((await db.principal.findUniqueOrThrow({ where: { id } })).kind === 'USER' ? 'User' : 'ServiceAccount', {
        id,
      });
    const kind = chance.below(100);
    if (kind < 8) return ['createUser', { username: `p${n}`, email: `p${n}@people.example` }];
    if (kind < 10) return user && ['deleteUser', { id: userId }];
    if (kind < 15) return user && ['setUserDisabled', { id: userId, disabled: !user.disabled }];
    if (kind < 18) return user && ['setSuperAdmin', { subject: userId, superAdmin: !user.superAdmin }];
    if (kind < 21)
      return (
        account && ['setSuperAdmin', { subject: idOf('ServiceAccount', account), superAdmin: !account.superAdmin }]
      );
    if (kind < 22) return user && ['updateUser', { id: userId, username: `r${n}` }];
    if (kind < 33) return user && tenant && ['grantTenantAccess', { tenantKey: tenant.key, username: user.username }];
    if (kind < 37)
      return (
        access && ['revokeTenantAccess', { tenantKey: tenant!.key, subject: await typed({ id: access.principalId }) }]
      );
    if (kind < 40) return tenant && ['createGroup', { tenantKey: tenant.key, name: `g${n}` }];
    if (kind < 41) return group && ['updateGroup', { id: idOf('Group', group), name: `h${n}` }];
    if (kind < 43) return group && ['deleteGroup', { id: idOf('Group', group) }];
    if (kind < 52) {
      const one =
        group &&
        this.#pick(await db.tenantAccess.findMany({ orderBy: { id: 'asc' }, where: { tenantId: group.tenantId } }));
      const membership = chance.coin(0.3) ? 'OWNER' : 'MEMBER';
      return (
        one && [
          'addGroupMember',
          { group: idOf('Group', group!), subject: await typed({ id: one.principalId }), membership },
        ]
      );
    }
    if (kind < 58) {
      const one = this.#pick(await db.groupMember.findMany({ orderBy: { id: 'asc' } }));
      if (!one) return undefined;
      const ref = { group: idOf('Group', { id: one.groupId }), subject: await typed({ id: one.principalId }) };
      if (chance.coin()) return ['removeGroupMember', ref];
      return ['setGroupMembership', { ...ref, membership: one.membership === 'OWNER' ? 'MEMBER' : 'OWNER' }];
    }
    const some = () => [...new Set(chance.some(asked, 6))];
    if (kind < 63)
      return (
        tenant && [
          'createRole',
          { tenantKey: tenant.key, name: `R${n}`, permissions: inputs(some()), isDefault: chance.coin(0.2) },
        ]
      );
    if (kind < 69)
      return role && !role.isManaged
        ? ['updateRole', { id: idOf('Role', role), permissions: inputs(some()) }]
        : undefined;
    if (kind < 70) return role && ['deleteRole', { id: idOf('Role', role) }];
    if (kind < 86) {
      const groups = await db.group.findMany({ orderBy: { id: 'asc' }, where: { tenantId: tenant?.id ?? '' } });
      const subject =
        chance.coin(0.3) && groups.length > 0
          ? idOf('Group', chance.pick(groups))
          : access && (await typed({ id: access.principalId }));
      const namespace = chance.coin(0.4) ? null : chance.pick(namespaces);
      return subject && role
        ? [
            'createBindings',
            { tenantKey: tenant!.key, bindings: [{ subject, role: idOf('Role', role), namespaceName: namespace }] },
            'results { error { code } }',
          ]
        : undefined;
    }
    if (kind < 87) {
      const engine = await db.role.findFirst({ where: { tenantId: null } });
      return user && engine
        ? [
            'createBindings',
            { bindings: [{ subject: userId, role: idOf('Role', engine) }] },
            'results { error { code } }',
          ]
        : undefined;
    }
    if (kind < 93) {
      const binding = this.#pick(await db.binding.findMany({ orderBy: { id: 'asc' }, include: { tenant: true } }));
      return (
        binding && [
          'deleteBindings',
          { ...(binding.tenant && { tenantKey: binding.tenant.key }), ids: [idOf('Binding', binding)] },
          'results { error { code } }',
        ]
      );
    }
    if (kind < 96)
      return [
        'createServiceAccount',
        { ...(tenant && chance.coin(0.8) && { tenantKey: tenant.key }), name: `robot-${n}` },
      ];
    if (kind < 97) return account && ['deleteServiceAccount', { id: idOf('ServiceAccount', account) }];
    if (kind < 98 || !tenant) return ['createTenant', { key: `t${n}` }];
    // One tenant is kept.
    return tenant.key !== 'main' && (await db.tenant.count()) > 2
      ? ['deleteTenant', { id: idOf('Tenant', tenant) }]
      : undefined;
  }
}
