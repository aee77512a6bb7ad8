import { defineUndo, fieldsBefore } from '../../../audit/undo.ts';
import type { Tenant } from '../../../db/generated/client.ts';
import { find } from '../../../policy/session/find.ts';
import { placedAs, withGroupKey } from '../../orchestration/worker-group/placement.ts';
import { updateTenant } from './service.ts';

defineUndo('tenant.update', {
  permission: 'TENANT:UPDATE',
  async run(tx, grant, change) {
    const tenant = await find<Tenant>(tx, grant, 'TENANT', change.id);
    const before = fieldsBefore(change, { ...(await withGroupKey(tx, tenant)) });
    return updateTenant(tx, grant, change.id, placedAs(before));
  },
});
