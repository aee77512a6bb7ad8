import type { Grant } from '../../../access/grant.ts';
import { record } from '../../../audit/record.ts';
import type { Keys } from '../../../auth/keys.ts';
import { newRecoveryCodes, newTotpSecret, recoveryHash } from '../../../auth/totp.ts';
import type { SecondFactor, User } from '../../../db/generated/client.ts';
import { inTransaction, type Store, type Tx } from '../../../db/transaction.ts';
import { badInput, conflict, GatehouseError, notFound } from '../../../errors.ts';
import { find } from '../../../policy/session/find.ts';
import type { AccessSession } from '../../../policy/session/session.ts';
import { asSystem } from '../../../policy/session/system.ts';
import { removePasskeys } from '../passkey/service.ts';
import { protectSessions } from '../session/service.ts';
import { openSecret, provedBy, type RightCode, sealSecret, useCode } from './code.ts';

/** @throws FORBIDDEN unless the caller is a person who acts for themselves. */
export function assertPerson({ identity: { principal, credential, impersonator } }: AccessSession): void {
  if (principal.kind !== 'USER' || credential.kind === 'api-token' || impersonator)
    throw new GatehouseError(
      'FORBIDDEN',
      'A second factor can only be changed by its user, signed in by password or in a session.',
    );
}

export const wrongCode = (field: readonly string[] = ['input', 'code']) =>
  badInput(field, 'The code is wrong, was used, or is no longer valid. Enter a new one.');

/** Records a change of the second factor, which is a part of the user. The event never has a secret. */
function note(tx: Tx, grant: Grant, user: User, [before, after]: [string | null, string | null], verb: string): void {
  record(tx, grant, {
    resource: 'USER',
    before: { ...user, secondFactor: before },
    after: { ...user, secondFactor: after },
    tenant: null,
    audited: ['secondFactor'],
    verb,
    details: { secondFactor: after ?? before },
  });
}

const confirmed = async (tx: Tx, userId: string): Promise<SecondFactor> => {
  const factor = await tx.secondFactor.findFirst({ where: { userId, confirmedAt: { not: null } } });
  if (!factor) throw notFound('The second factor');
  return factor;
};

/** Uses the code that allows the change. @throws BAD_INPUT. */
async function use(tx: Tx, userId: string, code: RightCode | undefined): Promise<RightCode> {
  if (!code || !(await useCode(tx, userId, code))) throw wrongCode();
  return code;
}

/** Stores a new secret. It is asked for only once the user has entered a code of it. */
export async function beginSecondFactor(
  tx: Tx,
  grant: Grant<'USER:READ'>,
  keys: Keys,
): Promise<{ user: User; secret: Buffer }> {
  const user = await find<User>(tx, grant, 'USER', grant.doer.id);
  if (await tx.secondFactor.findFirst({ where: { userId: user.id, confirmedAt: { not: null } } }))
    throw conflict('You have a second factor already. Remove it first.');
  const secret = newTotpSecret();
  const data = { sealed: sealSecret(keys, user.id, secret), lastStep: 0, recoveryHashes: [], createdAt: new Date() };
  const where = { userId: user.id };
  await tx.secondFactor.upsert({ where, create: { userId: user.id, ...data }, update: data });
  note(tx, grant, user, [null, null], 'begin-second-factor');
  return { user, secret };
}

export interface Recovery {
  readonly user: User;
  /** The only time that they exist in clear text. */
  readonly codes: readonly string[];
}

/** New recovery codes, and what is stored of them. */
function recoveryOf(userId: string) {
  const codes = newRecoveryCodes();
  return { codes, recoveryHashes: codes.map((one) => recoveryHash(userId, one)) };
}

/** Puts the second factor in force. From now on, a password alone does not sign in. */
export async function confirmSecondFactor(
  tx: Tx,
  grant: Grant<'USER:READ'>,
  code: RightCode | undefined,
): Promise<Recovery> {
  const user = await find<User>(tx, grant, 'USER', grant.doer.id);
  const where = { userId: user.id };
  const pending = await tx.secondFactor.findFirst({ where: { ...where, confirmedAt: null } });
  if (!pending) throw conflict('There is no second factor to confirm. Begin with beginSecondFactor.');
  const right = await use(tx, user.id, code);
  const now = new Date();
  const { codes, recoveryHashes } = recoveryOf(user.id);
  const isFirst = (await tx.passkey.count({ where })) === 0;
  await tx.secondFactor.update({ where, data: { confirmedAt: now, recoveryHashes } });
  const { kind, id } = grant.credential;
  if (kind === 'session')
    await tx.session.updateMany({ where: { id: id! }, data: { ...provedBy(right, now), provedAt: now } });
  if (isFirst) await protectSessions(tx, grant, user.id);
  note(tx, grant, user, [null, 'TOTP'], 'enrol-second-factor');
  return { user, codes };
}

/** Replaces the recovery codes. The former ones no longer work. */
export async function createRecoveryCodes(
  tx: Tx,
  grant: Grant<'USER:READ'>,
  code: RightCode | undefined,
): Promise<Recovery> {
  const user = await find<User>(tx, grant, 'USER', grant.doer.id);
  await confirmed(tx, user.id);
  await use(tx, user.id, code);
  const { codes, recoveryHashes } = recoveryOf(user.id);
  await tx.secondFactor.update({ where: { userId: user.id }, data: { recoveryHashes } });
  note(tx, grant, user, ['TOTP', 'TOTP'], 'create-recovery-codes');
  return { user, codes };
}

export async function removeMySecondFactor(
  tx: Tx,
  grant: Grant<'USER:READ'>,
  code: RightCode | undefined,
): Promise<User> {
  const user = await find<User>(tx, grant, 'USER', grant.doer.id);
  await confirmed(tx, user.id);
  await use(tx, user.id, code);
  await remove(tx, grant, user);
  return user;
}

/** Removes all second factors of a user who has lost them: the app and the passkeys. */
export async function removeSecondFactor(tx: Tx, grant: Grant<'USER:UPDATE'>, id: string): Promise<User> {
  if (id === grant.doer.id)
    throw new GatehouseError(
      'FORBIDDEN',
      'Remove your own second factor with removeMySecondFactor, which asks for a code.',
    );
  const user = await find<User>(tx, grant, 'USER', id);
  if (user.superAdmin && !grant.isSuperAdmin)
    throw new GatehouseError('FORBIDDEN', 'Only a super admin can change a super admin.', {
      decisionId: grant.decisionId,
      policy: 'handing-on',
    });
  await grant.review(tx, { before: user, after: user });
  const factor = await tx.secondFactor.findFirst({ where: { userId: id, confirmedAt: { not: null } } });
  const passkeys = await removePasskeys(tx, grant, user);
  if (!factor && passkeys === 0) throw notFound('The second factor');
  if (factor) await remove(tx, grant, user);
  return user;
}

async function remove(tx: Tx, grant: Grant, user: User): Promise<void> {
  await tx.secondFactor.delete({ where: { userId: user.id } });
  note(tx, grant, user, ['TOTP', null], 'remove-second-factor');
}

/** Removes all second factors, because the master key that encrypted them is lost. */
export async function removeSecondFactors(tx: Tx, reason: string): Promise<void> {
  const users = await tx.user.findMany({ where: { secondFactor: { isNot: null } }, orderBy: { id: 'asc' } });
  for (const user of users) await remove(tx, asSystem('USER:UPDATE', reason), user);
}

/** Encrypts all secrets with the current master key. @returns their number. */
export const resealSecondFactors = (store: Store, keys: Keys): Promise<number> =>
  inTransaction(store, async (tx) => {
    const factors = await tx.secondFactor.findMany({ orderBy: { userId: 'asc' } });
    for (const factor of factors) {
      const sealed = sealSecret(keys, factor.userId, openSecret(keys, factor));
      await tx.secondFactor.update({ where: { userId: factor.userId }, data: { sealed } });
    }
    return factors.length;
  });
