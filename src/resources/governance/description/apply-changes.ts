import type { Group } from '../../../db/generated/client.ts';
import { fold } from '../../../lib/text.ts';
import { createBinding } from '../../identity/binding/service.ts';
import { addGroupMembers, type Membership, setGroupMembership } from '../../identity/group/members.ts';
import { createGroup, updateGroup } from '../../identity/group/service.ts';
import { createRole, updateRole } from '../../identity/role/service.ts';
import { createServiceAccount, updateServiceAccount } from '../../identity/service-account/service.ts';
import { grantTenantAccesses } from '../../identity/tenant-access/service.ts';
import { createNamespace, updateNamespace } from '../../orchestration/namespace/service.ts';
import { type Description, permissionsIn } from './model.ts';
import { bindingIn, bindingKey, memberIn } from './state.ts';
import { difference, inTenant, overMembers, type Work } from './work.ts';

/** Applies the description, kind by kind. Each stage knows the results of the previous ones. */
export async function applyChanges(work: Work): Promise<void> {
  for (const stage of [giveAccess, applyAccounts, applyRoles, applyGroups, applyMembers, applyBindings]) {
    await stage(work);
    work.faults.assertNone();
  }
}

async function giveAccess(work: Work): Promise<void> {
  const { tx, tenant, state, faults, description } = work;
  const missing = (description.users ?? [])
    .map((username, i) => ({ username, path: ['users', i] }))
    .filter(({ username }) => !state.users.has(fold(username)));
  if (missing.length === 0) return;
  const grant = await faults.at(missing[0]!.path, () => inTenant(work, 'TENANT_ACCESS:CREATE'));
  if (!grant) return;
  await faults.all(missing, async (items) => {
    const usernames = items.map(({ username }) => username);
    const ids = await grantTenantAccesses(tx, grant, tenant, { usernames, withDefaultRole: false });
    for (const [i, username] of usernames.entries()) state.users.set(fold(username), ids[i]!);
  });
}

async function applyAccounts(work: Work): Promise<void> {
  const { tx, tenant, state, faults, description } = work;
  for (const [i, wanted] of (description.serviceAccounts ?? []).entries()) {
    await faults.at(['serviceAccounts', i], async () => {
      const present = state.accounts.get(fold(wanted.name));
      const change = present && difference(present, wanted);
      if (!present)
        state.accounts.set(
          fold(wanted.name),
          await createServiceAccount(tx, inTenant(work, 'SERVICE_ACCOUNT:CREATE'), tenant, wanted),
        );
      else if (change)
        await updateServiceAccount(tx, inTenant(work, 'SERVICE_ACCOUNT:UPDATE'), tenant, present.id, change);
    });
  }
}

async function applyRoles(work: Work): Promise<void> {
  const { tx, tenant, state, faults, description } = work;
  for (const [i, role] of (description.roles ?? []).entries()) {
    await faults.at(['roles', i], async () => {
      const wanted = { ...role, permissions: [...new Set(permissionsIn(role.permissions))].sort() };
      const present = state.roles.get(fold(role.name));
      const change = present && difference({ ...present, permissions: [...present.permissions].sort() }, wanted);
      if (!present)
        state.roles.set(
          fold(role.name),
          await createRole(tx, inTenant(work, 'ROLE:CREATE'), tenant, wanted, () => inTenant(work, 'ROLE:UPDATE')),
        );
      else if (change)
        state.roles.set(
          fold(role.name),
          await updateRole(tx, inTenant(work, 'ROLE:UPDATE'), tenant, present.id, change),
        );
    });
  }
}

async function applyGroups(work: Work): Promise<void> {
  const { tx, tenant, state, faults, description } = work;
  for (const [i, { name, description: text }] of (description.groups ?? []).entries()) {
    await faults.at(['groups', i], async () => {
      const wanted = { name, description: text };
      const present = state.groups.get(fold(name));
      const change = present && difference(present, wanted);
      if (!present) state.groups.set(fold(name), await createGroup(tx, inTenant(work, 'GROUP:CREATE'), tenant, wanted));
      else if (change) await updateGroup(tx, inTenant(work, 'GROUP:UPDATE'), tenant, present.id, change);
    });
  }
}

async function applyMembers(work: Work): Promise<void> {
  const { description, state } = work;
  for (const [i, described] of (description.groups ?? []).entries())
    await applyMembersOf(work, i, described, state.groups.get(fold(described.name))!);
}

async function applyMembersOf(
  work: Work,
  index: number,
  described: NonNullable<Description['groups']>[number],
  group: Group,
): Promise<void> {
  const { tx, tenant, state, faults } = work;
  const present = state.members.get(group.id);
  const wanted = (['owners', 'members'] as const).flatMap((kind) =>
    (described[kind] ?? []).map((name, j) => ({
      principalId: memberIn(state, name)!,
      membership: (kind === 'owners' ? 'OWNER' : 'MEMBER') as Membership,
      path: ['groups', index, kind, j],
    })),
  );
  const changing = wanted.filter(({ principalId, membership }) => present?.get(principalId)?.membership !== membership);
  if (changing.length === 0) return;
  const grant = await faults.at(changing[0]!.path, () => overMembers(work));
  if (!grant) return;
  await faults.all(
    changing.filter(({ principalId }) => !present?.has(principalId)),
    (items) =>
      addGroupMembers(
        tx,
        grant,
        tenant,
        group.id,
        items.map(({ principalId, membership }) => ({ principalId, membership })),
      ),
  );
  for (const { principalId, membership, path } of changing) {
    if (present?.has(principalId))
      await faults.at(path, () => setGroupMembership(tx, grant, tenant, group.id, principalId, membership));
  }
}

async function applyBindings(work: Work): Promise<void> {
  const { tx, tenant, state, faults, description } = work;
  for (const [i, described] of (description.bindings ?? []).entries()) {
    const place = bindingIn(state, described)!;
    if (state.bindings.has(bindingKey(place))) continue;
    const subject =
      place.groupId !== null
        ? { typename: 'Group' as const, id: place.groupId }
        : {
            typename: described.user !== undefined ? ('User' as const) : ('ServiceAccount' as const),
            id: place.principalId!,
          };
    await faults.at(['bindings', i], () =>
      createBinding(tx, inTenant(work, 'BINDING:CREATE'), tenant, {
        subject,
        roleId: place.roleId,
        namespace: place.namespace,
      }),
    );
  }
}

/** Last, with the doer's access at that point: a new Admin can declare namespaces. */
export async function applyNamespaces(work: Work): Promise<void> {
  const { tx, tenant, faults, description } = work;
  if (!description.namespaces) return;
  const reach = await faults.at(['namespaces'], () => inTenant(work, 'NAMESPACE:READ').where);
  faults.assertNone();
  const rows = await tx.namespace.findMany({
    where: { AND: [{ tenantId: tenant.id, declared: true }, reach as object] },
  });
  const present = new Map(rows.map((row) => [row.namespace, row]));
  for (const [i, wanted] of description.namespaces.entries()) {
    await faults.at(['namespaces', i], async () => {
      const row = present.get(wanted.name);
      const change = row && difference(row, { description: wanted.description });
      if (!row) await createNamespace(tx, inTenant(work, 'NAMESPACE:CREATE'), tenant, wanted);
      else if (change) await updateNamespace(tx, inTenant(work, 'NAMESPACE:UPDATE'), tenant, row.id, change);
    });
  }
  faults.assertNone();
}
