import type { Permission } from '../../access/catalog.ts';
import type { Grant, Origin } from '../../access/grant.ts';
import { newId } from '../../lib/ids.ts';

/**
 * Creates a grant for the gateway itself: first start, demo data, commands on the host. Each audit event contains the
 * reason. A request reaches it only for what the operator configured: the users and groups of a provider.
 * @param from the request that causes the change.
 */
export function asSystem<P extends Permission>(
  permission: P,
  reason: string,
  tenantId: string | null = null,
  from: Origin = { requestId: `system-${process.pid}` },
): Grant<P> {
  const grant = {
    permission,
    tenantId,
    where: {},
    decisionId: newId(),
    doer: { kind: 'SYSTEM', id: 'system', name: 'system', reason, ...from },
    credential: { kind: 'system' },
    isSuperAdmin: true,
    ceiling: null,
    reach: () => null,
    notesOn: () => [],
    matches: () => true,
    refusalOf: () => new Error('the gateway itself cannot be refused'),
    mayRead: () => true,
    mayDo: () => true,
    missing: () => [],
    review: () => Promise.resolve(),
  };
  return grant as unknown as Grant<P>;
}
