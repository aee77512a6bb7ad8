import type { Doer, Grant, Origin } from '../../../access/grant.ts';
import { lockState } from '../../../access/revision.ts';
import { record } from '../../../audit/record.ts';
import type { Refusals } from '../../../audit/refusals.ts';
import type { Keys } from '../../../auth/keys.ts';
import { linkHash } from '../../../auth/link-token.ts';
import { clearFailures } from '../../../auth/lockout.ts';
import type { PasswordLink, User } from '../../../db/generated/client.ts';
import { inTransaction, type Store, type Tx } from '../../../db/transaction.ts';
import { GatehouseError } from '../../../errors.ts';
import type { Engine } from '../../../policy/decide/engine.ts';
import type { Ceiling } from '../../../policy/principals/ceiling.ts';
import type { Freshness } from '../../../policy/session/freshness.ts';
import { sessionOnBehalf, withActor } from '../../../policy/session/on-behalf.ts';
import { asSystem } from '../../../policy/session/system.ts';
import { inTurn, write } from '../../../policy/session/write.ts';
import { endSessions } from '../session/service.ts';
import { assertPassword, type HashedPassword } from '../user/service.ts';
import { assertMayReset, signsInByPassword } from './service.ts';

export interface ResetServices {
  readonly store: Store;
  readonly keys: Keys;
  readonly engine: Engine;
  readonly freshness: Freshness;
  readonly refusals: Refusals;
  readonly passwordLength: number;
}

export type OpenedLink = PasswordLink & { readonly user: User };

const gone = () => new GatehouseError('NOT_FOUND', 'This link was used, replaced or has expired. Ask for a new one.');

const works = ({ expiresAt, passwordChangedAt, user }: OpenedLink): boolean =>
  expiresAt > new Date() &&
  signsInByPassword(user) &&
  // Another way to change the password ends the link.
  passwordChangedAt?.getTime() === user.passwordChangedAt?.getTime();

/** Finds the link of a token. @throws NOT_FOUND, the same for a token that never existed. */
export async function openPasswordLink({ store, keys }: Pick<ResetServices, 'store' | 'keys'>, token: string) {
  const hash = linkHash(keys, token);
  const found =
    hash === undefined ? null : await store.prisma.passwordLink.findFirst({ where: { hash }, include: { user: true } });
  if (!found || !works(found)) throw gone();
  return found;
}

export interface NewPassword {
  readonly password: string;
  readonly secret: HashedPassword;
}

/**
 * Sets the new password of the user and ends all sessions, once. A link of an administrator is decided again, with the
 * present permissions of the administrator and the user.
 * @throws NOT_FOUND if it was used meanwhile, or its administrator could no longer create it; BAD_INPUT.
 */
export async function resetPassword(
  services: ResetServices,
  { userId, user: { username, usernameKey }, hash, createdById, impersonatorId, ceiling }: OpenedLink,
  given: NewPassword,
  from: Origin,
): Promise<void> {
  const { store, freshness, refusals } = services;
  const doer: Doer = { kind: 'USER', id: userId, name: username, ...from };
  const set = (tx: Tx, by?: Grant<'USER:UPDATE'>) => change(tx, services, userId, hash!, given, doer, by);
  if (createdById === null) {
    await inTurn(store, userId, () =>
      inTransaction(store, async (tx) => {
        await lockState(tx);
        await set(tx);
      }),
    );
    await freshness.confirmWithin(1_000);
  } else {
    const offerer = { principalId: createdById, impersonatorId, ceiling: ceiling as unknown as Ceiling | null };
    const session = sessionOnBehalf(services, offerer, null, from);
    try {
      await session.refresh();
      await write(session, store, 'USER:UPDATE', {}, (tx, grant) => set(tx, grant));
    } catch (error) {
      const isRefused =
        error instanceof GatehouseError && ['FORBIDDEN', 'POLICY_ERROR', 'UNAUTHENTICATED'].includes(error.code);
      if (!isRefused) throw error;
      const anonymous: Doer = { kind: 'ANONYMOUS', id: '', name: 'anonymous', ...from };
      const place = { tenantId: undefined, resourceId: userId, resourceKey: username };
      await refusals.act({ doer: anonymous, permission: 'USER:UPDATE', field: 'reset-password', error, ...place });
      throw gone();
    }
  }
  // A person who forgot the password may have locked the account from the same address.
  await clearFailures(store, usernameKey, from.ip ?? 'unknown');
}

async function change(
  tx: Tx,
  { passwordLength }: ResetServices,
  userId: string,
  hash: string,
  { password, secret }: NewPassword,
  doer: Doer,
  by: Grant<'USER:UPDATE'> | undefined,
): Promise<void> {
  // A second request with the link waits here, and finds no hash.
  await tx.$queryRaw`SELECT 1 FROM "PasswordLink" WHERE "userId" = ${userId} FOR UPDATE`;
  const link = await tx.passwordLink.findFirst({ where: { userId, hash }, include: { user: true } });
  if (!link || !works(link)) throw gone();
  const { user: before } = link;
  if (by) await assertMayReset(tx, by, before);
  assertPassword(password, passwordLength, [before.username, before.email], ['body', 'password']);
  const reason = by ? `by a link of ${by.doer.name}` : 'by a link in a mail';
  const grant = withActor(asSystem('USER:UPDATE', reason), { ...doer, reason });
  const after = await tx.user.update({ where: { id: userId }, data: { ...secret } });
  await tx.passwordLink.update({ where: { userId }, data: { hash: null } });
  record(tx, grant, { resource: 'USER', before, after, tenant: null, verb: 'reset-password' });
  await endSessions(tx, grant, userId, 'PASSWORD_CHANGED');
}
