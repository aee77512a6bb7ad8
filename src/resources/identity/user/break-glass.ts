import { lockState } from '../../../access/revision.ts';
import { append, envelope } from '../../../audit/record.ts';
import { inTransaction, type Store } from '../../../db/transaction.ts';
import { OperatorError } from '../../../lib/operator-error.ts';
import { usableSuperAdmins } from './last-super-admin.ts';

/**
 * Stores the setting of the host: whether a super admin who can sign in by password is always kept. A change is
 * recorded. @throws {OperatorError} if it is to be kept and does not exist.
 */
export async function setBreakGlass(store: Store, breakGlass: boolean): Promise<void> {
  const state = await store.prisma.accessState.findFirstOrThrow({ select: { breakGlass: true } });
  if (state.breakGlass === breakGlass) return;
  await inTransaction(store, async (tx) => {
    await lockState(tx);
    if (breakGlass && (await usableSuperAdmins(tx, true)) === 0)
      throw new OperatorError(
        'No super admin can sign in by password. Start with GATEHOUSE_BREAK_GLASS=0, let a super admin sign in by password, and start again.',
      );
    await tx.accessState.update({ where: { id: 1 }, data: { breakGlass } });
    append(tx, {
      ...envelope({ kind: 'SYSTEM', id: 'system', name: 'system', requestId: `system-${process.pid}` }),
      tenantId: '',
      tenantKey: '',
      type: 'UPDATE',
      action: 'user.break-glass',
      outcome: 'SUCCESS',
      resource: 'USER',
      resourceId: '',
      resourceKey: '',
      namespace: '',
      patchText: '',
      details: { breakGlass, setting: 'GATEHOUSE_BREAK_GLASS' },
    });
  });
}
