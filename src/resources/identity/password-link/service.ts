import { isOfProgram } from '../../../access/actor.ts';
import type { Grant } from '../../../access/grant.ts';
import { record } from '../../../audit/record.ts';
import type { Keys } from '../../../auth/keys.ts';
import { linkHash, newLinkToken } from '../../../auth/link-token.ts';
import type { Links } from '../../../auth/links.ts';
import type { User } from '../../../db/generated/client.ts';
import type { Store, Tx } from '../../../db/transaction.ts';
import { conflict, GatehouseError } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { find } from '../../../policy/session/find.ts';
import { stored } from '../api-token/ceiling.ts';
import { assertMayActAs } from '../api-token/service.ts';
import { withdrawMails } from '../mail/outbox.ts';

export const resetPath = '/auth/reset-password';

const minute = 60_000;
const hour = 60 * minute;
/** How long a link works. */
export const linkMs = hour;

/** True if the user has a password to sign in with, or can be given one. */
export const signsInByPassword = ({ disabled, authMethods }: User): boolean =>
  !disabled && authMethods.includes('PASSWORD');

export interface NewLink {
  readonly id: string;
  readonly token: string;
  readonly expiresAt: Date;
}

/** The administrator who created a link. All null if the user requested it. */
export interface Creator {
  readonly createdById: string | null;
  readonly impersonatorId: string | null;
  readonly ceiling: ReturnType<typeof stored>;
}

/** Writes the newest link of a user, which replaces an earlier one. */
export async function writeLink(
  tx: Tx,
  keys: Keys,
  { id: userId, passwordChangedAt }: User,
  creator: Creator,
  requests?: Date[],
): Promise<NewLink> {
  const token = newLinkToken(keys);
  const createdAt = new Date();
  const former = await tx.passwordLink.findUnique({ where: { userId }, select: { id: true } });
  if (former) await withdrawMails(tx, [former.id]);
  const link = {
    ...creator,
    id: newId(),
    hash: linkHash(keys, token)!,
    passwordChangedAt,
    createdAt,
    expiresAt: new Date(createdAt.getTime() + linkMs),
    ...(requests && { requests }),
  };
  await tx.passwordLink.upsert({ where: { userId }, create: { userId, requests: [], ...link }, update: link });
  return { id: link.id, token, expiresAt: link.expiresAt };
}

/**
 * Decides whether the holder of the grant may give the user a new password. It lets its holder act as the user.
 * @throws FORBIDDEN.
 */
export async function assertMayReset(tx: Tx, grant: Grant<'USER:UPDATE'>, user: User): Promise<void> {
  await assertMayActAs(tx, grant, user.id);
  // Policies and exempt groups see a changed password.
  await grant.review(tx, { before: user, after: { ...user, passwordHash: '' } });
}

export interface ShownLink {
  readonly user: User;
  readonly link: string;
  readonly expiresAt: Date;
}

/** Creates a link by which the user sets a new password, for an administrator to pass on. */
export async function createPasswordLink(
  tx: Tx,
  grant: Grant<'USER:UPDATE'>,
  { keys, links }: { readonly keys: Keys; readonly links: Links },
  id: string,
): Promise<ShownLink> {
  if (isOfProgram(grant.credential))
    throw new GatehouseError('FORBIDDEN', 'A password cannot be reset with an API token. Sign in by password.');
  if (id === grant.doer.id)
    throw new GatehouseError(
      'FORBIDDEN',
      'Change your own password with changeMyPassword, which asks for the current one.',
    );
  const user = await find<User>(tx, grant, 'USER', id);
  await assertMayReset(tx, grant, user);
  if (!signsInByPassword(user))
    throw conflict('This user cannot sign in by password. Enable the user, or allow the method with setAuthMethods.');
  const creator = { createdById: grant.doer.id, impersonatorId: grant.doer.impersonator?.id ?? null };
  const { token, expiresAt } = await writeLink(tx, keys, user, { ...creator, ceiling: stored(grant.ceiling) });
  const details = { expiresAt: expiresAt.toISOString() };
  record(tx, grant, {
    resource: 'USER',
    before: user,
    after: user,
    tenant: null,
    verb: 'create-password-link',
    details,
  });
  return { user, link: links.to(resetPath, token), expiresAt };
}

/** Deletes links that no longer work and limit no request. */
export async function prunePasswordLinks({ prisma }: Store, now = new Date()): Promise<void> {
  await prisma.passwordLink.deleteMany({ where: { expiresAt: { lte: new Date(now.getTime() - hour) } } });
}
