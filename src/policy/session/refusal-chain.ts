import type { AccessSession } from './session.ts';

/**
 * The tenant whose events tell of a refusal; undefined: the instance's. What somebody tries in a tenant that is not
 * theirs is told at their home: nobody fills the log of others, nor learns from it that an id is theirs.
 */
export function refusalChain(
  { tenantIds }: Pick<AccessSession, 'tenantIds'>,
  tenantId: string | undefined,
  /** It was about a tenant that is not there: told where a foreign one is, in as many steps. */
  isNowhere = false,
): string | undefined {
  if (tenantIds === undefined || (tenantId !== undefined && tenantIds.includes(tenantId))) return tenantId;
  return (tenantId !== undefined || isNowhere) && tenantIds.length === 1 ? tenantIds[0] : undefined;
}
