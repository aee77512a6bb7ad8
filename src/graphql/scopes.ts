import type { Permission } from '../access/catalog.ts';
import type { Row } from '../access/grant.ts';
import type { TenantRef } from '../access/tenant-ref.ts';
import type { Tenant } from '../db/generated/client.ts';
import type { Store } from '../db/transaction.ts';
import { type GatehouseError, notFound } from '../errors.ts';
import type { Decision, Scope } from '../policy/decide/decision.ts';
import { isGranted, refusal } from '../policy/decide/decision.ts';
import type { Context } from './context.ts';

/** The scopes of all tenants in which the viewer can have permissions. For a super admin, all tenants. */
export async function tenantScopes(context: Context): Promise<Scope[]> {
  const ids =
    context.session.tenantIds ?? (await context.db.tenant.findMany({ select: { id: true } })).map(({ id }) => id);
  return ids.map((tenantId) => ({ tenantId }));
}

/** The tenant with this key, and whether the viewer can see it. */
async function seek({ db, session }: Context, key: string): Promise<{ row: Tenant | null; isVisible: boolean }> {
  const row = await db.tenant.findFirst({ where: { key } });
  // An unknown key is decided as well, so that it takes as long as a key of another tenant.
  const grant = session.may('TENANT:READ', { tenantId: row?.id ?? '' });
  return { row, isVisible: row !== null && (grant?.matches({ ...row }) ?? false) };
}

/** ID of the tenant with this key; undefined if it does not exist or the viewer cannot see it. */
export async function visibleTenant(context: Context, key: string): Promise<TenantRef | undefined> {
  const { row, isVisible } = await seek(context, key);
  return row && isVisible ? { id: row.id, key: row.key } : undefined;
}

/** Tenant rows by key, for one access revision: every change of a tenant raises it. */
interface KnownTenants {
  readonly revision: bigint;
  readonly rows: Map<string, Tenant>;
}
const known = new WeakMap<Store, KnownTenants>();
const maxKnown = 1_000;

/**
 * The tenant with this key from memory, if the viewer can see it. Otherwise it takes as long as for an unknown tenant.
 */
function remembered({ store, session }: Context, key: string): Tenant | undefined {
  const tenants = known.get(store);
  const row = tenants?.revision === session.revision ? tenants.rows.get(key) : undefined;
  return row && session.may('TENANT:READ', { tenantId: row.id })?.matches({ ...row }) ? row : undefined;
}

function keep({ store, session }: Context, row: Tenant): void {
  let tenants = known.get(store);
  if (tenants?.revision !== session.revision || tenants.rows.size >= maxKnown) {
    tenants = { revision: session.revision, rows: new Map() };
    known.set(store, tenants);
  }
  tenants.rows.set(row.key, row);
}

/** The tenant's row, or null if the viewer cannot see it. @throws as `refusedByGuard`. */
export async function readTenant(context: Context, key: string): Promise<Tenant | null> {
  const found = remembered(context, key);
  if (found) return found;
  const { row, isVisible } = await seek(context, key);
  if (row && isVisible) keep(context, row);
  if (!row || isVisible) return row;
  const refused = refusedByGuard(context.session.decide('TENANT:READ', { tenantId: row.id }), { ...row });
  if (refused) throw refused;
  return null;
}

/**
 * Refuses a missing tenant by a decision: it is recorded as a tenant that the caller cannot see, so that both take the
 * same time.
 */
export function unknown(
  { session }: Context,
  scope: Scope,
  what = 'The tenant',
  permission: Permission = 'TENANT:READ',
) {
  const decision = session.decide(permission, scope);
  if (decision.outcome.effect === 'allow') return notFound(what);
  return Object.assign(notFound(what), { evidence: [{ decision, reviews: [] }] });
}

/** The same for a mutation. @throws NOT_FOUND with its decision, or as `refusedByGuard`. */
export async function requiredTenant(context: Context, key: string): Promise<TenantRef> {
  const found = remembered(context, key);
  if (found) return { id: found.id, key: found.key };
  const { row, isVisible } = await seek(context, key);
  if (!row) throw unknown(context, { tenantId: '' });
  if (isVisible) {
    keep(context, row);
    return { id: row.id, key: row.key };
  }
  const decision = context.session.decide('TENANT:READ', { tenantId: row.id });
  const refused = refusedByGuard(decision, { ...row });
  throw refused ?? Object.assign(notFound('The tenant'), { evidence: [{ decision, reviews: [] }] });
}

/**
 * The refusal of a guard that closes a whole tenant to a viewer whose roles would let them see it: a wrong address, a
 * token that is too old. Such a viewer knows the tenant, so the error says what to change. Undefined in all other
 * cases.
 */
function refusedByGuard(decision: Decision, row: Row): GatehouseError | undefined {
  const { outcome, steps } = decision;
  const closed = steps.some((step) => step.effect === 'deny' && !step.filter && !step.shadow);
  return outcome.effect === 'deny' && closed && isGranted(steps, row) ? refusal(decision) : undefined;
}
