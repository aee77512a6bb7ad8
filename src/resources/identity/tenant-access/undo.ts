import { assertNewest, defineUndo } from '../../../audit/undo.ts';
import { notFound } from '../../../errors.ts';
import { grantTenantAccess, revokeTenantAccess } from './service.ts';

defineUndo('tenant-access.create', {
  permission: 'TENANT_ACCESS:DELETE',
  async run(tx, grant, change) {
    await assertNewest(tx, change);
    return revokeTenantAccess(tx, grant, change.tenant!, change.ids['principalId']!);
  },
});
// Restores only the access: bindings and memberships have events of their own.
defineUndo('tenant-access.delete', {
  permission: 'TENANT_ACCESS:CREATE',
  async run(tx, grant, { tenant, ids }) {
    const id = ids['principalId']!;
    const user = await tx.user.findFirst({ where: { id }, select: { username: true } });
    const account = await tx.serviceAccount.findFirst({ where: { id, tenantId: null }, select: { name: true } });
    if (!user && !account) throw notFound('The user or service account');
    const named = { username: user?.username, serviceAccount: account?.name };
    return grantTenantAccess(tx, grant, tenant!, { ...named, withDefaultRole: false });
  },
});
