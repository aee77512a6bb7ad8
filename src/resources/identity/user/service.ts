import { isOfProgram } from '../../../access/actor.ts';
import type { Grant } from '../../../access/grant.ts';
import { record } from '../../../audit/record.ts';
import { authMethods, sortedMethods } from '../../../auth/methods.ts';
import { hashPassword, passwordIssues } from '../../../auth/password.ts';
import type { ApiToken, User } from '../../../db/generated/client.ts';
import { changeRow } from '../../../db/rows/change.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, conflict, GatehouseError } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { skeleton } from '../../../lib/look-alike.ts';
import { fold } from '../../../lib/text.ts';
import { find } from '../../../policy/session/find.ts';
import type { AccessSession } from '../../../policy/session/session.ts';
import { assertMayActAs, revokeOfOthers } from '../api-token/service.ts';
import { assertLasting } from '../handing-on.ts';
import { removePrincipal } from '../principal.ts';
import { endSessions } from '../session/service.ts';
import { leaveHome } from './home.ts';
import { canRemoveSuperAdmin, keepSuperAdmin } from './last-super-admin.ts';
import { assertDistinct } from './names.ts';
import type { PresentPassword } from './present-password.ts';

export interface HashedPassword {
  readonly passwordHash: string;
  readonly passwordChangedAt: Date;
}

export interface NewUser {
  readonly username: string;
  readonly email: string;
  readonly firstName?: string | null | undefined;
  readonly lastName?: string | null | undefined;
  /** In clear text, to be checked. If absent, the user cannot sign in by password yet. */
  readonly password?: string | null | undefined;
  /** The same, hashed before the transaction. If absent, it is hashed here, for callers who block no other writer. */
  readonly secret?: HashedPassword | undefined;
  readonly superAdmin?: boolean | null | undefined;
  /** Default: password and API token. */
  readonly authMethods?: readonly string[] | undefined;
  /** ID of the tenant whose provisioning creates the user. */
  readonly managedBy?: string | undefined;
  /** ID of the tenant to which the user belongs. */
  readonly homeTenantId?: string | undefined;
}

function assertSuperAdmin(grant: Grant, what: string): void {
  if (!grant.isSuperAdmin)
    throw new GatehouseError('FORBIDDEN', `Only a super admin ${what}.`, {
      decisionId: grant.decisionId,
      policy: 'handing-on',
    });
}

async function assertFree(
  tx: Tx,
  field: 'username' | 'email',
  values: readonly string[],
  except?: string,
): Promise<void> {
  const taken = await tx.user.findFirst({
    where: { [`${field}Key`]: { in: values.map(fold) }, ...(except !== undefined && { NOT: { id: except } }) },
    select: { usernameKey: true, emailKey: true },
  });
  if (!taken) return;
  const what = field === 'username' ? 'user name' : 'e-mail address';
  // As the caller wrote it: the stored value can be masked for the caller.
  const given = values.find((value) => fold(value) === taken[`${field}Key`]);
  throw conflict(values.length === 1 ? `This ${what} is already in use.` : `The ${what} ${given} is already in use.`);
}

/** @throws BAD_INPUT. */
export function assertPassword(
  password: string,
  length: number,
  context: readonly string[],
  path: readonly string[],
): void {
  const issues = passwordIssues(password, length, context, path);
  if (issues.length > 0) throw new GatehouseError('BAD_INPUT', issues[0]!.message, { issues });
}

/**
 * Hash and time of a password: about 10 ms of work, off the event loop. @param owner the account whose share of the
 * work it uses.
 */
async function newPassword(password: string, owner = ''): Promise<HashedPassword> {
  return { passwordHash: await hashPassword(password, owner), passwordChangedAt: new Date() };
}

/**
 * Hashes a password before the transaction that stores it, so that no change of access waits for it.
 * @throws BAD_INPUT if it is too short or too long. Words that relate to the account are checked later.
 */
export function hashedPassword(
  password: string,
  length: number,
  owner: string,
  field = 'password',
): Promise<HashedPassword> {
  assertPassword(password, length, [], ['input', field]);
  return newPassword(password, owner);
}

export async function createUser(
  tx: Tx,
  grant: Grant<'USER:CREATE'>,
  input: NewUser,
  passwordLength: number,
): Promise<User> {
  return (await createUsers(tx, grant, [input], passwordLength))[0]!;
}

/** Creates all or none of them, in a few statements. */
export async function createUsers(
  tx: Tx,
  grant: Grant<'USER:CREATE'>,
  inputs: readonly NewUser[],
  passwordLength: number,
): Promise<User[]> {
  for (const { username, email, password, superAdmin } of inputs) {
    if (superAdmin) {
      assertSuperAdmin(grant, 'can create super admins');
      assertLasting(grant, 'make a super admin');
    }
    if (password != null) assertLasting(grant, 'set a password');
    if (password != null) assertPassword(password, passwordLength, [username, email], ['input', 'password']);
  }
  await assertFree(
    tx,
    'username',
    inputs.map(({ username }) => username),
  );
  await assertDistinct(
    tx,
    inputs.map(({ username }) => username),
  );
  await assertFree(
    tx,
    'email',
    inputs.map(({ email }) => email),
  );
  const users: User[] = [];
  for (const { username, email, password, secret, ...input } of inputs) {
    const after = {
      id: newId(),
      username,
      usernameKey: fold(username),
      usernameLooks: skeleton(username),
      email,
      emailKey: fold(email),
      firstName: input.firstName ?? null,
      lastName: input.lastName ?? null,
      superAdmin: input.superAdmin ?? false,
      disabled: false,
      authMethods: input.authMethods ? sortedMethods(input.authMethods) : [...authMethods],
      passwordHash: null,
      passwordChangedAt: null,
      createdAt: new Date(),
      managedBy: input.managedBy ?? null,
      homeTenantId: input.homeTenantId ?? null,
      ...(secret ?? (password != null && (await newPassword(password)))),
    };
    await grant.review(tx, { before: null, after });
    users.push(after);
  }
  await tx.principal.createMany({ data: users.map(({ id }) => ({ id, kind: 'USER' })) });
  await tx.user.createMany({ data: users });
  for (const after of users) record(tx, grant, { before: null, after, tenant: null });
  return users;
}

/** Updates a user's row. All changes use it, so that the last super admin is always kept. */
export async function change(
  tx: Tx,
  grant: Grant<'USER:UPDATE'>,
  before: User,
  data: Partial<User>,
  verb?: string,
): Promise<User> {
  // Only a super admin can weaken, take over or lock out a super admin.
  if (before.superAdmin && before.id !== grant.doer.id) assertSuperAdmin(grant, 'can change a super admin');
  await grant.review(tx, { before, after: { ...before, ...data } });
  if (canRemoveSuperAdmin(before, data)) keepSuperAdmin(tx);
  const after = await changeRow(tx, 'User', before, data);
  record(tx, grant, { resource: 'USER', before, after, tenant: null, ...(verb && { verb }) });
  return after;
}

export interface UserChange {
  readonly username?: string | null | undefined;
  readonly email?: string | null | undefined;
  readonly firstName?: string | null | undefined;
  readonly lastName?: string | null | undefined;
}

export async function updateUser(
  tx: Tx,
  grant: Grant<'USER:UPDATE'>,
  id: string,
  { username, email, firstName, lastName }: UserChange,
): Promise<User> {
  const before = await find<User>(tx, grant, 'USER', id);
  if (username != null) {
    await assertFree(tx, 'username', [username], id);
    if (fold(username) !== before.usernameKey) await assertDistinct(tx, [username], id);
  }
  if (email != null) await assertFree(tx, 'email', [email], id);
  // Links for a new password are mailed to this address.
  if (email != null && fold(email) !== before.emailKey) await assertMayActAs(tx, grant, id);
  return change(tx, grant, before, {
    ...(username != null && { username, usernameKey: fold(username), usernameLooks: skeleton(username) }),
    ...(email != null && { email, emailKey: fold(email) }),
    ...(firstName !== undefined && { firstName }),
    ...(lastName !== undefined && { lastName }),
  });
}

export async function setUserPassword(
  tx: Tx,
  grant: Grant<'USER:UPDATE'>,
  id: string,
  password: string,
  secret: HashedPassword,
  length: number,
): Promise<User> {
  if (isOfProgram(grant.credential))
    throw new GatehouseError('FORBIDDEN', 'A password cannot be changed with an API token. Sign in by password.');
  if (grant.credential.kind === 'session' && id === grant.doer.id)
    throw new GatehouseError(
      'FORBIDDEN',
      'Change your own password with changeMyPassword, which asks for the current one.',
    );
  const before = await find<User>(tx, grant, 'USER', id);
  assertPassword(password, length, [before.username, before.email], ['input', 'password']);
  await assertMayActAs(tx, grant, id);
  const after = await change(tx, grant, before, secret, 'set-password');
  await endSessions(tx, grant, id, 'PASSWORD_CHANGED');
  return after;
}

/** @throws FORBIDDEN unless the caller owns the password and signed in with it. */
export function assertOwn({ identity: { credential, impersonator } }: AccessSession): void {
  const isByPassword = credential.kind === 'basic' || (credential.kind === 'session' && credential.method !== 'oidc');
  if (!isByPassword || impersonator)
    throw new GatehouseError('FORBIDDEN', 'A password can only be changed by its owner, signed in with it.');
}

/** Changes the caller's password, which requires the current one. */
export async function changeMyPassword(
  tx: Tx,
  grant: Grant<'USER:READ'>,
  present: PresentPassword,
  password: string,
  secret: HashedPassword | undefined,
  length: number,
): Promise<User> {
  const before = await find<User>(tx, grant, 'USER', grant.doer.id);
  if (present.passwordHash !== before.passwordHash)
    throw conflict('The password was changed by another request. Sign in again.');
  if (!present.isRight || !secret) throw badInput(['input', 'currentPassword'], 'The current password is incorrect.');
  assertPassword(password, length, [before.username, before.email], ['input', 'newPassword']);
  const after = await changeRow(tx, 'User', before, { ...secret });
  record(tx, grant, { resource: 'USER', before, after, tenant: null, verb: 'change-password' });
  await endSessions(tx, grant, before.id, 'PASSWORD_CHANGED');
  return after;
}

export async function setUserDisabled(
  tx: Tx,
  grant: Grant<'USER:UPDATE'>,
  id: string,
  disabled: boolean,
): Promise<User> {
  const before = await find<User>(tx, grant, 'USER', id);
  const after = await change(tx, grant, before, { disabled }, disabled ? 'disable' : 'enable');
  if (disabled) await endSessions(tx, grant, id, 'USER_DISABLED');
  return after;
}

export async function setUserSuperAdmin(
  tx: Tx,
  grant: Grant<'USER:UPDATE'>,
  id: string,
  superAdmin: boolean,
  keptTokens: readonly string[] = [],
): Promise<SuperAdminChange<User>> {
  assertSuperAdmin(grant, 'can add or remove super admins');
  const before = await find<User>(tx, grant, 'USER', id);
  if (superAdmin) assertLasting(grant, 'make a super admin');
  if (superAdmin) await leaveHome(tx, grant, [id], null);
  const row = await change(tx, grant, await find<User>(tx, grant, 'USER', id), { superAdmin }, 'set-super-admin');
  const rises = superAdmin && !before.superAdmin;
  return { row, tokens: rises ? await revokeOfOthers(tx, grant, id, keptTokens) : [] };
}

/** An account that became a super admin, or no longer is one. */
export interface SuperAdminChange<Row> {
  readonly row: Row;
  /** Tokens of a new super admin. Tokens that others created are revoked, except those to keep. */
  readonly tokens: readonly ApiToken[];
}

/** Removes all locks of the account and failed attempts from all addresses, with an event. */
export async function unlockUser(tx: Tx, grant: Grant<'USER:UPDATE'>, id: string): Promise<User> {
  const user = await find<User>(tx, grant, 'USER', id);
  await grant.review(tx, { before: user, after: user });
  const counted = { account: user.usernameKey, OR: [{ lockedUntil: { not: null } }, { recent: { isEmpty: false } }] };
  const locks = await tx.signInFailure.findMany({ where: counted });
  await tx.signInFailure.updateMany({ where: counted, data: { recent: [], lockedUntil: null } });
  if (locks.length > 0) {
    const details = { addresses: locks.map(({ address }) => address) };
    record(tx, grant, { resource: 'USER', before: user, after: user, tenant: null, verb: 'unlock', details });
  }
  return user;
}

/** Deletes the user with access, bindings, memberships, tokens and sessions, each with its event. */
export async function deleteUser(tx: Tx, grant: Grant<'USER:DELETE'>, id: string): Promise<User> {
  const before = await find<User>(tx, grant, 'USER', id);
  if (before.superAdmin) assertSuperAdmin(grant, 'can delete a super admin');
  await grant.review(tx, { before, after: null });
  keepSuperAdmin(tx);
  await endSessions(tx, grant, id, 'USER_DELETED');
  await removePrincipal(tx, grant, id);
  await tx.userIdentity.deleteMany({ where: { userId: id } });
  await tx.secondFactor.deleteMany({ where: { userId: id } });
  await tx.passkey.deleteMany({ where: { userId: id } });
  await tx.passwordLink.deleteMany({ where: { userId: id } });
  await tx.userSettings.deleteMany({ where: { userId: id } });
  await tx.user.delete({ where: { id } });
  await tx.principal.delete({ where: { id } });
  record(tx, grant, { before, after: null, tenant: null });
  return before;
}
