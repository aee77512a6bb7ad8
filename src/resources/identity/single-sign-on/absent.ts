import { lockState } from '../../../access/revision.ts';
import type { Providers } from '../../../auth/oidc/providers.ts';
import { inTransaction, type Store } from '../../../db/transaction.ts';
import type { Log } from '../../../lib/log.ts';
import { applyGroups, type OwnMember } from './groups.ts';

/** Max members per transaction. */
const maxBatch = 200;

/**
 * Takes away the memberships that providers manage which are no longer in the settings: no sign-in would ever correct them.
 * Each has its event. If the provider returns, the next sign-in gives them again.
 */
export async function removeAbsentProviders(
  store: Store,
  providers: Pick<Providers, 'keys'>,
  log: Pick<Log, 'info'>,
): Promise<void> {
  const known = [...providers.keys()];
  const counts = new Map<string, number>();
  for (let count = maxBatch; count === maxBatch; ) {
    count = await inTransaction(store, async (tx) => {
      await lockState(tx);
      const members = await tx.groupMember.findMany({
        where: { managedBy: { not: null, notIn: known } },
        include: { group: { include: { tenant: { select: { key: true } } } } },
        orderBy: { id: 'asc' },
        take: maxBatch,
      });
      for (const {
        group: { tenant, ...group },
        ...member
      } of members) {
        const provider = member.managedBy!;
        const remove: OwnMember[] = [{ ...member, group, tenantKey: tenant.key }];
        await applyGroups(tx, provider, member.principalId, { add: [], remove, unknown: [] }, removal);
        counts.set(provider, (counts.get(provider) ?? 0) + 1);
      }
      return members.length;
    });
  }
  for (const [provider, members] of counts)
    log.info('memberships of a provider that is not in the settings are removed', { provider, members });
}

const removal = { requestId: `system-${process.pid}` };
