import type { Banner, KillSwitch } from '../../../src/db/generated/client.ts';
import { newId } from '../../../src/lib/ids.ts';
import { idOf } from '../../support/world.ts';
import { type Attempting, attempt } from '../attempt.ts';
import type { Stage } from '../stage.ts';
import { connection, node, type Reading } from '../ways.ts';

const startsAt = new Date('2090-01-01T00:00:00Z');
export const newSwitch = ({ world, a, name }: Stage): Promise<KillSwitch> =>
  world.db.killSwitch.create({
    data: { id: newId(), tenantId: a.id, title: name('switch'), behavior: 'HOLD', namespace: '', startsAt },
  });
export const newBanner = ({ world, a, name }: Stage): Promise<Banner> =>
  world.db.banner.create({
    data: { id: newId(), tenantId: a.id, message: name('banner'), severity: 'INFO', startsAt },
  });

export const mutations: Record<string, Record<string, Attempting>> = {
  'KILL_SWITCH:CREATE': {
    createKillSwitch: async ({ world, name }) => {
      const title = name('switch');
      return attempt(
        'createKillSwitch',
        'CreateKillSwitchInput',
        'killSwitch { id }',
        { tenantKey: 'a', title, behavior: 'KILL', startsAt },
        async () => (await world.db.killSwitch.count({ where: { title } })) === 1,
      );
    },
  },
  'KILL_SWITCH:UPDATE': {
    updateKillSwitch: async (stage) => {
      const { id } = await newSwitch(stage);
      return attempt(
        'updateKillSwitch',
        'UpdateKillSwitchInput',
        'killSwitch { id }',
        { id: idOf('KillSwitch', { id }), behavior: 'KILL' },
        async () => (await stage.world.db.killSwitch.count({ where: { id, behavior: 'KILL' } })) === 1,
      );
    },
  },
  'KILL_SWITCH:DELETE': {
    deleteKillSwitch: async (stage) => {
      const { id } = await newSwitch(stage);
      return attempt(
        'deleteKillSwitch',
        'DeleteKillSwitchInput',
        'deletedId',
        { id: idOf('KillSwitch', { id }) },
        async () => (await stage.world.db.killSwitch.count({ where: { id } })) === 0,
      );
    },
  },
  'BANNER:CREATE': {
    createBanner: async ({ world, name }) => {
      const message = name('banner');
      return attempt(
        'createBanner',
        'CreateBannerInput',
        'banner { id }',
        { tenantKey: 'a', message },
        async () => (await world.db.banner.count({ where: { message } })) === 1,
      );
    },
  },
  'BANNER:UPDATE': {
    updateBanner: async (stage) => {
      const { id } = await newBanner(stage);
      return attempt(
        'updateBanner',
        'UpdateBannerInput',
        'banner { id }',
        { id: idOf('Banner', { id }), severity: 'ERROR' },
        async () => (await stage.world.db.banner.count({ where: { id, severity: 'ERROR' } })) === 1,
      );
    },
  },
  'BANNER:DELETE': {
    deleteBanner: async (stage) => {
      const { id } = await newBanner(stage);
      return attempt(
        'deleteBanner',
        'DeleteBannerInput',
        'deletedId',
        { id: idOf('Banner', { id }) },
        async () => (await stage.world.db.banner.count({ where: { id } })) === 0,
      );
    },
  },
};

/** Each way to read, with an object that exists before the first cell. */
function existing(ways: readonly Reading[], make: (stage: Stage) => Promise<unknown>): Reading[] {
  let made: Promise<unknown> | undefined;
  return ways.map((reading) => ({
    ...reading,
    sees: async (client, stage) => {
      made ??= make(stage);
      await made;
      return reading.sees(client, stage);
    },
  }));
}
let stop: KillSwitch | undefined;
let banner: Banner | undefined;
const stopId = () => idOf('KillSwitch', stop!);
const bannerId = () => idOf('Banner', banner!);

export const reads: Record<string, readonly Reading[]> = {
  KILL_SWITCH: existing([...connection('killSwitches', stopId), node(stopId)], async (stage) => {
    stop = await newSwitch(stage);
  }),
  BANNER: existing([...connection('banners', bannerId), node(bannerId)], async (stage) => {
    banner = await newBanner(stage);
  }),
};
