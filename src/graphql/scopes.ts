import type { Permission } from '../access/catalog.ts';
import type { Row } from '../access/grant.ts';
import type { TenantRef } from '../access/tenant-ref.ts';
import type { Tenant } from '../db/generated/client.ts';
import type { Store } from '../db/transaction.ts';
import { type GatehouseError, notFound } from '../errors.ts';
import type { Decision, Scope } from '../policy/decide/decision.ts';
import { refusal } from '../policy/decide/decision.ts';
import { matcherOf } from '../policy/filter/matcher.ts';
import type { Context } from './context.ts';

/** The scopes of all tenants in which the viewer may hold anything. A super admin's are all there are. */
export async function tenantScopes(context: Context): Promise<Scope[]> {
  const ids =
    context.session.tenantIds ?? (await context.db.tenant.findMany({ select: { id: true } })).map(({ id }) => id);
  return ids.map((tenantId) => ({ tenantId }));
}

/** The tenant of this key, and whether the viewer may see it. */
async function seek({ db, session }: Context, key: string): Promise<{ row: Tenant | null; isVisible: boolean }> {
  const row = await db.tenant.findFirst({ where: { key } });
  // An unknown key is decided about as well, so that it takes the time of a foreign one.
  const grant = session.may('TENANT:READ', { tenantId: row?.id ?? '' });
  return { row, isVisible: row !== null && (grant?.matches({ ...row }) ?? false) };
}

/** The tenant's id by its key, if the viewer may see that tenant; else undefined, as for one that does not exist. */
export async function visibleTenant(context: Context, key: string): Promise<TenantRef | undefined> {
  const { row, isVisible } = await seek(context, key);
  return row && isVisible ? { id: row.id, key: row.key } : undefined;
}

/** Rows of tenants by their keys, as of one revision of access: whatever changes a tenant raises it. */
interface KnownTenants {
  readonly revision: bigint;
  readonly rows: Map<string, Tenant>;
}
const known = new WeakMap<Store, KnownTenants>();
const maxKnown = 1_000;

/** The tenant of this key from memory, for who may see it. Whoever may not is answered as slowly as for no tenant. */
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

/** The tenant's row, or null where the viewer may not see it. @throws what `refusedByGuard` says. */
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
 * What is not there, refused by a decision all the same: it is recorded as for what is not the caller's to know of, so
 * that neither answer comes sooner.
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

/** The same for a mutation. @throws NOT_FOUND with the decision that it rests on, or what `refusedByGuard` says. */
export async function requiredTenant(context: Context, key: string): Promise<TenantRef> {
  const { row, isVisible } = await seek(context, key);
  if (!row) throw unknown(context, { tenantId: '' });
  if (isVisible) return { id: row.id, key: row.key };
  const decision = context.session.decide('TENANT:READ', { tenantId: row.id });
  const refused = refusedByGuard(decision, { ...row });
  throw refused ?? Object.assign(notFound('The tenant'), { evidence: [{ decision, reviews: [] }] });
}

/**
 * The refusal of a guard that closes a tenant as a whole to somebody whose own roles would let them see it: a wrong
 * address, a token that is too old. They know of the tenant, and are told what to mend. Undefined for everybody else.
 */
function refusedByGuard(decision: Decision, row: Row): GatehouseError | undefined {
  const { outcome, steps } = decision;
  const closed = steps.some((step) => step.effect === 'deny' && !step.filter && !step.shadow);
  const granted = steps.some(
    ({ mode, effect, filter, shadow }) =>
      mode === 'grant' && effect === 'allow' && !shadow && (filter === undefined || matcherOf(filter)(row)),
  );
  return outcome.effect === 'deny' && closed && granted ? refusal(decision) : undefined;
}
