import { isPermission, type Permission } from '../../../access/catalog.ts';
import { assertNewest, defineUndo, fieldsBefore } from '../../../audit/undo.ts';
import type { Role } from '../../../db/generated/client.ts';
import { conflict } from '../../../errors.ts';
import { find } from '../../../policy/session/find.ts';
import { createRole, deleteRole, type RoleChange, updateRole } from './service.ts';

const known = (permissions: readonly string[]): Permission[] => permissions.filter(isPermission);

defineUndo('role.update', {
  permission: 'ROLE:UPDATE',
  async run(tx, grant, change) {
    const role = await find<Role>(tx, grant, 'ROLE', change.id);
    const before = fieldsBefore(change, { ...role }) as RoleChange;
    if (before.isDefault === false)
      throw conflict('The choice of a default role cannot be undone. Choose another default role.');
    return updateRole(tx, grant, change.tenant, change.id, before);
  },
});
defineUndo('role.create', {
  permission: 'ROLE:DELETE',
  async run(tx, grant, change) {
    await assertNewest(tx, change);
    return deleteRole(tx, grant, change.tenant, change.id);
  },
});
defineUndo('role.delete', {
  permission: 'ROLE:CREATE',
  run(tx, grant, { tenant, before }) {
    const { name, description, permissions } = before as {
      name: string;
      description: string | null;
      permissions: string[];
    };
    return createRole(tx, grant, tenant, { name, description, permissions: known(permissions) });
  },
});
