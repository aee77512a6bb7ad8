import type { Permission } from '../../access/catalog.ts';
import type { Grant } from '../../access/grant.ts';
import type { TenantRef } from '../../access/tenant-ref.ts';
import { GatehouseError } from '../../errors.ts';
import type { Scope } from '../../policy/decide/decision.ts';
import { refusalChain } from '../../policy/session/refusal-chain.ts';
import type { Context } from '../context.ts';
import { requiredTenant } from '../scopes.ts';
import { assertTenant } from './stream-ends.ts';

/**
 * Decides about a stream before its first item, so that a refusal is immediate and recorded.
 * @param tenantKey null or omitted for the instance level.
 * @returns the tenant. @throws NOT_FOUND, FORBIDDEN, POLICY_ERROR.
 */
export async function decideStream(
  context: Context,
  field: string,
  permission: Permission,
  tenantKey: string | null | undefined,
): Promise<TenantRef | undefined> {
  const { session, refusals, decisions, engine } = context;
  // A stream does not end: the deadline of its request does not apply.
  context.deadline?.clear();
  context.readings.close();
  let tenant: TenantRef | undefined;
  try {
    if (tenantKey != null) tenant = await requiredTenant(context, tenantKey);
    session.grant(permission, { tenantId: tenant?.id });
    return tenant;
  } catch (error) {
    if (error instanceof GatehouseError) {
      const tenantId = refusalChain(session, tenant?.id ?? error.tenantId, tenantKey != null && tenant === undefined);
      const refused = { doer: session.doer, permission, field, tenantId, resourceId: '', error };
      const isApart = await refusals.act(refused);
      await (isApart ? decisions.refused(error, engine.fingerprint) : decisions.refusedRead(error, engine.fingerprint));
    }
    throw error;
  }
}

/**
 * Decides again with current data. @throws UNAUTHENTICATED, FORBIDDEN, NOT_FOUND or POLICY_ERROR, which ends the
 * stream.
 */
export async function stillAllowed(context: Context, permission: Permission, scope: Scope): Promise<Grant> {
  const { session } = context;
  await session.refresh();
  if (scope.tenantId !== undefined) await assertTenant(context, scope.tenantId);
  session.forget();
  return session.grant(permission, scope);
}
