import { isOfProgram } from '../../../access/actor.ts';
import type { Grant } from '../../../access/grant.ts';
import { record } from '../../../audit/record.ts';
import { splitMethods } from '../../../auth/methods.ts';
import type { User, UserIdentity } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict, GatehouseError, notFound } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { find } from '../../../policy/session/find.ts';
import { assertMayActAs } from '../api-token/service.ts';
import { assertLasting } from '../handing-on.ts';
import { endSessions } from '../session/service.ts';
import { setAuthMethods } from '../user/auth-methods.ts';
import { keepSuperAdmin } from '../user/last-super-admin.ts';

/** A person at a provider. */
export interface Person {
  readonly issuer: string;
  readonly subject: string;
}

export const maxIdentities = 20;

const audited = ['identities'];
/** A user with their identities, as events show them: a part of the user. */
async function withIdentities(tx: Tx, user: User) {
  const rows = await tx.userIdentity.findMany({ where: { userId: user.id }, orderBy: { id: 'asc' } });
  return { ...user, identities: rows.map(({ issuer, subject }) => ({ issuer, subject })) };
}

/** Writes the row, after the decision. */
export async function insertIdentity(tx: Tx, grant: Grant, user: User, person: Person): Promise<UserIdentity> {
  const before = await withIdentities(tx, user);
  const { issuer, subject } = person;
  const row = await tx.userIdentity.create({ data: { id: newId(), userId: user.id, issuer, subject } });
  const after = await withIdentities(tx, user);
  record(tx, grant, { resource: 'USER', before, after, tenant: null, audited, verb: 'link-identity' });
  return row;
}

function assertMayChange(grant: Grant, user: User): void {
  if (!user.superAdmin || user.id === grant.doer.id || grant.isSuperAdmin) return;
  throw new GatehouseError('FORBIDDEN', 'Only a super admin can change a super admin.', {
    decisionId: grant.decisionId,
    policy: 'handing-on',
  });
}

/** An identity signs in as its user, so linking one is like setting a password. */
async function assertMayLink(tx: Tx, grant: Grant<'USER:UPDATE'>, user: User): Promise<void> {
  const { kind } = grant.credential;
  if (isOfProgram(grant.credential))
    throw new GatehouseError('FORBIDDEN', 'An identity cannot be linked with an API token. Sign in by password.');
  if (kind === 'session' && user.id === grant.doer.id)
    throw new GatehouseError(
      'FORBIDDEN',
      'Link your own identity with Basic authentication, which sends the password.',
    );
  assertMayChange(grant, user);
  assertLasting(grant, 'link an identity');
  await assertMayActAs(tx, grant, user.id);
}

/** Lets a person of a provider sign in as the user. */
export async function linkIdentity(
  tx: Tx,
  grant: Grant<'USER:UPDATE'>,
  id: string,
  provider: string,
  person: Person,
): Promise<User> {
  const user = await find<User>(tx, grant, 'USER', id);
  await assertMayLink(tx, grant, user);
  await grant.review(tx, { before: user, after: user });
  if (await tx.userIdentity.findFirst({ where: { issuer: person.issuer, subject: person.subject } }))
    throw conflict('This identity is linked to a user already. Unlink it first.');
  if ((await tx.userIdentity.count({ where: { userId: id } })) >= maxIdentities)
    throw conflict(`A user can have at most ${maxIdentities} identities.`);
  await insertIdentity(tx, grant, user, person);
  const { own: methods, providers } = splitMethods(user.authMethods);
  return setAuthMethods(tx, grant, id, { methods, providers: [...providers, provider] });
}

/** Ends the link between a person and the user, and the sessions that began with it. */
export async function unlinkIdentity(
  tx: Tx,
  grant: Grant<'USER:UPDATE'>,
  id: string,
  { issuer, subject }: Person,
): Promise<User> {
  const user = await find<User>(tx, grant, 'USER', id);
  assertMayChange(grant, user);
  const row = await tx.userIdentity.findFirst({ where: { userId: id, issuer, subject } });
  if (!row) throw notFound('The identity');
  await grant.review(tx, { before: user, after: user });
  keepSuperAdmin(tx);
  const before = await withIdentities(tx, user);
  await endSessions(tx, grant, id, 'IDENTITY_REMOVED', ({ identityId }) => identityId === row.id);
  await tx.userIdentity.delete({ where: { id: row.id } });
  const after = await withIdentities(tx, user);
  record(tx, grant, { resource: 'USER', before, after, tenant: null, audited, verb: 'unlink-identity' });
  return user;
}
