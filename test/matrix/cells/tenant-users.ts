import type { User } from '../../../src/db/generated/client.ts';
import { idOf } from '../../support/world.ts';
import { type Attempting, attempt } from '../attempt.ts';
import type { Stage } from '../stage.ts';
import { data, type Reading } from '../ways.ts';

/** A user who belongs to tenant a. */
async function homeUser({ world, a, name }: Stage): Promise<User> {
  const { id } = await world.user(name('home'), [a]);
  return world.db.user.update({ where: { id }, data: { homeTenantId: a.id } });
}

export const mutations: Record<string, Record<string, Attempting>> = {
  'TENANT_USER:CREATE': {
    createUser: async (stage) => {
      const username = stage.name('home');
      await stage.besides('TENANT_ACCESS:CREATE');
      return attempt(
        'createUser',
        'CreateUserInput',
        'user { id }',
        { username, email: `${username}@people.example`, homeTenantKey: 'a' },
        async () => (await stage.world.db.user.count({ where: { username, homeTenantId: stage.a.id } })) === 1,
      );
    },
  },
  'TENANT_USER:UPDATE': {
    updateUser: async (stage) => {
      const { id } = await homeUser(stage);
      return attempt(
        'updateUser',
        'UpdateUserInput',
        'user { id }',
        { id: idOf('User', { id }), firstName: 'Changed' },
        async () => (await stage.world.db.user.count({ where: { id, firstName: 'Changed' } })) === 1,
      );
    },
  },
  'TENANT_USER:DELETE': {
    deleteUser: async (stage) => {
      const { id } = await homeUser(stage);
      return attempt(
        'deleteUser',
        'DeleteUserInput',
        'deletedId',
        { id: idOf('User', { id }) },
        async () => (await stage.world.db.user.count({ where: { id } })) === 0,
      );
    },
  },
};

let seen: Promise<User> | undefined;
const theHomeUser = (stage: Stage): Promise<User> => {
  seen ??= homeUser(stage);
  return seen;
};
export const reads: Record<string, readonly Reading[]> = {
  TENANT_USER: [
    {
      way: 'list',
      sees: async (client, stage) => {
        const { username } = await theHomeUser(stage);
        const list = `{ users(first: 100, where: { username: "${username}" }) { nodes { username disabled } } }`;
        return (await data(client, list))?.users?.nodes.some((one: any) => one.disabled === false) ?? false;
      },
    },
    {
      way: 'node',
      sees: async (client, stage) => {
        const id = idOf('User', await theHomeUser(stage));
        const own = 'query($id: ID!) { node(id: $id) { ... on User { authMethods } } }';
        return (await data(client, own, { id }))?.node?.authMethods?.length > 0;
      },
    },
  ],
};
