import { assertNewest, defineUndo } from '../../audit/undo.ts';
import { notFound } from '../../errors.ts';
import { grantTenantAccess, revokeTenantAccess } from './service.ts';

defineUndo('tenant-access.create', {
  permission: 'TENANT_ACCESS:DELETE',
  async run(tx, grant, change) {
    await assertNewest(tx, change);
    return revokeTenantAccess(tx, grant, change.tenant!, change.ids['principalId']!);
  },
});
// By itself: bindings and memberships went by events of their own.
defineUndo('tenant-access.delete', {
  permission: 'TENANT_ACCESS:CREATE',
  async run(tx, grant, { tenant, ids }) {
    const user = await tx.user.findFirst({ where: { id: ids['principalId']! }, select: { username: true } });
    if (!user) throw notFound('The user');
    return grantTenantAccess(tx, grant, tenant!, { username: user.username, withDefaultRole: false });
  },
});
