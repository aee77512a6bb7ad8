import type { Permission } from '../../../access/catalog.ts';
import type { Issue } from '../../../errors.ts';
import { remember } from '../../../lib/remember.ts';
import { fold } from '../../../lib/text.ts';
import { type Holding, manyBindings, type Principal } from '../../../policy/principals/principal.ts';
import { managedInstanceRole, managedRoles } from '../../identity/role/managed.ts';
import { permissionsIn } from '../description/model.ts';
import type { Suite } from './suite-model.ts';

type Path = (string | number)[];
type Writable = {
  -readonly [K in keyof Principal]: Principal[K] extends ReadonlyMap<infer A, infer B>
    ? Map<A, B>
    : Principal[K] extends readonly (infer T)[]
      ? T[]
      : Principal[K];
};
interface RoleOf {
  readonly name: string;
  readonly permissions: readonly Permission[];
}

const accountPrefix = 'service-account:';

/** Users and service accounts of a suite. The IDs of tenants are their keys, those of groups 'tenant/name'. */
export class People {
  readonly faults: Issue[] = [];
  readonly groups = new Map<string, string>();
  readonly tenants = new Map<string, string>();
  readonly #principals = new Map<string, Writable>();

  constructor(suite: Suite) {
    for (const [i, tenant] of suite.tenants.entries()) this.#tenant(tenant, ['tenants', i]);
    this.#instance(suite.instance);
    for (const name of suite.superAdmins) this.#user(name).superAdmin = true;
    suite.disabled.forEach((name, i) => {
      const user = this.#find(name, undefined, ['disabled', i]);
      if (user) user.disabled = true;
    });
    for (const principal of this.#principals.values())
      for (const tenant of suite.tenants) {
        const own = principal.holdings.filter(({ tenantId, namespace }) => tenantId === tenant.key && namespace !== '');
        const names = [...(tenant.namespaces ?? []).map(({ name }) => name), ...own.map(({ namespace }) => namespace)];
        if (own.length > manyBindings) principal.namespaces.set(tenant.key, [...new Set(names)]);
      }
  }

  /** Actor of a case; undefined if the name is unknown. A service account of the tenant takes precedence. */
  get(name: string, tenant: string | undefined): Principal | undefined {
    if (!name.startsWith(accountPrefix)) return this.#principals.get(fold(name));
    const own = this.#principals.get(accountId(tenant ?? '', name.slice(accountPrefix.length)));
    return (
      own ??
      [...this.#principals.values()].find(
        ({ kind, name: other }) => kind === 'SERVICE_ACCOUNT' && accountPrefix + other === name,
      )
    );
  }

  #user(name: string): Writable {
    return remember(this.#principals, fold(name), () => made('USER', fold(name), name));
  }

  #find(name: string, tenant: string | undefined, path: Path): Writable | undefined {
    const found = this.get(name, tenant) as Writable | undefined;
    if (!found) this.faults.push({ path, message: `The user or service account ${name} does not exist.` });
    else if (tenant !== undefined && !found.tenants.has(tenant)) {
      this.faults.push({ path, message: `${name} has no access to the tenant ${tenant}.` });
      return undefined;
    }
    return found;
  }

  #tenant({ key, ...content }: Suite['tenants'][number], path: Path): void {
    this.tenants.set(key, key);
    for (const name of content.users ?? []) this.#user(name).tenants.set(key, key);
    for (const { name } of content.serviceAccounts ?? []) {
      const account = made('SERVICE_ACCOUNT', accountId(key, name), name);
      account.homeTenantId = key;
      account.tenants.set(key, key);
      this.#principals.set(account.id, account);
    }
    const members = new Map<string, Writable[]>();
    content.groups?.forEach(({ name, ...group }, i) => {
      const groupId = `${key}/${name}`;
      this.groups.set(groupId, groupId);
      for (const [kind, membership] of [
        ['owners', 'OWNER'],
        ['members', 'MEMBER'],
      ] as const)
        group[kind]?.forEach((member, j) => {
          const found = this.#find(member, key, [...path, 'groups', i, kind, j]);
          found?.memberships.push({ tenantId: key, groupId, membership });
          if (found) remember(members, fold(name), () => []).push(found);
        });
      remember(members, fold(name), () => []);
    });
    const roles = new Map<string, RoleOf>(managedRoles.map((role) => [fold(role.name), role]));
    for (const { name, permissions } of content.roles ?? [])
      roles.set(fold(name), { name, permissions: permissionsIn(permissions) });
    content.bindings?.forEach(({ user, group, serviceAccount, role: roleName, namespace = '' }, i) => {
      const at = [...path, 'bindings', i];
      const role = this.#role(roles, roleName, [...at, 'role']);
      if (group !== undefined) {
        const found = members.get(fold(group));
        if (!found) this.faults.push({ path: [...at, 'group'], message: `The group ${group} does not exist.` });
        const groupId = [...this.groups.keys()].find((id) => fold(id) === fold(`${key}/${group}`)) ?? null;
        if (role) for (const member of found ?? []) member.holdings.push(holding(role, key, namespace, groupId, i));
      } else {
        const found = this.#find(user ?? accountPrefix + serviceAccount, key, [
          ...at,
          user === undefined ? 'serviceAccount' : 'user',
        ]);
        if (role) found?.holdings.push(holding(role, key, namespace, null, i));
      }
    });
  }

  #instance({ roles, bindings }: Suite['instance']): void {
    const own = new Map<string, RoleOf>([[fold(managedInstanceRole.name), managedInstanceRole]]);
    for (const { name, permissions } of roles) own.set(fold(name), { name, permissions: permissionsIn(permissions) });
    bindings.forEach(({ user, serviceAccount, role: roleName }, i) => {
      const path = ['instance', 'bindings', i];
      const role = this.#role(own, roleName, [...path, 'role']);
      const found = user !== undefined ? this.#user(user) : this.#find(accountPrefix + serviceAccount, undefined, path);
      if (role) found?.holdings.push(holding(role, null, '', null, i));
    });
  }

  #role(roles: ReadonlyMap<string, RoleOf>, name: string, path: Path): RoleOf | undefined {
    const role = roles.get(fold(name));
    if (!role) this.faults.push({ path, message: `The role ${name} does not exist.` });
    return role;
  }
}

const accountId = (tenant: string, name: string): string => `${accountPrefix}${tenant}/${name}`;

const made = (kind: Principal['kind'], id: string, name: string): Writable => ({
  revision: 0n,
  id,
  kind,
  name,
  superAdmin: false,
  disabled: false,
  authMethods: [],
  passwordChangedAt: null,
  homeTenantId: null,
  tenants: new Map(),
  memberships: [],
  holdings: [],
  namespaces: new Map(),
});

const holding = (
  { name, permissions }: RoleOf,
  tenantId: string | null,
  namespace: string,
  groupId: string | null,
  index: number,
): Holding => ({
  tenantId,
  namespace,
  permissions,
  bindingId: `${tenantId ?? ''}#${index + 1}`,
  roleId: name,
  groupId,
});
