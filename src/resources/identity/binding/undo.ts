import { defineUndo } from '../../../audit/undo.ts';
import { notFound } from '../../../errors.ts';
import { createBinding, deleteBinding } from './service.ts';

defineUndo('binding.create', {
  permission: 'BINDING:DELETE',
  run: (tx, grant, { tenant, id }) => deleteBinding(tx, grant, tenant, id),
});
// Bindings are immutable: undo creates a new one, if its subject and role still exist.
defineUndo('binding.delete', {
  permission: 'BINDING:CREATE',
  async run(tx, grant, { tenant, ids: { principalId, groupId, roleId }, before }) {
    const principal = principalId && (await tx.principal.findFirst({ where: { id: principalId } }));
    if (!groupId && !principal) throw notFound('The subject');
    const typename = groupId ? 'Group' : principal && principal.kind === 'USER' ? 'User' : 'ServiceAccount';
    return createBinding(tx, grant, tenant, {
      subject: { typename, id: (groupId ?? principalId)! },
      roleId: roleId!,
      namespace: (before as { namespace: string }).namespace,
    });
  },
});
