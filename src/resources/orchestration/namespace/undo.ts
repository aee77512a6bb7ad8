import { defineUndo, fieldsBefore } from '../../../audit/undo.ts';
import type { Namespace } from '../../../db/generated/client.ts';
import { find } from '../../../policy/session/find.ts';
import { placedAs, withGroupKey } from '../worker-group/placement.ts';
import { updateNamespace } from './service.ts';

defineUndo('namespace.update', {
  permission: 'NAMESPACE:UPDATE',
  async run(tx, grant, change) {
    const row = await find<Namespace>(tx, grant, 'NAMESPACE', change.id);
    const before = fieldsBefore(change, { ...(await withGroupKey(tx, row)) });
    return updateNamespace(tx, grant, change.tenant!, change.id, placedAs(before));
  },
});
