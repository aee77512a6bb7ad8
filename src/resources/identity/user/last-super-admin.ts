import type { User } from '../../../db/generated/client.ts';
import { beforeCommit, type Tx } from '../../../db/transaction.ts';
import { conflict } from '../../../errors.ts';

/** Counts the super admins who can sign in by password or, unless the host keeps one by password, by a provider. */
export async function usableSuperAdmins(tx: Tx, breakGlass: boolean): Promise<number> {
  const [row] = await tx.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM "User" u WHERE u."superAdmin" AND NOT u.disabled AND (
      u."passwordHash" IS NOT NULL AND 'PASSWORD' = ANY(u."authMethods")
      OR NOT ${breakGlass} AND EXISTS (SELECT 1 FROM unnest(u."authMethods") method WHERE method LIKE 'OIDC:%')
        AND EXISTS (SELECT 1 FROM "UserIdentity" i WHERE i."userId" = u.id))`;
  return row!.count;
}

const withoutEffect: ReadonlySet<string> = new Set<keyof User>([
  ...(['username', 'usernameKey', 'usernameLooks', 'email', 'emailKey', 'firstName', 'lastName'] as const),
]);

/** True if a change of a user can remove a super admin who can sign in. */
export const canRemoveSuperAdmin = (before: User, changes: Partial<User>): boolean =>
  before.superAdmin && Object.keys(changes).some((column) => !withoutEffect.has(column));

/**
 * Runs at the end of the transaction: at least one super admin must be able to sign in, whatever the transaction did.
 * Writers of access are serialized, so two transactions that each remove one of two super admins cannot both succeed.
 */
export function keepSuperAdmin(tx: Tx): void {
  beforeCommit(tx, 'checkSuperAdmins', async () => {
    const { breakGlass } = await tx.accessState.findFirstOrThrow({ select: { breakGlass: true } });
    if ((await usableSuperAdmins(tx, breakGlass)) === 0) {
      throw conflict('The last super admin who can sign in must be kept.', { rule: 'LAST_SUPER_ADMIN' });
    }
    return [];
  });
}
