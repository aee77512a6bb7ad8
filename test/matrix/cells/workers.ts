import type { Worker, WorkerGroup } from '../../../src/db/generated/client.ts';
import { newId } from '../../../src/lib/ids.ts';
import { idOf } from '../../support/world.ts';
import { type Attempting, attempt } from '../attempt.ts';
import type { Stage } from '../stage.ts';
import { data, node, type Reading } from '../ways.ts';

const newGroup = (stage: Stage): Promise<WorkerGroup> =>
  stage.world.db.workerGroup.create({ data: { id: newId(), key: stage.name('group') } });
const workerOf = async (stage: Stage, state = 'RUNNING'): Promise<Worker> => {
  const serviceId = await stage.service();
  return stage.world.db.worker.update({ where: { serviceId }, data: { state } });
};

export const mutations: Record<string, Record<string, Attempting>> = {
  'WORKER_GROUP:CREATE': {
    createWorkerGroup: async (stage) => {
      const key = stage.name('group');
      return attempt(
        'createWorkerGroup',
        'CreateWorkerGroupInput',
        'workerGroup { id }',
        { key },
        async () => (await stage.world.db.workerGroup.count({ where: { key } })) === 1,
      );
    },
  },
  'WORKER_GROUP:UPDATE': {
    updateWorkerGroup: async (stage) => {
      const { id } = await newGroup(stage);
      return attempt(
        'updateWorkerGroup',
        'UpdateWorkerGroupInput',
        'workerGroup { id }',
        { id: idOf('WorkerGroup', { id }), description: 'x' },
        async () => (await stage.world.db.workerGroup.count({ where: { id, description: 'x' } })) === 1,
      );
    },
  },
  'WORKER_GROUP:DELETE': {
    deleteWorkerGroup: async (stage) => {
      const { id } = await newGroup(stage);
      return attempt(
        'deleteWorkerGroup',
        'DeleteWorkerGroupInput',
        'deletedId',
        { id: idOf('WorkerGroup', { id }) },
        async () => (await stage.world.db.workerGroup.count({ where: { id } })) === 0,
      );
    },
  },
  'WORKER:CREATE': {
    registerService: async (stage) => {
      const serviceId = stage.name('service');
      return attempt(
        'registerService',
        'RegisterServiceInput',
        'worker { id }',
        { serviceId, type: 'WORKER' },
        async () => (await stage.world.db.worker.count({ where: { serviceId } })) === 1,
      );
    },
  },
  'WORKER:UPDATE': {
    heartbeat: async (stage) => {
      const service = await stage.service();
      return attempt(
        'heartbeat',
        'HeartbeatInput',
        'worker { state }',
        { serviceId: service, state: 'MAINTENANCE', sequence: '1' },
        async () => (await stage.world.db.worker.count({ where: { serviceId: service, state: 'MAINTENANCE' } })) === 1,
      );
    },
    reportPlugins: async (stage) => {
      const type = stage.name('type');
      return attempt(
        'reportPlugins',
        'ReportPluginsInput',
        'stored',
        { serviceId: await stage.service(), plugins: [{ type }] },
        async () => (await stage.world.db.plugin.count({ where: { type } })) === 1,
      );
    },
  },
  'WORKER:DELETE': {
    deleteWorker: async (stage) => {
      const { id } = await workerOf(stage, 'INACTIVE');
      return attempt(
        'deleteWorker',
        'DeleteWorkerInput',
        'deletedId',
        { id: idOf('Worker', { id }) },
        async () => (await stage.world.db.worker.count({ where: { id } })) === 0,
      );
    },
  },
};

let worker: Promise<Worker> | undefined;
const seen = (stage: Stage): Promise<Worker> => (worker ??= workerOf(stage));
let group: Promise<WorkerGroup> | undefined;
const taken = (stage: Stage): Promise<WorkerGroup> => (group ??= newGroup(stage));
const byNode = (typename: string, row: (stage: Stage) => Promise<{ id: string }>): Reading => ({
  way: 'node',
  sees: async (client, stage) => {
    const id = idOf(typename, await row(stage));
    return node(() => id).sees(client, stage);
  },
});

export const reads: Record<string, readonly Reading[]> = {
  WORKER_GROUP: [
    {
      way: 'list',
      sees: async (client, stage) => {
        const { key } = await taken(stage);
        const page = (await data(client, '{ workerGroups(first: 100) { nodes { key } } }'))?.workerGroups;
        return page?.nodes.some((one: any) => one.key === key) ?? false;
      },
    },
    {
      way: 'count',
      sees: async (client, stage) => {
        await taken(stage);
        return ((await data(client, '{ workerGroups { totalCount } }'))?.workerGroups?.totalCount ?? 0) > 0;
      },
    },
    byNode('WorkerGroup', taken),
    {
      way: 'nested',
      sees: async (client, stage) => {
        const { id, key } = await taken(stage);
        const ofTenant = (workerGroupId: string | null) =>
          stage.world.db.tenant.update({ where: { id: stage.a.id }, data: { workerGroupId } });
        await ofTenant(id);
        const answer = await data(client, '{ tenant(key: "a") { workerGroup { key } } }');
        // Other cells claim the work without a group.
        await ofTenant(null);
        return answer?.tenant?.workerGroup?.key === key;
      },
    },
    {
      way: 'nested',
      besides: ['TRIGGER:READ'],
      sees: async (client, stage) => {
        const { key } = await taken(stage);
        const ofTrigger = (workerGroup: string) =>
          stage.world.db.trigger.update({ where: { id: stage.trigger.id }, data: { workerGroup } });
        await ofTrigger(key);
        const query = 'query($id: ID!) { node(id: $id) { ... on Trigger { workerGroup { key } workerGroupKey } } }';
        const found = (await data(client, query, { id: idOf('Trigger', stage.trigger) }))?.node;
        await ofTrigger('');
        // The key is readable with the trigger.
        if (found && found.workerGroupKey !== key) throw new Error('the key of the group is not shown');
        return found?.workerGroup?.key === key;
      },
    },
  ],
  WORKER: [
    {
      way: 'list',
      sees: async (client, stage) => {
        const { serviceId } = await seen(stage);
        const page = (await data(client, '{ workers(first: 100) { nodes { serviceId } } }'))?.workers;
        return page?.nodes.some((one: any) => one.serviceId === serviceId) ?? false;
      },
    },
    {
      way: 'count',
      sees: async (client, stage) => {
        await seen(stage);
        return ((await data(client, '{ workers { totalCount } }'))?.workers?.totalCount ?? 0) > 0;
      },
    },
    byNode('Worker', seen),
    {
      way: 'subscription',
      sees: async (client, stage) => {
        const { id, serviceId } = await seen(stage);
        const end = new AbortController();
        const change = setInterval(async () => {
          await stage.world.db.worker.update({ where: { id }, data: { version: stage.name('v') } });
        }, 100);
        try {
          const items = client.sse<any>('subscription { workers { worker { serviceId } } }', {}, end.signal);
          for await (const { data: item } of items) {
            end.abort();
            return item?.workers?.worker?.serviceId === serviceId;
          }
          return false;
        } finally {
          clearInterval(change);
        }
      },
    },
  ],
};
