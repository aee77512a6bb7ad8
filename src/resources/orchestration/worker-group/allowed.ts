import type { Tenant, WorkerGroup } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput } from '../../../errors.ts';

/**
 * Replaces the last allowed tenant of a group when that is deleted. It is not the ID of any tenant, so the group is
 * closed: an empty list would mean "every tenant".
 */
export const noTenant = 'nobody';

/** Marks a tenant that does not exist yet, by its key. It is not the ID of any tenant. */
const futurePrefix = 'key:';
const futureTenant = (key: string): string => `${futurePrefix}${key}`;

/** Keys of the allowed tenants that do not exist yet. */
export const futureKeys = ({ allowedTenants }: Allowing): string[] =>
  allowedTenants.filter((id) => id.startsWith(futurePrefix)).map((id) => id.slice(futurePrefix.length));

type Allowing = Pick<WorkerGroup, 'allowedTenants'>;

/** True if open to every tenant. */
export const isOpen = ({ allowedTenants }: Allowing): boolean => allowedTenants.length === 0;

/** True if its last allowed tenant was deleted. */
export const isClosed = ({ allowedTenants }: Allowing): boolean => allowedTenants.includes(noTenant);

/** True if the tenant is allowed to use this group. */
export const allows = (group: Allowing, tenantId: string): boolean =>
  isOpen(group) || group.allowedTenants.includes(tenantId);

/** The list without a tenant. Removing a tenant never opens the group. */
export function without({ allowedTenants }: Allowing, tenantId: string): string[] {
  const rest = allowedTenants.filter((id) => id !== tenantId);
  return rest.length > 0 ? rest : [noTenant];
}

/** What a doer can know of tenants, and whether they can name some that do not exist yet. */
export interface Nameable {
  readonly tenant: (tenant: Tenant) => boolean;
  readonly future: (key: string) => boolean;
}

/**
 * The list for these keys. Existing tenants are locked against deletion until the end of the transaction.
 * @throws BAD_INPUT for an unknown key that the doer cannot name, with the same message as for a tenant that they cannot
 * know of.
 */
export async function allowedOf(tx: Tx, keys: readonly string[], nameable: Nameable): Promise<string[]> {
  const wanted = [...new Set(keys)];
  if (wanted.length === 0) return [];
  const rows = await tx.$queryRaw<Tenant[]>`
    SELECT * FROM "Tenant" WHERE key = ANY(${wanted}) ORDER BY id FOR KEY SHARE`;
  const existing = new Map(rows.map((tenant) => [tenant.key, tenant]));
  return wanted.map((key) => {
    const tenant = existing.get(key);
    if (tenant ? nameable.tenant(tenant) : nameable.future(key)) return tenant?.id ?? futureTenant(key);
    throw badInput(['input', 'allowedTenantKeys', keys.indexOf(key)], 'The tenant does not exist.');
  });
}

/** The groups that allow a tenant that does not exist yet, locked, with the lists that they have when it exists. */
export async function expecting(
  tx: Tx,
  { id, key }: Pick<Tenant, 'id' | 'key'>,
): Promise<{ group: WorkerGroup; allowedTenants: string[] }[]> {
  const groups = await tx.$queryRaw<WorkerGroup[]>`
    SELECT * FROM "WorkerGroup" WHERE ${futureTenant(key)} = ANY("allowedTenants") ORDER BY id FOR UPDATE`;
  return groups.map((group) => ({
    group,
    allowedTenants: group.allowedTenants.map((one) => (one === futureTenant(key) ? id : one)),
  }));
}

/** Keys of the allowed tenants, in order, also of those that do not exist yet. */
export async function keysOf(tx: Pick<Tx, 'tenant'>, group: Allowing): Promise<string[]> {
  const where = { id: { in: group.allowedTenants } };
  const rows = await tx.tenant.findMany({ where, select: { key: true } });
  return [...rows.map(({ key }) => key), ...futureKeys(group)].sort();
}
