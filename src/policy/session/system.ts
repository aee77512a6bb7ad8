import type { Permission } from '../../access/catalog.ts';
import type { Grant } from '../../access/grant.ts';
import { newId } from '../../lib/ids.ts';

/**
 * The gateway itself acts, nobody asked: first start, demo data, the host's command line. Written into each audit
 * event with this reason. Never reachable from a request; search for its callers.
 */
export function asSystem<P extends Permission>(
  permission: P,
  reason: string,
  tenantId: string | null = null,
): Grant<P> {
  const grant = {
    permission,
    tenantId,
    where: {},
    decisionId: newId(),
    doer: { kind: 'SYSTEM', id: 'system', name: 'system', reason, requestId: `system-${process.pid}` },
    credential: { kind: 'system' },
    isSuperAdmin: true,
    ceiling: null,
    reach: () => null,
    notesOn: () => [],
    matches: () => true,
    refusalOf: () => new Error('the gateway itself is never refused'),
    mayRead: () => true,
    mayDo: () => true,
    missing: () => [],
    review: () => Promise.resolve(),
  };
  return grant as unknown as Grant<P>;
}
