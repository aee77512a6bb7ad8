import { isPermission } from '../access/catalog.ts';
import { lockState } from '../access/revision.ts';
import type { TenantRef } from '../access/tenant-ref.ts';
import { record } from '../audit/record.ts';
import type { Role } from '../db/generated/client.ts';
import { inTransaction, type Store, type Tx } from '../db/transaction.ts';
import { fold } from '../lib/text.ts';
import { asSystem } from '../policy/session/system.ts';
import { type ManagedRoleContent, managedInstanceRole, managedRoles } from '../resources/identity/role/managed.ts';
import { createManagedRole } from '../resources/identity/role/service.ts';

const reason = 'the program defines the managed roles';

/**
 * Updates the managed roles of every tenant and of the instance to the definitions of this program: a version that adds
 * a permission adds it to the roles of old tenants too. The access lock serializes gateways, and only the first one
 * finds changes. A permission that this program does not know is kept: during a rolling upgrade it belongs to a newer
 * version.
 * @returns the number of created or changed roles.
 */
export async function alignManagedRoles(store: Store): Promise<number> {
  if ((await pendingIn(store.prisma)).length === 0) return 0;
  return inTransaction(
    store,
    async (tx) => {
      await lockState(tx);
      const pending = await pendingIn(tx);
      for (const { tenant, content, role } of pending) await align(tx, tenant, content, role);
      return pending.length;
    },
    { timeoutMs: 120_000 },
  );
}

interface Pending {
  /** Null for the instance. */
  readonly tenant: TenantRef | null;
  readonly content: ManagedRoleContent;
  /** Undefined if it does not exist yet. */
  readonly role: Role | undefined;
}

async function pendingIn(db: Pick<Tx, 'role' | 'tenant'>): Promise<Pending[]> {
  const tenants = await db.tenant.findMany({ select: { id: true, key: true }, orderBy: { id: 'asc' } });
  const names = [...managedRoles, managedInstanceRole].map(({ name }) => fold(name));
  // If a tenant has a custom role with this name, the tenant keeps it and does not get the managed one.
  const roles = await db.role.findMany({ where: { OR: [{ isManaged: true }, { nameKey: { in: names } }] } });
  const named = new Map(roles.map((role) => [`${role.tenantId ?? ''} ${role.nameKey}`, role]));
  const wanted = [
    { tenant: null, content: managedInstanceRole },
    ...tenants.flatMap((tenant) => managedRoles.map((content) => ({ tenant, content }))),
  ];
  return wanted
    .map(({ tenant, content }) => ({ tenant, content, role: named.get(`${tenant?.id ?? ''} ${fold(content.name)}`) }))
    .filter(({ content, role }) => !role || (role.isManaged && differs(role, content)));
}

/** Permissions of the role: those of the program, and those in the role that the program does not know. */
const permissionsOf = ({ permissions }: Role, content: ManagedRoleContent): string[] => [
  ...content.permissions,
  ...permissions.filter((permission) => !isPermission(permission)),
];

function differs(role: Role, content: ManagedRoleContent): boolean {
  const held = new Set(role.permissions);
  const wanted = permissionsOf(role, content);
  return role.description !== content.description || held.size !== wanted.length || wanted.some((p) => !held.has(p));
}

async function align(tx: Tx, tenant: TenantRef | null, content: ManagedRoleContent, role?: Role): Promise<void> {
  const tenantId = tenant?.id ?? null;
  if (!role) {
    await createManagedRole(tx, asSystem('ROLE:CREATE', reason, tenantId), tenant, content);
    return;
  }
  const data = { description: content.description, permissions: permissionsOf(role, content) };
  const after = await tx.role.update({ where: { id: role.id }, data });
  record(tx, asSystem('ROLE:UPDATE', reason, tenantId), { before: role, after, tenant });
}
