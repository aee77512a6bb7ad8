import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { User } from '../../../db/generated/client.ts';
import { rowsOf } from '../../../db/rows/rows.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict } from '../../../errors.ts';

/**
 * Ends the membership of users in their home tenant, because they get rights elsewhere: then only the instance can
 * administer them.
 * @param elsewhere the tenant in which they get rights; null for the instance.
 */
export async function leaveHome(
  tx: Tx,
  grant: Grant,
  principalIds: readonly string[],
  elsewhere: TenantRef | null,
): Promise<void> {
  const users = await tx.$queryRaw<User[]>`
    SELECT * FROM "User" WHERE id = ANY(${[...principalIds]}) AND "homeTenantId" IS NOT NULL
      AND "homeTenantId" IS DISTINCT FROM ${elsewhere?.id ?? null} ORDER BY id FOR NO KEY UPDATE`;
  for (const user of users) await setHome(tx, grant, user, null);
}

/** Lets the users of a deleted tenant belong to the instance. */
export async function releaseHome(tx: Tx, grant: Grant, tenant: TenantRef): Promise<void> {
  const users = await tx.$queryRaw<User[]>`
    SELECT * FROM "User" WHERE "homeTenantId" = ${tenant.id} ORDER BY id FOR NO KEY UPDATE`;
  for (const user of users) await setHome(tx, grant, user, null);
}

/** Writes the home tenant of a user, after the decision. */
export async function setHome(tx: Tx, grant: Grant, before: User, home: TenantRef | null): Promise<User> {
  const after = (await rowsOf(tx).update('User', before.id, { homeTenantId: home?.id ?? null })) as User;
  const details = { homeTenant: home?.key ?? null };
  record(tx, grant, { resource: 'USER', before, after, tenant: null, verb: 'set-home', details });
  return after;
}

/** @throws CONFLICT for a user with rights outside of the tenant. */
export async function assertAlone(tx: Tx, user: User, tenant: TenantRef): Promise<void> {
  const outside = await tx.$queryRaw<unknown[]>`
    SELECT FROM "TenantAccess" WHERE "principalId" = ${user.id} AND "tenantId" <> ${tenant.id}
    UNION ALL SELECT FROM "Binding" WHERE "principalId" = ${user.id} AND "tenantId" IS NULL LIMIT 1`;
  if (user.superAdmin || outside.length > 0)
    throw conflict(`The user has rights outside of ${tenant.key}. Revoke these first.`);
}
