import { defineUndo } from '../../../audit/undo.ts';
import { deleteInvitation } from './service.ts';

defineUndo('invitation.create', {
  permission: 'INVITATION:DELETE',
  run: (tx, grant, { tenant, id }) => deleteInvitation(tx, grant, tenant!, id),
});
