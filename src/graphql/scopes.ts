import type { TenantRef } from '../access/tenant-ref.ts';
import { notFound } from '../errors.ts';
import type { Evidence } from '../policy/decisions/evidence.ts';
import type { Scope } from '../policy/engine.ts';
import type { Context } from './context.ts';

/** The scopes of all tenants in which the viewer may hold anything. A super admin's are all there are. */
export async function tenantScopes(context: Context): Promise<Scope[]> {
  const ids =
    context.session.tenantIds ?? (await context.db.tenant.findMany({ select: { id: true } })).map(({ id }) => id);
  return ids.map((tenantId) => ({ tenantId }));
}

/** The tenant's id by its key, if the viewer may see that tenant; else undefined, as for one that does not exist. */
export async function visibleTenant(context: Context, key: string): Promise<TenantRef | undefined> {
  return tenantOrEvidence(context, key).then(({ tenant }) => tenant);
}

/** The same for a mutation. @throws NOT_FOUND with the decision that it rests on. */
export async function requiredTenant(context: Context, key: string): Promise<TenantRef> {
  const { tenant, evidence } = await tenantOrEvidence(context, key);
  if (!tenant) throw Object.assign(notFound('The tenant'), { evidence });
  return tenant;
}

async function tenantOrEvidence(
  { db, session }: Context,
  key: string,
): Promise<{ tenant?: TenantRef; evidence?: readonly Evidence[] }> {
  const row = await db.tenant.findUnique({ where: { key } });
  // An unknown key is decided about as well, so that it takes the time of a foreign one.
  const scope = { tenantId: row?.id ?? '' };
  const grant = session.may('TENANT:READ', scope);
  if (row && grant?.matches(row)) return { tenant: { id: row.id, key: row.key } };
  return row ? { evidence: [{ decision: session.decide('TENANT:READ', scope), reviews: [] }] } : {};
}
