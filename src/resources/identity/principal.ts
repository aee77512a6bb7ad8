import type { Grant } from '../../access/grant.ts';
import type { Tx } from '../../db/transaction.ts';
import { revokeAll } from './api-token/service.ts';
import { removeBindings } from './binding/service.ts';
import { removeInvitationsBy } from './invitation/service.ts';
import { removeAccess } from './tenant-access/service.ts';

/** Removes what depends on a user or service account that is deleted. */
export async function removePrincipal(tx: Tx, grant: Grant, principalId: string): Promise<void> {
  await removeInvitationsBy(tx, grant, principalId);
  await removeBindings(tx, grant, null, { tenantId: null, principalId });
  for (const { tenant, ...access } of await tx.tenantAccess.findMany({
    where: { principalId },
    include: { tenant: true },
  })) {
    await removeAccess(tx, grant, tenant, access);
  }
  await revokeAll(tx, grant, principalId);
}
