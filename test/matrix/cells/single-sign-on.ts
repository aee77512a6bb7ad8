import { newId } from '../../../src/lib/ids.ts';
import { idOf } from '../../support/world.ts';
import { type Attempting, attempt } from '../attempt.ts';
import { issuer } from '../stage.ts';

export const mutations: Record<string, Record<string, Attempting>> = {
  'USER:UPDATE': {
    linkUserIdentity: async (stage) => {
      const user = await stage.world.user(stage.name('linked'));
      const subject = stage.name('subject');
      return attempt(
        'linkUserIdentity',
        'LinkUserIdentityInput',
        'user { id }',
        { id: idOf('User', user), provider: 'company', subject },
        async () =>
          (await stage.world.db.user.count({
            where: { id: user.id, authMethods: { has: 'OIDC:company' }, identities: { some: { issuer, subject } } },
          })) === 1,
      );
    },
    unlinkUserIdentity: async (stage) => {
      const user = await stage.world.user(stage.name('unlinked'));
      const subject = stage.name('subject');
      await stage.world.db.userIdentity.create({ data: { id: newId(), userId: user.id, issuer, subject } });
      return attempt(
        'unlinkUserIdentity',
        'UnlinkUserIdentityInput',
        'user { id }',
        { id: idOf('User', user), issuer, subject },
        async () => (await stage.world.db.userIdentity.count({ where: { userId: user.id } })) === 0,
      );
    },
  },
};
