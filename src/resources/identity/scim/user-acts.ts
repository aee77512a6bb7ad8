import type { Permission } from '../../../access/catalog.ts';
import type { Tx } from '../../../db/transaction.ts';
import { unavailable } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { fold } from '../../../lib/text.ts';
import { write } from '../../../policy/session/write.ts';
import { email } from '../../rules.ts';
import { revokeAll } from '../api-token/service.ts';
import { grantTenantAccesses, revokeTenantAccess, setExternalId } from '../tenant-access/service.ts';
import { createUsers, deleteUser as removeUser, updateUser as setProfile, setUserDisabled } from '../user/service.ts';
import { scimFault } from './fault.ts';
import { assertVersion, readGrant, recorded, type Scim } from './scim.ts';
import type { UserChange } from './user-change.ts';
import { isActive, type UserRow, userById, userVersion } from './users.ts';

/**
 * Creates a user of the tenant, or gives an existing user of the instance access to it, without changing them. Neither
 * gets the default role: rights come with groups.
 */
export async function createUser(scim: Scim, change: UserChange): Promise<UserRow> {
  const { context, tenant } = scim;
  const { session, store, db } = context;
  const { userName } = change;
  if (userName === undefined) throw scimFault('invalidValue', 'userName is required.');
  const scope = { tenantId: tenant.id };
  const id = await recorded(scim, 'TENANT_ACCESS:CREATE', '', async () => {
    await readGrant(scim, 'TENANT_ACCESS:READ');
    // Without this permission, the answer does not depend on whether the name exists.
    session.grant('TENANT_ACCESS:CREATE', scope);
    const existing = await db.user.findFirst({
      where: { usernameKey: fold(userName) },
      select: { id: true, principal: { select: { accesses: { where: scope, select: { id: true } } } } },
    });
    if (existing && existing.principal.accesses.length > 0)
      throw scimFault('uniqueness', 'A user with this userName already exists.');
    return existing ? admit(scim, existing.id, change) : create(scim, change);
  });
  await session.refresh();
  return userById(scim, id);

  async function admit({ tenant }: Scim, id: string, { active, externalId }: UserChange): Promise<string> {
    if (active === false)
      throw scimFault('invalidValue', 'The user exists outside of the tenant. Only an active one can be added.');
    await write(session, store, 'TENANT_ACCESS:CREATE', scope, (tx, grant) =>
      grantTenantAccesses(tx, grant, tenant, access(externalId)),
    );
    return id;
  }

  async function create({ tenant }: Scim, { active, externalId, ...given }: UserChange): Promise<string> {
    const address = given.email ?? email.safeParse(userName).data;
    const user = {
      username: userName!,
      // A user has an address. This one receives nothing.
      email: address ?? `${newId()}@scim.invalid`,
      firstName: given.givenName,
      lastName: given.familyName,
      managedBy: tenant.id,
      homeTenantId: tenant.id,
    };
    return write(session, store, 'USER:CREATE', {}, async (tx, grant) => {
      const [created] = await createUsers(tx, grant, [user], context.limits.passwordLength);
      await grantTenantAccesses(tx, session.grant('TENANT_ACCESS:CREATE', scope), tenant, access(externalId));
      if (active === false) await setUserDisabled(tx, session.grant('USER:UPDATE'), created!.id, true);
      return created!.id;
    });
  }

  function access(externalId: string | null | undefined) {
    return { usernames: [userName!], withDefaultRole: false, externalId: externalId ?? null };
  }
}

/** Reads the user again in the transaction, in which no other change of access can happen. */
async function unchanged(scim: Scim, tx: Tx, row: UserRow, ifMatch: string | undefined): Promise<UserRow> {
  const now = await userById(scim, row.user.id, tx);
  assertVersion(ifMatch, userVersion(scim, now));
  if (now.isOwned !== row.isOwned) throw unavailable('The user was changed at the same time. Try again.');
  return now;
}

/** The changes of a profile that differ from what the user has. */
function profileOf({ user }: UserRow, { userName, email, givenName, familyName }: UserChange) {
  return {
    ...(userName !== undefined && userName !== user.username && { username: userName }),
    ...(email !== undefined && email !== user.email && { email }),
    ...(givenName !== undefined && givenName !== user.firstName && { firstName: givenName }),
    ...(familyName !== undefined && familyName !== user.lastName && { lastName: familyName }),
  };
}

/**
 * Changes a user. A user whom the tenant does not own keeps their profile, and loses the access to the tenant if they
 * are no longer active.
 * @returns the user, or undefined for one who lost the access.
 */
export async function updateUser(
  scim: Scim,
  row: UserRow,
  change: UserChange,
  ifMatch: string | undefined,
): Promise<UserRow | undefined> {
  const { context, tenant } = scim;
  const { session, store } = context;
  const { isOwned, user } = row;
  const scope = { tenantId: tenant.id };
  const profile = isOwned ? profileOf(row, change) : {};
  const { active = isActive(row), externalId = row.externalId } = change;
  const switches = active !== isActive(row);
  if (!isOwned && switches) {
    await removeAccess(scim, row, ifMatch);
    return undefined;
  }
  const ofUser = Object.keys(profile).length > 0 || switches;
  const ofAccess = externalId !== row.externalId;
  if (!ofUser && !ofAccess) {
    assertVersion(ifMatch, userVersion(scim, row));
    return row;
  }
  const permission = ofUser ? 'USER:UPDATE' : 'TENANT_ACCESS:CREATE';
  await recorded(scim, permission, user.id, () =>
    write(session, store, permission as Permission, ofUser ? {} : scope, async (tx) => {
      const { accessId } = await unchanged(scim, tx, row, ifMatch);
      if (Object.keys(profile).length > 0) await setProfile(tx, session.grant('USER:UPDATE'), user.id, profile);
      if (switches) {
        const grant = session.grant('USER:UPDATE');
        await setUserDisabled(tx, grant, user.id, !active);
        if (!active) await revokeAll(tx, grant, user.id);
      }
      if (ofAccess) await setExternalId(tx, session.grant('TENANT_ACCESS:CREATE', scope), tenant, accessId, externalId);
    }),
  );
  await session.refresh();
  return userById(scim, user.id);
}

async function removeAccess(scim: Scim, row: UserRow, ifMatch: string | undefined): Promise<void> {
  const { context, tenant } = scim;
  await recorded(scim, 'TENANT_ACCESS:DELETE', row.user.id, () =>
    write(context.session, context.store, 'TENANT_ACCESS:DELETE', { tenantId: tenant.id }, async (tx, grant) => {
      await unchanged(scim, tx, row, ifMatch);
      await revokeTenantAccess(tx, grant, tenant, row.user.id);
    }),
  );
}

/** Deletes a user whom the tenant owns. Any other user only loses the access to the tenant. */
export async function deleteUser(scim: Scim, row: UserRow, ifMatch: string | undefined): Promise<void> {
  if (!row.isOwned) return removeAccess(scim, row, ifMatch);
  const { session, store } = scim.context;
  await recorded(scim, 'USER:DELETE', row.user.id, () =>
    write(session, store, 'USER:DELETE', {}, async (tx, grant) => {
      await unchanged(scim, tx, row, ifMatch);
      await removeUser(tx, grant, row.user.id);
    }),
  );
}
