import { z } from 'zod';
import { ancestorsOf } from '../../../access/where.ts';
import type { Namespace, Secret } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection, delegate } from '../../../graphql/connection/connection.ts';
import { connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { byId, inTenant } from '../../../graphql/mutation/target.ts';
import { globalId, registerNode } from '../../../graphql/node.ts';
import { escapeLike } from '../../../lib/text.ts';
import { description } from '../../rules.ts';
import { namespaceName } from '../namespace/service.ts';
import { createSecret, deleteSecret, secretKey, secretValue, tags, updateSecret } from './service.ts';

const SecretRef = builder.prismaNode('Secret', {
  description: 'A secret of a namespace, for what runs in it and below. Its value is written and never read.',
  id: { field: 'id' },
  fields: (t) => ({
    key: t.exposeString('key', { description: 'What it is called; unique in its namespace.' }),
    namespace: t.exposeString('namespace', { description: 'Where it is set.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it is for.' }),
    tags: t.field({ type: 'JSON', description: 'Texts by name.', resolve: (secret) => secret.tags }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was added.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
    viewerPermissions: viewerPermissions<Secret>(t, 'SECRET', ({ tenantId }) => ({ tenantId })),
  }),
});
registerNode({ typename: 'Secret', resource: 'SECRET' });

const SecretConnection = connectionType('Secret', SecretRef);
const Where = builder.inputType('SecretWhere', {
  description: 'Which secrets.',
  fields: (t) => ({
    key: t.string({ description: 'Exactly this key.' }),
    text: t.string({ description: 'The key contains this, in any case.' }),
  }),
});
const InheritedSecretRef = builder.objectRef<Secret>('InheritedSecret').implement({
  description: 'A secret in effect, with where it is from.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'What it is called.' }),
    namespace: t.exposeString('namespace', { description: 'The namespace that sets it: this one, or one above it.' }),
  }),
});

builder.prismaObjectFields('Namespace', (t) => ({
  secrets: connection(t, {
    connection: SecretConnection,
    description: 'The secrets of this very namespace: their keys, never their values.',
    permission: 'SECRET:READ',
    scopes: ({ tenantId }: Namespace) => ({ tenantId }),
    model: 'secret',
    within: ({ tenantId, namespace }) => ({ tenantId, namespace }),
    where: {
      input: Where,
      toCondition: ({ key, text }: typeof Where.$inferInput) => ({
        AND: [
          key != null ? { key } : {},
          text != null ? { key: { contains: escapeLike(text), mode: 'insensitive' } } : {},
        ],
      }),
    },
    order: orderBy('Secret', {
      KEY: { column: 'key', description: 'By key.' },
      UPDATED_AT: { column: 'updatedAt', description: 'By the time of the last change.' },
    }),
    defaultOrder: { column: 'key', descending: false },
  }),
  inheritedSecrets: t.field({
    type: [InheritedSecretRef],
    nullable: true,
    description: 'The secrets in effect, of each key the nearest, as far as the viewer may read those above.',
    access: { decides: 'SECRET:READ' },
    resolve: async ({ tenantId, namespace }: Namespace, _args, context) => {
      const { where } = context.session.grant('SECRET:READ', { tenantId });
      const chain = { tenantId, namespace: { in: [...ancestorsOf(namespace), namespace] } };
      const rows = (await delegate(context, 'secret').findMany({
        where: { AND: [chain, where] },
        omit: { sealed: true },
      })) as unknown as Secret[];
      const nearest = new Map<string, Secret>();
      for (const row of rows.sort((a, b) => a.namespace.length - b.namespace.length)) nearest.set(row.key, row);
      return [...nearest.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    },
  }),
}));

const content = { description, tags: tags.nullish() };
const ofSecret = ({ id }: { id: string | number }, context: Parameters<typeof byId>[3]) =>
  byId('SECRET', 'Secret', id, context);

mutation('putSecret', {
  description: 'Adds a secret to a created namespace.',
  permission: 'SECRET:CREATE',
  input: (t) => ({
    tenant: t.string({ required: true, description: 'Key of the tenant.' }),
    namespace: t.string({ required: true, description: 'Full name of the namespace.' }),
    key: t.string({ required: true, description: 'What it is called; unique in its namespace.' }),
    value: t.string({ required: true, description: 'The secret itself. No answer ever holds it.' }),
    description: t.string({ description: 'What it is for.' }),
    tags: t.field({ type: 'JSON', description: 'Texts by name.' }),
  }),
  rules: z.looseObject({ namespace: namespaceName, key: secretKey, value: secretValue, ...content }),
  target: ({ tenant }, context) => inTenant(tenant, context),
  run: (tx, grant, input, { tenant }, { keys }) => createSecret(tx, grant, tenant, keys, input),
  payload: (t) => ({ secret: changed(t, SecretRef, 'The new secret.') }),
});

mutation('updateSecret', {
  description: 'Replaces the value of a secret, or changes what is told of it.',
  permission: 'SECRET:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'Which secret.' }),
    value: t.string({ description: 'The new value; left out: as it is.' }),
    description: t.string({ description: 'New description; null: none.' }),
    tags: t.field({ type: 'JSON', description: 'All its tags; null: none. Left out: as they are.' }),
  }),
  rules: z.looseObject({ value: secretValue.nullish(), ...content }),
  target: (input, context) => ofSecret(input, context),
  run: (tx, grant, input, { tenant, id }, { keys }) => updateSecret(tx, grant, tenant, keys, id, input),
  payload: (t) => ({ secret: changed(t, SecretRef, 'The changed secret.') }),
});

mutation('deleteSecret', {
  description: 'Deletes a secret. Where one of its key is set above, that one is in effect again.',
  permission: 'SECRET:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'Which secret.' }) }),
  target: (input, context) => ofSecret(input, context),
  run: (tx, grant, _input, { tenant, id }) => deleteSecret(tx, grant, tenant, id),
  payload: (t) => ({
    deletedId: t.id({ description: 'The id that is gone.', resolve: ({ result }) => globalId('Secret', result.id) }),
  }),
});
