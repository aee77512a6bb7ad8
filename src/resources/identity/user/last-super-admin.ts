import { beforeCommit, type Tx } from '../../../db/transaction.ts';
import { conflict } from '../../../errors.ts';

/** Super admins who can sign in: enabled, with PASSWORD as an allowed method and a password. */
const usable = { superAdmin: true, disabled: false, passwordHash: { not: null }, authMethods: { has: 'PASSWORD' } };

/**
 * Runs at the end of the transaction: at least one super admin must be able to sign in, whatever the transaction did.
 * Writers of access are serialized, so two transactions that each remove one of two super admins cannot both succeed.
 */
export function keepSuperAdmin(tx: Tx): void {
  beforeCommit(tx, 'checkSuperAdmins', async () => {
    if ((await tx.user.count({ where: usable })) === 0) {
      throw conflict('The last super admin who can sign in must be kept.', { rule: 'LAST_SUPER_ADMIN' });
    }
  });
}
