import type { Announcement } from '../../../src/db/generated/client.ts';
import { newId } from '../../../src/lib/ids.ts';
import { idOf } from '../../support/world.ts';
import { type Attempting, attempt } from '../attempt.ts';
import type { Stage } from '../stage.ts';
import { connection, node, type Reading } from '../ways.ts';

const newAnnouncement = ({ world, a, name }: Stage): Promise<Announcement> =>
  world.db.announcement.create({
    data: { id: newId(), tenantId: a.id, title: name('announcement'), text: 'x', level: 'INFO', from: new Date() },
  });

export const mutations: Record<string, Record<string, Attempting>> = {
  'ANNOUNCEMENT:CREATE': {
    createAnnouncement: async ({ world, name }) => {
      const title = name('announcement');
      return attempt(
        'createAnnouncement',
        'CreateAnnouncementInput',
        'announcement { id }',
        { tenantKey: 'a', title, text: 'x' },
        async () => (await world.db.announcement.count({ where: { title } })) === 1,
      );
    },
  },
  'ANNOUNCEMENT:UPDATE': {
    updateAnnouncement: async (stage) => {
      const { id } = await newAnnouncement(stage);
      return attempt(
        'updateAnnouncement',
        'UpdateAnnouncementInput',
        'announcement { id }',
        { id: idOf('Announcement', { id }), level: 'ALERT' },
        async () => (await stage.world.db.announcement.count({ where: { id, level: 'ALERT' } })) === 1,
      );
    },
  },
  'ANNOUNCEMENT:DELETE': {
    deleteAnnouncement: async (stage) => {
      const { id } = await newAnnouncement(stage);
      return attempt(
        'deleteAnnouncement',
        'DeleteAnnouncementInput',
        'deletedId',
        { id: idOf('Announcement', { id }) },
        async () => (await stage.world.db.announcement.count({ where: { id } })) === 0,
      );
    },
  },
};

let seen: Announcement | undefined;
const id = () => idOf('Announcement', seen!);
const ways: readonly Reading[] = [
  ...connection('announcements', id),
  node(id),
  {
    way: 'subscription',
    sees: async (client, { world }) => {
      const end = new AbortController();
      const change = setInterval(async () => {
        await world.db.announcement.update({ where: { id: seen!.id }, data: { updatedAt: new Date() } });
      }, 100);
      try {
        const items = client.sse<any>('subscription { announcements(tenantKey: "a") { id } }', {}, end.signal);
        for await (const { data: item } of items) {
          end.abort();
          return item?.announcements?.id === id();
        }
        return false;
      } finally {
        clearInterval(change);
      }
    },
  },
];

/** Each way to read, with an announcement that exists before the first cell. */
export const reads: Record<string, readonly Reading[]> = {
  ANNOUNCEMENT: ways.map((reading) => ({
    ...reading,
    sees: async (client, stage) => {
      seen ??= await newAnnouncement(stage);
      return reading.sees(client, stage);
    },
  })),
};
