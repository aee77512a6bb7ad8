import { assertNewest, defineUndo, fieldsBefore } from '../../../audit/undo.ts';
import type { Group } from '../../../db/generated/client.ts';
import { conflict } from '../../../errors.ts';
import { find } from '../../../policy/session/find.ts';
import { addGroupMember, type Membership, removeGroupMember, setGroupMembership } from './members.ts';
import { createGroup, deleteGroup, updateGroup } from './service.ts';

defineUndo('group.update', {
  permission: 'GROUP:UPDATE',
  async run(tx, grant, change) {
    const group = await find<Group>(tx, grant, 'GROUP', change.id);
    return updateGroup(tx, grant, change.tenant!, change.id, fieldsBefore(change, { ...group }));
  },
});
defineUndo('group.create', {
  permission: 'GROUP:DELETE',
  async run(tx, grant, change) {
    await assertNewest(tx, change);
    return deleteGroup(tx, grant, change.tenant!, change.id);
  },
});
// Restores only the group: its members and bindings have events of their own.
defineUndo('group.delete', {
  permission: 'GROUP:CREATE',
  run: (tx, grant, { tenant, before }) =>
    createGroup(tx, grant, tenant!, before as { name: string; description: string | null }),
});

defineUndo('group.add-member', {
  permission: 'GROUP:UPDATE',
  part: 'members',
  run: (tx, grant, { tenant, id, ids }) => removeGroupMember(tx, grant, tenant!, id, ids['principalId']!),
});
defineUndo('group.remove-member', {
  permission: 'GROUP:UPDATE',
  part: 'members',
  run: (tx, grant, { tenant, id, ids, before }) =>
    addGroupMember(tx, grant, tenant!, id, ids['principalId']!, (before as { membership: Membership }).membership),
});
defineUndo('group.set-membership', {
  permission: 'GROUP:UPDATE',
  part: 'members',
  async run(tx, grant, { tenant, id, ids, event }) {
    const [step] = event.patch as unknown as { value: Membership }[];
    const [back] = event.revertPatch as unknown as { value: Membership }[];
    const member = await tx.groupMember.findFirst({ where: { groupId: id, principalId: ids['principalId']! } });
    if (member && member.membership !== step!.value) throw conflict('The membership was changed again since.');
    return setGroupMembership(tx, grant, tenant!, id, ids['principalId']!, back!.value);
  },
});
