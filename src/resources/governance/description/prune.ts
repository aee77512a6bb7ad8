import type { Binding } from '../../../db/generated/client.ts';
import { fold } from '../../../lib/text.ts';
import { deleteBinding } from '../../identity/binding/service.ts';
import { removeGroupMember } from '../../identity/group/members.ts';
import { deleteGroup } from '../../identity/group/service.ts';
import { deleteRole } from '../../identity/role/service.ts';
import { deleteServiceAccount } from '../../identity/service-account/service.ts';
import { revokeTenantAccess } from '../../identity/tenant-access/service.ts';
import { deleteNamespace } from '../../orchestration/namespace/service.ts';
import { bindingIn, bindingKey, memberIn } from './state.ts';
import { inTenant, overMembers, type Work } from './work.ts';

/**
 * Deletes objects that the description omits, of the kinds that it lists. The doer's own access, memberships, groups
 * and bindings are kept, as are managed roles and roles that still have bindings.
 * @returns the kept objects that grant the doer's own access.
 */
export async function prune(work: Work): Promise<string[]> {
  const own = ownOf(work);
  const kept: string[] = [];
  for (const stage of [pruneBindings, pruneMembers, pruneGroups, pruneAccounts, pruneAccess, pruneRoles]) {
    await stage(work, own, kept);
    work.faults.assertNone();
  }
  return kept;
}

interface Own {
  readonly id: string;
  readonly groups: ReadonlySet<string>;
}

function ownOf({ session, tenant }: Work): Own {
  const { principal } = session;
  const memberships = principal.memberships.filter(({ tenantId }) => tenantId === tenant.id);
  return { id: principal.id, groups: new Set(memberships.map(({ groupId }) => groupId)) };
}

const names = (items: readonly { readonly name: string }[]) => new Set(items.map(({ name }) => fold(name)));

async function pruneBindings(work: Work, own: Own, kept: string[]): Promise<void> {
  const { tx, tenant, state, faults, description } = work;
  if (!description.bindings) return;
  const described = new Set(
    description.bindings.flatMap((binding) => {
      const place = bindingIn(state, binding);
      return place ? [bindingKey(place)] : [];
    }),
  );
  for (const [key, binding] of state.bindings) {
    if (described.has(key)) continue;
    if (binding.principalId === own.id || (binding.groupId !== null && own.groups.has(binding.groupId)))
      kept.push(bindingName(work, binding));
    else await faults.at(['bindings'], () => deleteBinding(tx, inTenant(work, 'BINDING:DELETE'), tenant, binding.id));
  }
}

function bindingName({ state }: Work, { roleId, namespace }: Binding): string {
  const role = [...state.roles.values()].find(({ id }) => id === roleId)?.name ?? roleId;
  return `binding as ${role}${namespace === '' ? '' : ` in ${namespace}`}`;
}

async function pruneMembers(work: Work, own: Own, kept: string[]): Promise<void> {
  const { tx, tenant, state, faults, description } = work;
  for (const [i, described] of (description.groups ?? []).entries()) {
    const group = state.groups.get(fold(described.name));
    const wanted = new Set([...(described.owners ?? []), ...(described.members ?? [])].map((n) => memberIn(state, n)));
    for (const member of (group && state.members.get(group.id)?.values()) ?? []) {
      const spoken = member.membership === 'OWNER' ? described.owners : described.members;
      if (!spoken || wanted.has(member.principalId)) continue;
      if (member.principalId === own.id) kept.push(`membership of ${group!.name}`);
      else
        await faults.at(['groups', i], () =>
          removeGroupMember(tx, overMembers(work), tenant, group!.id, member.principalId),
        );
    }
  }
}

async function pruneGroups(work: Work, own: Own, kept: string[]): Promise<void> {
  const { tx, tenant, state, faults, description } = work;
  if (!description.groups) return;
  const described = names(description.groups);
  for (const group of state.groups.values()) {
    if (described.has(group.nameKey)) continue;
    if (own.groups.has(group.id)) kept.push(`group ${group.name}`);
    else await faults.at(['groups'], () => deleteGroup(tx, inTenant(work, 'GROUP:DELETE'), tenant, group.id));
  }
}

async function pruneAccounts(work: Work, own: Own, kept: string[]): Promise<void> {
  const { tx, tenant, state, faults, description } = work;
  if (!description.serviceAccounts) return;
  const described = names(description.serviceAccounts);
  for (const { id, name } of state.accounts.values()) {
    if (described.has(name)) continue;
    if (id === own.id) kept.push(`service account ${name}`);
    else
      await faults.at(['serviceAccounts'], () =>
        deleteServiceAccount(tx, inTenant(work, 'SERVICE_ACCOUNT:DELETE'), tenant, id),
      );
  }
}

async function pruneAccess(work: Work, own: Own, kept: string[]): Promise<void> {
  const { tx, tenant, state, faults, description } = work;
  if (!description.users) return;
  const described = new Set(description.users.map(fold));
  for (const [name, id] of state.users) {
    if (described.has(name)) continue;
    if (id === own.id) kept.push(`access of ${name}`);
    else await faults.at(['users'], () => revokeTenantAccess(tx, inTenant(work, 'TENANT_ACCESS:DELETE'), tenant, id));
  }
}

async function pruneRoles(work: Work, _own: Own, kept: string[]): Promise<void> {
  const { tx, tenant, state, faults, description } = work;
  if (!description.roles) return;
  const described = names(description.roles);
  const beyond = [...state.roles.values()].filter(({ nameKey, isManaged }) => !isManaged && !described.has(nameKey));
  const bindings = await tx.binding.findMany({
    where: { roleId: { in: beyond.map(({ id }) => id) } },
    select: { roleId: true },
  });
  const bound = new Set(bindings.map(({ roleId }) => roleId));
  for (const { id, name } of beyond) {
    if (bound.has(id)) kept.push(`role ${name}`);
    else await faults.at(['roles'], () => deleteRole(tx, inTenant(work, 'ROLE:DELETE'), tenant, id));
  }
}

/** Declared namespaces that the description omits. They remain implied by namespaces and objects below them. */
export async function pruneNamespaces(work: Work): Promise<void> {
  const { tx, tenant, faults, description } = work;
  if (!description.namespaces) return;
  const described = names(description.namespaces);
  const { where } = inTenant(work, 'NAMESPACE:READ');
  const rows = await tx.namespace.findMany({
    where: { AND: [{ tenantId: tenant.id, declared: true }, where as object] },
  });
  for (const { id, namespace } of rows) {
    if (!described.has(namespace))
      await faults.at(['namespaces'], () => deleteNamespace(tx, inTenant(work, 'NAMESPACE:DELETE'), tenant, id));
  }
  faults.assertNone();
}
