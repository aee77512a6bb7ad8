import type { AccessSession } from './session.ts';

/**
 * Returns the tenant in whose audit chain a refusal is recorded. Undefined: the chain of the instance. A refusal in a
 * tenant that the caller has no access to is recorded in the caller's own tenant. Callers can therefore neither fill
 * the audit log of other tenants nor learn that an id belongs to one.
 * @param isUnknown the target tenant does not exist; treated like a tenant without access, in as many steps.
 */
export function refusalChain(
  { tenantIds }: Pick<AccessSession, 'tenantIds'>,
  tenantId: string | undefined,
  isUnknown = false,
): string | undefined {
  if (tenantIds === undefined || (tenantId !== undefined && tenantIds.includes(tenantId))) return tenantId;
  return (tenantId !== undefined || isUnknown) && tenantIds.length === 1 ? tenantIds[0] : undefined;
}
