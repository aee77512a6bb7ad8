import type { Blueprint } from '../../../src/db/generated/client.ts';
import { newId } from '../../../src/lib/ids.ts';
import { idOf } from '../../support/world.ts';
import { type Attempting, attempt } from '../attempt.ts';
import type { Stage } from '../stage.ts';
import { data, node, type Reading } from '../ways.ts';

const sourceOf = (id: string) => `id: ${id}\nnamespace: company.x\ntasks: [{ id: one, type: io.company.Log }]\n`;
const newBlueprint = (stage: Stage): Promise<Blueprint> => {
  const title = stage.name('blueprint');
  const data = { id: newId(), tenantId: stage.a.id, title, titleKey: title, tags: [title], source: sourceOf('made') };
  return stage.world.db.blueprint.create({ data });
};

export const mutations: Record<string, Record<string, Attempting>> = {
  'BLUEPRINT:CREATE': {
    saveBlueprint: async (stage) => {
      const title = stage.name('blueprint');
      return attempt(
        'saveBlueprint',
        'SaveBlueprintInput',
        'blueprint { id }',
        { tenantKey: 'a', title, source: sourceOf('new') },
        async () => (await stage.world.db.blueprint.count({ where: { title } })) === 1,
      );
    },
  },
  'SETTING:UPDATE': {
    updateTenantSettings: async (stage) => {
      const executionDays = Number(stage.name('9').replace('9-', '')) + 1_000;
      return attempt(
        'updateTenantSettings',
        'UpdateTenantSettingsInput',
        'tenant { id }',
        { tenantKey: 'a', executionDays },
        async () => {
          const { settings } = await stage.world.db.tenant.findUniqueOrThrow({ where: { id: stage.a.id } });
          return (settings as { executionDays?: number }).executionDays === executionDays;
        },
      );
    },
  },
  'BLUEPRINT:DELETE': {
    deleteBlueprint: async (stage) => {
      const { id } = await newBlueprint(stage);
      return attempt(
        'deleteBlueprint',
        'DeleteBlueprintInput',
        'deletedId',
        { id: idOf('Blueprint', { id }) },
        async () => (await stage.world.db.blueprint.count({ where: { id } })) === 0,
      );
    },
  },
  'BLUEPRINT:UPDATE': {
    saveBlueprint: async (stage) => {
      const { id } = await newBlueprint(stage);
      return attempt(
        'saveBlueprint',
        'SaveBlueprintInput',
        'blueprint { id }',
        { tenantKey: 'a', id: idOf('Blueprint', { id }), description: 'x' },
        async () => (await stage.world.db.blueprint.count({ where: { id, description: 'x' } })) === 1,
      );
    },
  },
};

let blueprint: Promise<Blueprint> | undefined;
const seen = (stage: Stage): Promise<Blueprint> => (blueprint ??= newBlueprint(stage));
const list = '{ tenant(key: "a") { blueprints(first: 100, where: { kind: CUSTOM }) { totalCount nodes { id } } } }';

export const reads: Record<string, readonly Reading[]> = {
  SETTING: [
    {
      way: 'get',
      sees: async (client) =>
        typeof (await data(client, '{ tenant(key: "a") { settings { requireExistingNamespace } } }'))?.tenant?.settings
          ?.requireExistingNamespace === 'boolean',
    },
  ],
  STATS: [
    {
      way: 'get',
      sees: async (client) =>
        typeof (await data(client, '{ tenant(key: "a") { stats { executions } } }'))?.tenant?.stats?.executions ===
        'number',
    },
    {
      way: 'count',
      // Holders elsewhere can count there, but see nothing of this tenant.
      besides: ['FLOW:READ', 'GROUP:READ'],
      sees: async (client, stage) => {
        const stats = (await data(client, '{ stats(window: { days: 1 }) { groups } }'))?.stats;
        const { id: tenantId } = stage.a;
        return stats?.groups === (await stage.world.db.group.count({ where: { tenantId } }));
      },
    },
  ],
  BLUEPRINT: [
    {
      way: 'list',
      sees: async (client, stage) => {
        const id = idOf('Blueprint', await seen(stage));
        return (await data(client, list))?.tenant?.blueprints?.nodes.some((one: any) => one.id === id) ?? false;
      },
    },
    {
      way: 'count',
      sees: async (client, stage) => {
        await seen(stage);
        return ((await data(client, list))?.tenant?.blueprints?.totalCount ?? 0) > 0;
      },
    },
    {
      way: 'node',
      sees: async (client, stage) => {
        const id = idOf('Blueprint', await seen(stage));
        return node(() => id).sees(client, stage);
      },
    },
    {
      way: 'nested',
      sees: async (client, stage) => {
        const { tags } = await seen(stage);
        const answer = await data(client, '{ tenant(key: "a") { blueprintTags } }');
        return answer?.tenant?.blueprintTags?.includes(tags[0]) ?? false;
      },
    },
  ],
};
