import type { catalog, Permission, ResourceName } from '../../access/catalog.ts';
import { isInstanceWide, resourceDefinition, tenantColumn } from '../../access/resource.ts';
import type { TenantRef } from '../../access/tenant-ref.ts';
import type { Scope } from '../../policy/decide/decision.ts';
import { rows } from '../connection/reach.ts';
import type { Context } from '../context.ts';
import { decodeId } from '../node.ts';
import { requiredTenant, unknown } from '../scopes.ts';

/** Scope of a mutation, and the stored row that it changes. */
export interface Target {
  readonly scope: Scope;
  readonly tenant: TenantRef | null;
  /** ID of the stored row; absent for a creation. */
  readonly id?: string;
  /** Resource of the row, if it differs from that of the permission. */
  readonly resource?: ResourceName;
  /** The permission, if known only now: an upsert creates or updates. */
  readonly permission?: Permission;
}

export interface AtInstance extends Target {
  readonly tenant: null;
}
export interface InTenant extends Target {
  readonly tenant: TenantRef;
}

/** Tenant of a resource's rows: never, always, or optional. */
type TenantOf<R extends ResourceName> = (typeof catalog)[R] extends { rows: { tenantColumn: null } }
  ? null
  : (typeof catalog)[R] extends { rows: { alsoAtInstance: true } }
    ? TenantRef | null
    : TenantRef;

export interface Row<R extends ResourceName> extends Target {
  readonly tenant: TenantOf<R>;
  readonly id: string;
}

export const atInstance = async (): Promise<AtInstance> => ({ scope: {}, tenant: null });

/** The target of a creation in a tenant, by key. @throws NOT_FOUND if the viewer cannot see the tenant. */
export async function inTenant(key: string, context: Context): Promise<InTenant> {
  const tenant = await requiredTenant(context, key);
  return { scope: { tenantId: tenant.id }, tenant };
}

/** The target of a creation in a tenant or, without one, in the instance. @throws NOT_FOUND as `inTenant`. */
export const inTenantOrInstance = (key: string | null | undefined, context: Context): Promise<AtInstance | InTenant> =>
  key == null ? atInstance() : inTenant(key, context);

/**
 * The target of an ID. Only reads the tenant of the stored row: the input never chooses the scope.
 * @throws NOT_FOUND if it does not exist, as for a row of another tenant.
 */
export async function byId<R extends ResourceName>(
  resource: R,
  typename: string,
  globalId: string | number,
  context: Context,
  part?: 'members',
): Promise<Row<R>> {
  const { id } = decodeId(String(globalId), [typename], ['input', 'id']);
  const isWide = isInstanceWide(resource);
  const model = resourceDefinition(resource)!.model!;
  const tenant = isWide
    ? (await rows(context).first(model, { id }, ['id'])) === undefined
      ? undefined
      : null
    : // One statement for every ID, so that a row of another tenant takes as long as one that does not exist.
      await rows(context).tenantOf(model, id, tenantColumn(resource));
  // The same message as for an existing row that the caller cannot know of.
  if (tenant === undefined)
    throw unknown(context, isWide ? {} : { tenantId: '' }, 'The object', `${resource}:READ` as Permission);
  const scope = { ...(tenant && { tenantId: tenant.id }), ...(part && { part }) };
  return { scope, tenant: tenant as TenantOf<R>, id };
}
