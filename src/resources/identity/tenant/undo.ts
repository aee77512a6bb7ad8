import { defineUndo, fieldsBefore } from '../../../audit/undo.ts';
import type { Tenant } from '../../../db/generated/client.ts';
import { notFound } from '../../../errors.ts';
import { find } from '../../../policy/session/find.ts';
import { placedAs, withGroupKey } from '../../orchestration/worker-group/placement.ts';
import { updateTenant } from './service.ts';
import { putSettings, tenantSettings } from './settings.ts';

defineUndo('tenant.update', {
  permission: 'TENANT:UPDATE',
  async run(tx, grant, change) {
    const tenant = await find<Tenant>(tx, grant, 'TENANT', change.id);
    const before = fieldsBefore(change, { ...(await withGroupKey(tx, tenant)) });
    return updateTenant(tx, grant, change.id, placedAs(before));
  },
});
defineUndo('tenant.configure', {
  permission: 'SETTING:UPDATE',
  async run(tx, grant, change) {
    const [tenant] = await tx.$queryRaw<Tenant[]>`SELECT * FROM "Tenant" WHERE id = ${change.id} FOR NO KEY UPDATE`;
    if (!tenant) throw notFound('The tenant');
    const { settings } = fieldsBefore(change, { ...(await withGroupKey(tx, tenant)) });
    return putSettings(tx, grant, tenant, tenantSettings.parse(settings ?? {}));
  },
});
