import type { Where } from '../../../access/where.ts';

/**
 * True if a granted filter covers every event of a chain ('' is the instance's). False if it restricts more than the
 * tenant.
 */
export function reachesAll(where: Where, chain: string): boolean {
  const terms = Object.entries(where);
  return terms.every(([column, value]) => column === 'tenantId' && value === chain);
}
