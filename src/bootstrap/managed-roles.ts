import { isPermission } from '../access/catalog.ts';
import type { TenantRef } from '../access/tenant-ref.ts';
import { record } from '../audit/record.ts';
import type { Role } from '../db/generated/client.ts';
import { inTransaction, type Store, type Tx } from '../db/transaction.ts';
import { fold } from '../lib/text.ts';
import { lockState } from '../policy/session/store-state.ts';
import { asSystem } from '../policy/session/system.ts';
import { type ManagedRoleContent, managedInstanceRole, managedRoles } from '../resources/identity/role/managed.ts';
import { createManagedRole } from '../resources/identity/role/service.ts';

const reason = 'the program defines the managed roles';

/**
 * Brings the managed roles of every tenant, and that of the instance, to what this program defines: a version that adds
 * a permission gives it to the roles of old tenants too. Gateways take turns by the lock of access, and only the first
 * one finds something to change. A permission that this program does not know is left alone: during a rolling upgrade
 * it belongs to a newer one.
 * @returns how many roles were created or changed.
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
  /** Null: the instance. */
  readonly tenant: TenantRef | null;
  readonly content: ManagedRoleContent;
  /** Undefined: there is none yet. */
  readonly role: Role | undefined;
}

async function pendingIn(db: Pick<Tx, 'role' | 'tenant'>): Promise<Pending[]> {
  const tenants = await db.tenant.findMany({ select: { id: true, key: true }, orderBy: { id: 'asc' } });
  const names = [...managedRoles, managedInstanceRole].map(({ name }) => fold(name));
  // A tenant's own role can have the name already: then the tenant keeps it, and goes without the managed one.
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

/** What the role is to hold: the program's permissions, and those of the role that the program does not know. */
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
