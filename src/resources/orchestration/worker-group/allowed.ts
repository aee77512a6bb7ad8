import type { Tenant, WorkerGroup } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput } from '../../../errors.ts';

/**
 * Replaces the last allowed tenant of a group when that is deleted. It is not the ID of any tenant, so the group is
 * closed: an empty list would mean "every tenant".
 */
export const noTenant = 'nobody';

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

/**
 * IDs of the tenants with these keys, each locked against deletion until the end of the transaction.
 * @param mayName which of them the doer can know of.
 * @throws BAD_INPUT for an unknown key, with the same message as for a tenant that the doer cannot know of.
 */
export async function idsOf(tx: Tx, keys: readonly string[], mayName: (tenant: Tenant) => boolean): Promise<string[]> {
  const wanted = [...new Set(keys)];
  if (wanted.length === 0) return [];
  const rows = await tx.$queryRaw<Tenant[]>`
    SELECT * FROM "Tenant" WHERE key = ANY(${wanted}) ORDER BY id FOR KEY SHARE`;
  const byKey = new Map(rows.filter(mayName).map(({ id, key }) => [key, id]));
  const unknown = keys.findIndex((key) => !byKey.has(key));
  if (unknown >= 0) throw badInput(['input', 'allowedTenantKeys', unknown], 'The tenant does not exist.');
  return [...byKey.values()];
}

/** Keys of the allowed tenants, in order. */
export async function keysOf(tx: Pick<Tx, 'tenant'>, { allowedTenants }: Allowing): Promise<string[]> {
  const where = { id: { in: allowedTenants } };
  const rows = await tx.tenant.findMany({ where, select: { key: true }, orderBy: { key: 'asc' } });
  return rows.map(({ key }) => key);
}
