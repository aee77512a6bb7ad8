import { z } from 'zod';
import { ancestorsOf } from '../../../access/where.ts';
import type { Namespace, Secret, Tenant } from '../../../db/generated/client.ts';
import { columnsWithout } from '../../../db/rows/model.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { loadRow } from '../../../graphql/connection/loaders.ts';
import { rows } from '../../../graphql/connection/reach.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { byId, inTenant } from '../../../graphql/mutation/target.ts';
import { globalId, registerNode } from '../../../graphql/node.ts';
import { tenantFields } from '../../../graphql/tenant-fields.ts';
import { escapeLike } from '../../../lib/text.ts';
import { description } from '../../rules.ts';
import { inChainOf, nearest } from '../namespace/inherited.ts';
import { namespaceName } from '../namespace/service.ts';
import { createSecret, deleteSecret, secretKey, secretValue, tags, updateSecret } from './service.ts';

const SecretRef = builder.prismaNode('Secret', {
  description:
    'A secret of a namespace, available to the flows in it and below. Its value can be written but not read.',
  id: { field: 'id' },
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Key, unique in the namespace.' }),
    namespaceName: t.exposeString('namespace', { description: 'Full name of its namespace.' }),
    ...tenantFields<Secret>(t),
    description: t.exposeString('description', { nullable: true, description: 'The description.' }),
    tags: t.field({ type: 'JSON', description: 'Tags: text values by name.', resolve: (secret) => secret.tags }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
    viewerPermissions: viewerPermissions<Secret>(t, 'SECRET', ({ tenantId }) => ({ tenantId })),
  }),
});
registerNode({ typename: 'Secret', resource: 'SECRET' });

const SecretConnection = connectionType('Secret', SecretRef);
const Where = builder.inputType('SecretWhere', {
  description: 'Filter for secrets.',
  fields: (t) => ({
    key: t.string({ description: 'Exactly this key.' }),
    text: t.string({ description: 'Case-insensitive search in the key.' }),
  }),
});
interface External {
  readonly key: string;
  readonly namespace: string;
  readonly backend: string;
}
const ExternalSecretRef = builder.objectRef<External>('ExternalSecret').implement({
  description: 'A secret that a backend of the orchestrator holds. Read-only: Gatehouse knows its name from a setting.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The key.' }),
    namespaceName: t.exposeString('namespace', { description: 'The namespace that has it: this one or an ancestor.' }),
    backend: t.exposeString('backend', { description: 'Name of the backend.' }),
  }),
});
const maxExternal = 1_000;

const InheritedSecretRef = builder.objectRef<Secret>('InheritedSecret').implement({
  description: 'A secret in effect, with its origin.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The key.' }),
    namespaceName: t.exposeString('namespace', { description: 'The namespace that sets it: this one or an ancestor.' }),
  }),
});

builder.prismaObjectFields('Namespace', (t) => ({
  secrets: connection(t, {
    connection: SecretConnection,
    description: 'Secrets of exactly this namespace: keys only, without values.',
    permission: 'SECRET:READ',
    scopes: ({ tenantId }: Namespace) => ({ tenantId }),
    model: 'Secret',
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
    description:
      'Secrets in effect: for each key the nearest one. Includes those of ancestors that the viewer can read.',
    access: { decides: 'SECRET:READ' },
    resolve: async (namespace: Namespace, _args, context) => {
      const { where } = context.session.grant('SECRET:READ', { tenantId: namespace.tenantId });
      const columns = columnsWithout('Secret', 'sealed');
      const all = { AND: [inChainOf(namespace), where] };
      return nearest((await rows(context).find({ model: 'Secret', where: all, columns })) as unknown as Secret[]);
    },
  }),
  externalSecrets: t.field({
    type: [ExternalSecretRef],
    nullable: true,
    description: `Secrets of this namespace and its ancestors in other backends, as the setting \`externalSecrets\` of the gateway lists them: at most ${maxExternal}, by key.`,
    access: { decides: 'SECRET:READ' },
    resolve: async ({ tenantId, namespace }: Namespace, _args, context) => {
      const grant = context.session.grant('SECRET:READ', { tenantId });
      const tenant = await loadRow<Tenant>(context, 'Tenant', tenantId);
      const chain = new Set([...ancestorsOf(namespace), namespace]);
      return context.externalSecrets
        .filter((one) => one.tenant === tenant?.key && chain.has(one.namespace))
        .flatMap(({ backend, namespace: own, keys }) => keys.map((key) => ({ key, backend, namespace: own })))
        .filter((one) => grant.matches({ tenantId, namespace: one.namespace, key: one.key }))
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .slice(0, maxExternal);
    },
  }),
}));

const content = { description, tags: tags.nullish() };
const ofSecret = ({ id }: { id: string | number }, context: Parameters<typeof byId>[3]) =>
  byId('SECRET', 'Secret', id, context);

mutation('putSecret', {
  description: 'Creates a secret in a created namespace.',
  permission: 'SECRET:CREATE',
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    namespaceName: t.string({ required: true, description: 'Full name of the namespace.' }),
    key: t.string({ required: true, description: 'Key, unique in the namespace.' }),
    value: t.string({ required: true, description: 'Value of the secret. It is never returned.' }),
    description: t.string({ description: 'The description.' }),
    tags: t.field({ type: 'JSON', description: 'Tags: text values by name.' }),
  }),
  rules: z.looseObject({ namespaceName, key: secretKey, value: secretValue, ...content }),
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  run: (tx, grant, { namespaceName: namespace, ...input }, { tenant }, { keys }) =>
    createSecret(tx, grant, tenant, keys, { ...input, namespace }),
  payload: (t) => ({ secret: changed(t, SecretRef, 'The new secret.') }),
});

mutation('updateSecret', {
  description: 'Updates the value, description or tags of a secret.',
  permission: 'SECRET:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the secret.' }),
    value: t.string({ description: 'New value. Omit to keep it.' }),
    description: t.string({ description: 'New description; null clears it.' }),
    tags: t.field({ type: 'JSON', description: 'All tags. Omit to keep them; null clears them.' }),
  }),
  rules: z.looseObject({ value: secretValue.nullish(), ...content }),
  target: (input, context) => ofSecret(input, context),
  locksTarget: true,
  run: (tx, grant, input, { tenant, id }, { keys }) => updateSecret(tx, grant, tenant, keys, id, input),
  payload: (t) => ({ secret: changed(t, SecretRef, 'The updated secret.') }),
});

mutation('deleteSecret', {
  description: 'Deletes a secret. If an ancestor sets the same key, that secret is in effect again.',
  permission: 'SECRET:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the secret.' }) }),
  target: (input, context) => ofSecret(input, context),
  run: (tx, grant, _input, { tenant, id }) => deleteSecret(tx, grant, tenant, id),
  payload: (t) => ({
    deletedId: t.id({
      description: 'ID of the deleted object.',
      resolve: ({ result }) => globalId('Secret', result.id),
    }),
  }),
});
