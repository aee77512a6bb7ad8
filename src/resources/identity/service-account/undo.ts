import { assertNewest, defineUndo, fieldsBefore } from '../../../audit/undo.ts';
import type { ServiceAccount } from '../../../db/generated/client.ts';
import { find } from '../../../policy/session/find.ts';
import { deleteServiceAccount, updateServiceAccount } from './service.ts';

defineUndo('service-account.update', {
  permission: 'SERVICE_ACCOUNT:UPDATE',
  async run(tx, grant, change) {
    const account = await find<ServiceAccount>(tx, grant, 'SERVICE_ACCOUNT', change.id);
    return updateServiceAccount(tx, grant, change.tenant, change.id, fieldsBefore(change, { ...account }));
  },
});
defineUndo('service-account.create', {
  permission: 'SERVICE_ACCOUNT:DELETE',
  async run(tx, grant, change) {
    await assertNewest(tx, change);
    return deleteServiceAccount(tx, grant, change.tenant, change.id);
  },
});
