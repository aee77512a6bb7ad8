import { beforeCommit, type Tx } from '../../../db/transaction.ts';
import { conflict } from '../../../errors.ts';

/** Super admins who can sign in today: enabled, with a password they may use. */
const usable = { superAdmin: true, disabled: false, passwordHash: { not: null }, authMethods: { has: 'PASSWORD' } };

/**
 * At the end of the transaction somebody must be left who can administer the instance, whatever the transaction did.
 * Writers of access come one after the other, so two that each remove one of two cannot both succeed.
 */
export function keepSuperAdmin(tx: Tx): void {
  beforeCommit(tx, '1-last-super-admin', async () => {
    if ((await tx.user.count({ where: usable })) === 0) {
      throw conflict('This would leave no super admin who can sign in.', { rule: 'LAST_SUPER_ADMIN' });
    }
  });
}
