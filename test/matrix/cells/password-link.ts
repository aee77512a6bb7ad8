import { idOf } from '../../support/world.ts';
import { type Attempting, attempt } from '../attempt.ts';

export const mutations: Record<string, Record<string, Attempting>> = {
  'USER:UPDATE': {
    createPasswordLink: async (stage) => {
      const user = await stage.world.user(stage.name('forgetful'));
      return attempt(
        'createPasswordLink',
        'CreatePasswordLinkInput',
        'link',
        { id: idOf('User', user) },
        async () =>
          (await stage.world.db.passwordLink.count({ where: { userId: user.id, hash: { not: null } } })) === 1,
      );
    },
  },
};
