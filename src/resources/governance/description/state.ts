import type { Permission } from '../../../access/catalog.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import type { Where } from '../../../access/where.ts';
import type { Binding, Group, GroupMember, Role, ServiceAccount } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { fold } from '../../../lib/text.ts';
import type { AccessSession } from '../../../policy/session/session.ts';
import type { Description } from './model.ts';

/** The current state of a tenant that the doer can read, by the names that a description uses. */
export interface State {
  /** IDs of users with access. */
  readonly users: Map<string, string>;
  readonly accounts: Map<string, ServiceAccount>;
  readonly groups: Map<string, Group>;
  /** Members of each group: principal to membership. */
  readonly members: Map<string, Map<string, GroupMember>>;
  readonly roles: Map<string, Role>;
  readonly bindings: Map<string, Binding>;
}

export type BindingPlace = Pick<Binding, 'principalId' | 'groupId' | 'roleId' | 'namespace'>;
export const bindingKey = ({ principalId, groupId, roleId, namespace }: BindingPlace): string =>
  [principalId, groupId, roleId, namespace].join(' ');

export const accountPrefix = 'service-account:';

/** ID of a member, by its name in a description. */
export const memberIn = (state: State, name: string): string | undefined =>
  name.startsWith(accountPrefix)
    ? state.accounts.get(fold(name.slice(accountPrefix.length)))?.id
    : state.users.get(fold(name));

type DescribedBinding = NonNullable<Description['bindings']>[number];

/** Subject and role of a described binding; undefined until both exist. */
export function bindingIn(
  state: State,
  { user, group, serviceAccount, role, namespace = '' }: DescribedBinding,
): BindingPlace | undefined {
  const roleId = state.roles.get(fold(role))?.id;
  const principalId =
    user !== undefined
      ? state.users.get(fold(user))
      : serviceAccount !== undefined && state.accounts.get(fold(serviceAccount))?.id;
  const groupId = group !== undefined && state.groups.get(fold(group))?.id;
  if (roleId === undefined || !(principalId || groupId)) return undefined;
  return { principalId: principalId || null, groupId: groupId || null, roleId, namespace };
}

/** Kinds that a description compares with the current state, so its sender must be able to read them. */
function spokenOf({ users, serviceAccounts, groups, roles, bindings }: Description) {
  const members = groups?.flatMap((group) => [...(group.owners ?? []), ...(group.members ?? [])]) ?? [];
  const inBindings = (kind: 'user' | 'group' | 'serviceAccount') =>
    bindings?.some((binding) => binding[kind] !== undefined);
  return {
    users: users || inBindings('user') || members.some((name) => !name.startsWith(accountPrefix)),
    accounts: serviceAccounts || inBindings('serviceAccount') || members.some((name) => name.startsWith(accountPrefix)),
    groups: groups || inBindings('group'),
    roles: roles || bindings,
    bindings,
  };
}

/**
 * Reads the state in a few statements. Kinds that the description omits stay empty.
 * @throws FORBIDDEN if the doer cannot read a described kind: "no difference" would reveal its content.
 */
export async function readState(
  tx: Tx,
  session: AccessSession,
  { id: tenantId }: TenantRef,
  description: Description,
): Promise<State> {
  const spoken = spokenOf(description);
  const reach = (permission: Permission): { AND: [{ tenantId: string }, Where] } => ({
    AND: [{ tenantId }, session.grant(permission, { tenantId }).where],
  });
  const accesses = spoken.users
    ? await tx.tenantAccess.findMany({
        where: { ...(reach('TENANT_ACCESS:READ') as object), principal: { kind: 'USER' } },
        select: { principalId: true, principal: { select: { user: { select: { usernameKey: true } } } } },
      })
    : [];
  const accounts = spoken.accounts
    ? await tx.serviceAccount.findMany({ where: reach('SERVICE_ACCOUNT:READ') as object })
    : [];
  const groups = spoken.groups ? await tx.group.findMany({ where: reach('GROUP:READ') as object }) : [];
  const readable = new Set(groups.map(({ id }) => id));
  const members = spoken.groups ? await tx.groupMember.findMany({ where: { tenantId } }) : [];
  const roles = spoken.roles ? await tx.role.findMany({ where: reach('ROLE:READ') as object }) : [];
  const bindings = spoken.bindings ? await tx.binding.findMany({ where: reach('BINDING:READ') as object }) : [];
  return {
    users: new Map(accesses.map(({ principalId, principal }) => [principal.user!.usernameKey, principalId])),
    accounts: new Map(accounts.map((account) => [account.name, account])),
    groups: new Map(groups.map((group) => [group.nameKey, group])),
    members: new Map(
      [...Map.groupBy(members, ({ groupId }) => groupId)]
        .filter(([groupId]) => readable.has(groupId))
        .map(([groupId, own]) => [groupId, new Map(own.map((member) => [member.principalId, member]))]),
    ),
    roles: new Map(roles.map((role) => [role.nameKey, role])),
    bindings: new Map(bindings.map((binding) => [bindingKey(binding), binding])),
  };
}
