import type { Where } from '../../../access/where.ts';

/** Does a granted filter reach every event of a chain ('' is the instance's)? Where it says more than the tenant, no. */
export function reachesAll(where: Where, chain: string): boolean {
  const terms = Object.entries(where);
  return terms.every(([column, value]) => column === 'tenantId' && value === chain);
}
