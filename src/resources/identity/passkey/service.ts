import type { Grant } from '../../../access/grant.ts';
import { record } from '../../../audit/record.ts';
import type { NewPasskey } from '../../../auth/passkeys/webauthn.ts';
import type { Passkey, PasskeyChallenge, User } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, conflict, notFound } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { find } from '../../../policy/session/find.ts';
import { provedBy } from '../second-factor/code.ts';
import { endSessions, protectSessions } from '../session/service.ts';
import { useChallenge } from './challenge.ts';

export const maxPasskeys = 20;

const passkeysOf = (tx: Tx, userId: string): Promise<Passkey[]> =>
  tx.passkey.findMany({ where: { userId }, orderBy: { id: 'asc' } });

/** Records a change of the passkeys, which are a part of the user. The event has their names. */
function note(
  tx: Tx,
  grant: Grant,
  user: User,
  before: readonly Passkey[],
  after: readonly Passkey[],
  verb: string,
): void {
  const shown = (all: readonly Passkey[]) => ({ ...user, passkeys: all.map(({ name }) => name) });
  record(tx, grant, {
    resource: 'USER',
    before: shown(before),
    after: shown(after),
    tenant: null,
    audited: ['passkeys'],
    verb,
  });
}

export const invalidPasskey = (field: readonly string[] = ['input', 'response']) =>
  badInput(field, 'The passkey could not be verified, or took longer than five minutes. Begin again.');

/** @throws CONFLICT if the user can have no further one. */
export function assertRoomFor(present: readonly Passkey[]): void {
  if (present.length >= maxPasskeys) throw conflict(`You can have at most ${maxPasskeys} passkeys. Remove one first.`);
}

/** Records that a passkey is being created. */
export async function beginPasskey(tx: Tx, grant: Grant<'USER:READ'>): Promise<void> {
  const user = await find<User>(tx, grant, 'USER', grant.doer.id);
  const details = { passkeys: await tx.passkey.count({ where: { userId: user.id } }) };
  record(tx, grant, { resource: 'USER', before: user, after: user, tenant: null, verb: 'begin-passkey', details });
}

/** Adds a passkey that was verified. From then on, a password alone does not sign in. */
export async function addPasskey(
  tx: Tx,
  grant: Grant<'USER:READ'>,
  { name, made, challenge }: { readonly name: string; readonly made: NewPasskey; readonly challenge: PasskeyChallenge },
): Promise<{ user: User; passkey: Passkey }> {
  const user = await find<User>(tx, grant, 'USER', grant.doer.id);
  if (!(await useChallenge(tx, challenge))) throw invalidPasskey();
  const before = await passkeysOf(tx, user.id);
  assertRoomFor(before);
  if (await tx.passkey.findUnique({ where: { credentialId: made.credentialId } }))
    throw conflict('This passkey is in use already.');
  const passkey = await tx.passkey.create({
    data: {
      ...made,
      publicKey: new Uint8Array(made.publicKey),
      id: newId(),
      userId: user.id,
      name,
      createdAt: new Date(),
      lastUsedAt: null,
    },
  });
  const now = new Date();
  // The session in which it was created has proved it.
  const { kind, id } = grant.credential;
  if (kind === 'session')
    await tx.session.updateMany({
      where: { id: id! },
      data: { ...provedBy({ kind: 'PASSKEY' }, now), provedAt: now },
    });
  const hasApp = await tx.secondFactor.count({ where: { userId: user.id, confirmedAt: { not: null } } });
  if (before.length === 0 && hasApp === 0) await protectSessions(tx, grant, user.id);
  note(tx, grant, user, before, [...before, passkey], 'add-passkey');
  return { user, passkey };
}

async function own(tx: Tx, userId: string, id: string): Promise<{ before: Passkey[]; passkey: Passkey }> {
  const before = await passkeysOf(tx, userId);
  const passkey = before.find((one) => one.id === id);
  if (!passkey) throw notFound('The passkey');
  return { before, passkey };
}

export async function renamePasskey(
  tx: Tx,
  grant: Grant<'USER:READ'>,
  id: string,
  name: string,
): Promise<{ user: User; passkey: Passkey }> {
  const user = await find<User>(tx, grant, 'USER', grant.doer.id);
  const { before } = await own(tx, user.id, id);
  const passkey = await tx.passkey.update({ where: { id }, data: { name } });
  note(
    tx,
    grant,
    user,
    before,
    before.map((one) => (one.id === id ? passkey : one)),
    'rename-passkey',
  );
  return { user, passkey };
}

/** Removes a passkey, and ends the sessions that began with it. */
export async function removeMyPasskey(tx: Tx, grant: Grant<'USER:READ'>, id: string): Promise<User> {
  const user = await find<User>(tx, grant, 'USER', grant.doer.id);
  const { before, passkey } = await own(tx, user.id, id);
  await remove(tx, grant, user, before, [passkey]);
  return user;
}

/** Removes all passkeys of a user who has lost them. @returns their number. */
export async function removePasskeys(tx: Tx, grant: Grant, user: User): Promise<number> {
  const before = await passkeysOf(tx, user.id);
  if (before.length > 0) await remove(tx, grant, user, before, before);
  return before.length;
}

async function remove(
  tx: Tx,
  grant: Grant,
  user: User,
  before: readonly Passkey[],
  removed: readonly Passkey[],
): Promise<void> {
  const ids = removed.map(({ id }) => id);
  const isOfOne = ({ passkeyId }: { readonly passkeyId: string | null }) =>
    passkeyId !== null && ids.includes(passkeyId);
  const isOwn = user.id === grant.doer.id;
  await endSessions(
    tx,
    grant,
    user.id,
    'PASSKEY_REMOVED',
    (session) => isOfOne(session) && !(isOwn && session.id === grant.credential.id),
  );
  await tx.passkey.deleteMany({ where: { id: { in: ids } } });
  note(
    tx,
    grant,
    user,
    before,
    before.filter(({ id }) => !ids.includes(id)),
    'remove-passkey',
  );
}
