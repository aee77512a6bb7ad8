import { idOf } from '../../support/world.ts';
import { type Attempting, attempt } from '../attempt.ts';
import type { Stage } from '../stage.ts';
import { nested, node, type Reading } from '../ways.ts';

const keyValue = ({ keyValue: one }: Stage) => idOf('KeyValue', one);

export const reads: Record<string, readonly Reading[]> = {
  KVSTORE: [
    node(keyValue),
    nested(
      ['NAMESPACE:READ'],
      '{ tenant(key: "a") { namespace(name: "company.x") { keyValues(first: 100) { nodes { id } totalCount } } } }',
      (d, s) => d?.tenant?.namespace?.keyValues?.nodes.some((n: any) => n.id === keyValue(s)),
    ),
    nested(
      ['NAMESPACE:READ'],
      '{ tenant(key: "a") { namespace(name: "company.x") { inheritedKeyValues { id } } } }',
      (d, s) => d?.tenant?.namespace?.inheritedKeyValues?.some((n: any) => n.id === keyValue(s)) ?? false,
    ),
  ],
};

export const mutations: Record<string, Record<string, Attempting>> = {
  'KVSTORE:CREATE': {
    setKeyValue: async (stage) => {
      const key = stage.name('k');
      return attempt(
        'setKeyValue',
        'SetKeyValueInput',
        'keyValue { id }',
        { tenantKey: 'a', namespaceName: 'company.x', key, value: 'v' },
        async () => (await stage.world.db.keyValue.count({ where: { key } })) === 1,
      );
    },
  },
  'KVSTORE:UPDATE': {
    setKeyValue: async (stage) => {
      const { key } = await stage.newKeyValue();
      return attempt(
        'setKeyValue',
        'SetKeyValueInput',
        'keyValue { id }',
        { tenantKey: 'a', namespaceName: 'company.x', key, value: 'other' },
        async () => (await stage.world.db.keyValue.count({ where: { key, value: { equals: 'other' } } })) === 1,
      );
    },
  },
  'KVSTORE:DELETE': {
    deleteKeyValue: async (stage) => {
      const one = await stage.newKeyValue();
      return attempt(
        'deleteKeyValue',
        'DeleteKeyValueInput',
        'deletedId',
        { id: idOf('KeyValue', one) },
        async () => (await stage.world.db.keyValue.count({ where: { id: one.id } })) === 0,
      );
    },
  },
};
