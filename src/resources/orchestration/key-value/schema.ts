import { z } from 'zod';
import type { KeyValue, Namespace } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { type Condition, connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { anyCondition, nothing, rows } from '../../../graphql/connection/reach.ts';
import type { Context } from '../../../graphql/context.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { byId, inTenant } from '../../../graphql/mutation/target.ts';
import { globalId, registerNode } from '../../../graphql/node.ts';
import { tenantFields } from '../../../graphql/tenant-fields.ts';
import { escapeLike } from '../../../lib/text.ts';
import { description } from '../../rules.ts';
import { inChainOf, nearest } from '../namespace/inherited.ts';
import { namespaceName } from '../namespace/service.ts';
import {
  deleteKeyValue,
  type KeyValueGrants,
  type KeyValueType,
  keyRule,
  live,
  setKeyValue,
  types,
  valueRule,
} from './service.ts';

const TypeEnum = builder.enumType('KeyValueType', {
  description: 'Type of a value.',
  values: Object.fromEntries(
    Object.entries(types).map(([name, { text }]) => [name, { description: text }]),
  ) as unknown as Record<KeyValueType, { description: string }>,
});
const KeyValueRef = builder.prismaNode('KeyValue', {
  description: 'A value of a namespace that flows read and write. Unlike a secret, it can be read.',
  id: { field: 'id' },
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Key, unique in the namespace.' }),
    namespaceName: t.exposeString('namespace', { description: 'Full name of its namespace.' }),
    ...tenantFields<KeyValue>(t),
    kind: t.field({
      type: TypeEnum,
      description: 'Type of the value.',
      resolve: ({ type }) => type as KeyValueType,
    }),
    value: t.field({ type: 'JSON', description: 'The value.', resolve: ({ value }) => value }),
    description: t.exposeString('description', { nullable: true, description: 'The description.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it expires; null if never.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last set.' }),
    viewerPermissions: viewerPermissions<KeyValue>(t, 'KVSTORE', ({ tenantId }) => ({ tenantId })),
  }),
});
registerNode({
  typename: 'KeyValue',
  resource: 'KVSTORE',
  async find(context, id) {
    const place = await rows(context).first('KeyValue', { id }, ['tenantId']);
    const tenantId = (place?.['tenantId'] as string | undefined) ?? '';
    const grant = context.session.may('KVSTORE:READ', { tenantId });
    const row = await rows(context).first('KeyValue', {
      AND: [{ id }, live(), (grant?.where as Condition) ?? nothing],
    });
    return row ?? null;
  },
});

const Where = builder.inputType('KeyValueWhere', {
  description: 'Filter for key-value pairs.',
  fields: (t) => ({
    key: t.string({ description: 'Exactly this key.' }),
    text: t.string({ description: 'Case-insensitive search in the key and the description.' }),
  }),
});
const contains = (column: string, text: string) => ({ [column]: { contains: escapeLike(text), mode: 'insensitive' } });

builder.prismaObjectFields('Namespace', (t) => ({
  keyValues: connection(t, {
    connection: connectionType('KeyValue', KeyValueRef),
    description: 'Key-value pairs of exactly this namespace that have not expired.',
    permission: 'KVSTORE:READ',
    scopes: ({ tenantId }: Namespace) => ({ tenantId }),
    model: 'KeyValue',
    within: ({ tenantId, namespace }) => ({ AND: [{ tenantId, namespace }, live()] }),
    where: {
      input: Where,
      toCondition: ({ key, text }: typeof Where.$inferInput) => ({
        AND: [
          key != null ? { key } : {},
          text != null ? { OR: [contains('key', text), contains('description', text)] } : {},
        ],
      }),
    },
    order: orderBy('KeyValue', {
      KEY: { column: 'key', description: 'By key.' },
      UPDATED_AT: { column: 'updatedAt', description: 'By the time it was last set.' },
      EXPIRES_AT: { column: 'expiresAt', description: 'By expiry; those that never expire are last.' },
    }),
    defaultOrder: { column: 'key', descending: false },
  }),
  inheritedKeyValues: t.field({
    type: [KeyValueRef],
    nullable: true,
    description:
      'Key-value pairs in effect: for each key the nearest one. Includes those of ancestors that the viewer can read.',
    access: { decides: 'KVSTORE:READ' },
    resolve: async (namespace: Namespace, _args, context) => {
      const { where } = context.session.grant('KVSTORE:READ', { tenantId: namespace.tenantId });
      const all = { AND: [inChainOf(namespace), live(), where] };
      return nearest((await rows(context).find({ model: 'KeyValue', where: all })) as unknown as KeyValue[]);
    },
  }),
}));

const setting = ['KVSTORE:CREATE', 'KVSTORE:UPDATE'] as const;
const grantsOf = ({ session }: Context, tenantId: string): KeyValueGrants => ({
  create: session.may('KVSTORE:CREATE', { tenantId }),
  update: session.may('KVSTORE:UPDATE', { tenantId }),
});

mutation('setKeyValue', {
  description:
    'Creates a key-value pair in a created namespace, or replaces it. An existing key requires KVSTORE:UPDATE.',
  permission: 'KVSTORE:CREATE' as (typeof setting)[number],
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    namespaceName: t.string({ required: true, description: 'Full name of the namespace.' }),
    key: t.string({ required: true, description: 'Key, unique in the namespace.' }),
    value: t.field({ type: 'JSON', required: true, description: 'The value, at most 256 kB.' }),
    kind: t.field({ type: TypeEnum, description: 'Type of the value. Defaults to that of the given value.' }),
    description: t.string({ description: 'The description. Omit to keep it; null clears it.' }),
    expiresIn: t.field({ type: 'Duration', description: 'Time until it expires. Omit for no expiry.' }),
  }),
  rules: z.looseObject({
    namespaceName,
    key: keyRule,
    value: valueRule,
    description,
    expiresIn: z.number().positive('The time until it expires must be positive.').nullish(),
  }),
  alternatives: setting,
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  /** KVSTORE:UPDATE if the caller can see that the key exists, else KVSTORE:CREATE. */
  async choose({ namespaceName: namespace, key }, { tenant }, { session, db }) {
    const reach = (['KVSTORE:READ', 'KVSTORE:UPDATE'] as const).flatMap((permission): Condition[] => {
      const grant = session.may(permission, { tenantId: tenant.id });
      return grant ? [grant.where as Condition] : [];
    });
    const where = { AND: [{ tenantId: tenant.id, namespace, key }, live(), anyCondition(reach) ?? nothing] };
    return (await db.keyValue.count({ where: where as never })) > 0 ? 'KVSTORE:UPDATE' : 'KVSTORE:CREATE';
  },
  run: (tx, { permission }, { namespaceName: namespace, kind, ...input }, { tenant }, context) => {
    const { create, update } = grantsOf(context, tenant.id);
    // Another grant than the one that was decided with would be recorded as unused.
    const grants = permission === 'KVSTORE:UPDATE' ? { update } : { create };
    return setKeyValue(tx, grants, tenant, { ...input, value: input.value, namespace, type: kind });
  },
  payload: (t) => ({ keyValue: changed(t, KeyValueRef, 'The key-value pair.') }),
});

mutation('deleteKeyValue', {
  description: 'Deletes a key-value pair. If an ancestor sets the same key, that one is in effect again.',
  permission: 'KVSTORE:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the key-value pair.' }) }),
  target: ({ id }, context) => byId('KVSTORE', 'KeyValue', id, context),
  locksTarget: true,
  run: (tx, grant, _input, { tenant, id }) => deleteKeyValue(tx, grant, tenant, id),
  payload: (t) => ({
    deletedId: t.id({
      description: 'ID of the deleted object.',
      resolve: ({ result }) => globalId('KeyValue', result.id),
    }),
  }),
});
