import type { Session, User } from '../../../src/db/generated/client.ts';
import { newId } from '../../../src/lib/ids.ts';
import { idOf } from '../../support/world.ts';
import { type Attempting, attempt } from '../attempt.ts';
import type { Stage } from '../stage.ts';
import { data, node, type Reading } from '../ways.ts';

const begun = (stage: Stage, user: User): Promise<Session> => {
  const now = new Date();
  const row = { id: newId(), principalId: user.id, hash: newId(), method: 'PASSWORD', createdAt: now, lastSeenAt: now };
  return stage.world.db.session.create({ data: { ...row, expiresAt: new Date(now.getTime() + 3_600_000) } });
};

export const mutations: Record<string, Record<string, Attempting>> = {
  'SESSION:DELETE': {
    revokeSession: async (stage) => {
      const { id } = await begun(stage, await stage.world.user(stage.name('signed-in')));
      return attempt(
        'revokeSession',
        'RevokeSessionInput',
        'deletedId',
        { id: idOf('Session', { id }) },
        async () => (await stage.world.db.session.count({ where: { id } })) === 0,
      );
    },
    revokeSessions: async (stage) => {
      const user = await stage.world.user(stage.name('signed-in'));
      await begun(stage, user);
      await begun(stage, user);
      return attempt(
        'revokeSessions',
        'RevokeSessionsInput',
        'count',
        { user: idOf('User', user) },
        async () => (await stage.world.db.session.count({ where: { principalId: user.id } })) === 0,
      );
    },
  },
};

let session: Promise<Session> | undefined;
async function seen(stage: Stage): Promise<string> {
  session ??= begun(stage, stage.person);
  return idOf('Session', await session);
}
const list =
  'query($user: ID!) { node(id: $user) { ... on User { sessions(first: 100) { totalCount nodes { id } } } } }';
const sessionsOf = async (client: Parameters<Reading['sees']>[0], stage: Stage) =>
  (await data(client, list, { user: idOf('User', stage.person) }))?.node?.sessions;
const allSessions = async (client: Parameters<Reading['sees']>[0]) =>
  (await data(client, '{ sessions(first: 100) { totalCount nodes { id } } }'))?.sessions;

export const reads: Record<string, readonly Reading[]> = {
  SESSION: [
    {
      way: 'list',
      besides: ['TENANT_ACCESS:READ'],
      sees: async (client, stage) => {
        const id = await seen(stage);
        return (await sessionsOf(client, stage))?.nodes.some((one: any) => one.id === id) ?? false;
      },
    },
    {
      way: 'count',
      besides: ['TENANT_ACCESS:READ'],
      sees: async (client, stage) => {
        await seen(stage);
        return ((await sessionsOf(client, stage))?.totalCount ?? 0) > 0;
      },
    },
    {
      way: 'list',
      sees: async (client, stage) => {
        const id = await seen(stage);
        return (await allSessions(client))?.nodes.some((one: any) => one.id === id) ?? false;
      },
    },
    {
      way: 'count',
      sees: async (client, stage) => {
        await seen(stage);
        return ((await allSessions(client))?.totalCount ?? 0) > 0;
      },
    },
    {
      way: 'node',
      sees: async (client, stage) => {
        const id = await seen(stage);
        return node(() => id).sees(client, stage);
      },
    },
  ],
};
