import type { Scope } from '../policy/engine.ts';
import type { Context } from './context.ts';

/** The scopes of all tenants in which the viewer may hold anything. A super admin's are all there are. */
export async function tenantScopes(context: Context): Promise<Scope[]> {
  const ids =
    context.session.tenantIds ?? (await context.db.tenant.findMany({ select: { id: true } })).map(({ id }) => id);
  return ids.map((tenantId) => ({ tenantId }));
}

/** The tenant's id by its key, if the viewer may see that tenant; else undefined, as for one that does not exist. */
export async function visibleTenant(context: Context, key: string): Promise<{ id: string; key: string } | undefined> {
  const row = await context.db.tenant.findUnique({ where: { key } });
  // An unknown key is decided about as well, so that it takes the time of a foreign one.
  const grant = context.session.may('TENANT:READ', { tenantId: row?.id ?? '' });
  return row && grant?.matches(row) ? { id: row.id, key: row.key } : undefined;
}
