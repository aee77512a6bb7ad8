import { randomBytes } from 'node:crypto';
import { lockState } from '../access/revision.ts';
import { inTransaction, type Store } from '../db/transaction.ts';
import { asSystem } from '../policy/session/system.ts';
import { managedInstanceRole } from '../resources/identity/role/managed.ts';
import { createManagedRole } from '../resources/identity/role/service.ts';
import { createUser } from '../resources/identity/user/service.ts';

/** 24 characters, 144 bits. */
export const generatePassword = (): string => randomBytes(18).toString('base64url');

export const firstEmail = (username: string): string => (username.includes('@') ? username : `${username}@localhost`);

/**
 * Creates the super admin and the managed instance role if the store has no user yet.
 * @returns the generated password; null if it was given; undefined if users already exist.
 */
export async function firstStart(
  store: Store,
  admin: { readonly username: string; readonly password: string | undefined },
  passwordLength: number,
): Promise<string | null | undefined> {
  if ((await store.prisma.user.count()) > 0) return undefined;
  const generated = admin.password === undefined ? generatePassword() : null;
  return inTransaction(store, async (tx) => {
    await lockState(tx);
    if ((await tx.user.count()) > 0) return undefined;
    const reason = 'first start';
    await createManagedRole(tx, asSystem('ROLE:CREATE', reason), null, managedInstanceRole);
    const { username } = admin;
    const email = firstEmail(username);
    await createUser(
      tx,
      asSystem('USER:CREATE', reason),
      { username, email, password: admin.password ?? generated!, superAdmin: true },
      passwordLength,
    );
    return generated;
  });
}
