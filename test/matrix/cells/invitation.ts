import { linkHash, newLinkToken } from '../../../src/auth/link-token.ts';
import type { Invitation } from '../../../src/db/generated/client.ts';
import { newId } from '../../../src/lib/ids.ts';
import { idOf } from '../../support/world.ts';
import { type Attempting, attempt } from '../attempt.ts';
import type { Stage } from '../stage.ts';
import { connection, node, type Reading } from '../ways.ts';

/** An invitation to tenant a, with a group and a binding. */
export async function invited({ world, a, group, emptyRole, name }: Stage): Promise<Invitation> {
  const { keys } = world.app.services;
  const email = `${name('guest')}@people.example`;
  const createdAt = new Date();
  return world.db.invitation.create({
    data: {
      id: newId(),
      tenantId: a.id,
      email,
      emailKey: email,
      hash: linkHash(keys, newLinkToken(keys))!,
      groupIds: [group.id],
      bindings: [{ roleId: emptyRole.id, namespace: 'company.x' }],
      withDefaultRole: false,
      invitedById: (await world.db.user.findFirstOrThrow({ where: { username: 'root' } })).id,
      createdAt,
      expiresAt: new Date(createdAt.getTime() + 3_600_000),
    },
  });
}

export const mutations: Record<string, Record<string, Attempting>> = {
  'INVITATION:CREATE': {
    createInvitation: async (stage) => {
      // What it offers requires the permission to give it.
      await stage.besides('TENANT_ACCESS:CREATE');
      const email = `${stage.name('new')}@people.example`;
      return attempt(
        'createInvitation',
        'CreateInvitationInput',
        'link',
        { tenantKey: 'a', email },
        async () => (await stage.world.db.invitation.count({ where: { email } })) === 1,
      );
    },
  },
  'INVITATION:DELETE': {
    deleteInvitation: async (stage) => {
      const { id } = await invited(stage);
      return attempt(
        'deleteInvitation',
        'DeleteInvitationInput',
        'deletedId',
        { id: idOf('Invitation', { id }) },
        async () => (await stage.world.db.invitation.count({ where: { id } })) === 0,
      );
    },
  },
};

let invitation: Promise<Invitation> | undefined;
async function seen(stage: Stage): Promise<string> {
  invitation ??= invited(stage);
  return idOf('Invitation', await invitation);
}
const withOne = (readings: (id: string) => Reading[], index: number, way: Reading['way']): Reading => ({
  way,
  sees: async (client, stage) => readings(await seen(stage))[index]!.sees(client, stage),
});
const listed = (id: string) => connection('invitations', () => id);

export const reads: Record<string, readonly Reading[]> = {
  INVITATION: [withOne(listed, 0, 'list'), withOne(listed, 1, 'count'), withOne((id) => [node(() => id)], 0, 'node')],
};
