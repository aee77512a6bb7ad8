import { lockState, raiseRevision } from '../../../access/revision.ts';
import { append, envelope } from '../../../audit/record.ts';
import { inTransaction, type Store } from '../../../db/transaction.ts';

/**
 * Stores the setting of the host: whether every user who signs in by password must have a second factor. A change is
 * recorded, and every gateway follows it.
 */
export async function setRequiredSecondFactor(store: Store, requireSecondFactor: boolean): Promise<void> {
  const state = await store.prisma.accessState.findFirstOrThrow({ select: { requireSecondFactor: true } });
  if (state.requireSecondFactor === requireSecondFactor) return;
  await inTransaction(store, async (tx) => {
    await lockState(tx);
    await tx.accessState.update({ where: { id: 1 }, data: { requireSecondFactor } });
    raiseRevision(tx);
    append(tx, {
      ...envelope({ kind: 'SYSTEM', id: 'system', name: 'system', requestId: `system-${process.pid}` }),
      tenantId: '',
      tenantKey: '',
      type: 'UPDATE',
      action: 'user.require-second-factor',
      outcome: 'SUCCESS',
      resource: 'USER',
      resourceId: '',
      resourceKey: '',
      namespace: '',
      patchText: '',
      details: { requireSecondFactor, setting: 'GATEHOUSE_REQUIRE_SECOND_FACTOR' },
    });
  });
}
