import type { Tenant, WorkerGroup } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput } from '../../../errors.ts';

/**
 * Stands in the list of a group whose last allowed tenant was deleted. It is no tenant's id, so the group is closed: an
 * empty list would be read as "every tenant".
 */
export const nobody = 'nobody';

type Allowing = Pick<WorkerGroup, 'allowedTenants'>;

/** Is it open to every tenant? */
export const isOpen = ({ allowedTenants }: Allowing): boolean => allowedTenants.length === 0;

/** Was its last allowed tenant deleted? */
export const isClosed = ({ allowedTenants }: Allowing): boolean => allowedTenants.includes(nobody);

/** May the tenant use this group? */
export const allows = (group: Allowing, tenantId: string): boolean =>
  isOpen(group) || group.allowedTenants.includes(tenantId);

/** The list without a tenant. Never one that thereby opens to all. */
export function without({ allowedTenants }: Allowing, tenantId: string): string[] {
  const rest = allowedTenants.filter((id) => id !== tenantId);
  return rest.length > 0 ? rest : [nobody];
}

/**
 * Ids of the tenants of these keys, each held so that it is not deleted before the end of the transaction.
 * @param mayName which of them the doer may know of.
 * @throws BAD_INPUT for a key that is of no tenant, in the same words as for one that the doer may not know of.
 */
export async function idsOf(tx: Tx, keys: readonly string[], mayName: (tenant: Tenant) => boolean): Promise<string[]> {
  const wanted = [...new Set(keys)];
  if (wanted.length === 0) return [];
  const rows = await tx.$queryRaw<Tenant[]>`
    SELECT * FROM "Tenant" WHERE key = ANY(${wanted}) ORDER BY id FOR KEY SHARE`;
  const byKey = new Map(rows.filter(mayName).map(({ id, key }) => [key, id]));
  const unknown = keys.findIndex((key) => !byKey.has(key));
  if (unknown >= 0) throw badInput(['input', 'allowedTenants', unknown], 'There is no tenant of this key.');
  return [...byKey.values()];
}

/** Keys of the tenants that a group names, in their order. */
export async function keysOf(tx: Pick<Tx, 'tenant'>, { allowedTenants }: Allowing): Promise<string[]> {
  const where = { id: { in: allowedTenants } };
  const rows = await tx.tenant.findMany({ where, select: { key: true }, orderBy: { key: 'asc' } });
  return rows.map(({ key }) => key);
}
