import { z } from 'zod';
import type { ApiToken, ServiceAccount, User } from '../../db/generated/client.ts';
import { badInput, notFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { connection } from '../../graphql/connection.ts';
import { connectionType } from '../../graphql/connection-type.ts';
import type { Context } from '../../graphql/context.ts';
import { viewerPermissions } from '../../graphql/guarded.ts';
import { byId, changed, mutation, type PayloadBuilder, type Target } from '../../graphql/mutation.ts';
import { registerNode } from '../../graphql/node.ts';
import { shownOnce } from '../../graphql/replay.ts';
import { description, displayName } from '../rules.ts';
import { decodeSubject } from '../subject-type.ts';
import { assertRoom, createApiToken, type Minted, revokeApiToken, rotateApiToken } from './service.ts';

const ApiTokenRef = builder.prismaNode('ApiToken', {
  description: 'A token that acts as its owner. The token itself is shown once, when it is made.',
  id: { field: 'id' },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What it is called.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it is for.' }),
    prefix: t.exposeString('prefix', { description: 'Its first characters, to tell one from another.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Valid until then, that instant not included; null: for ever.',
    }),
    maxAge: t.expose('maxAgeSeconds', {
      type: 'Duration',
      nullable: true,
      description: 'How long it lives from its making or, if extended, from its last use.',
    }),
    extended: t.exposeBoolean('extended', { description: 'Does its use push its expiry?' }),
    greatestExpiry: t.expose('greatestExpiry', {
      type: 'DateTime',
      nullable: true,
      description: 'Beyond this no use pushes it.',
    }),
    lastUsedAt: t.expose('lastUsedAt', { type: 'DateTime', nullable: true, description: 'Last use, to the minute.' }),
    expired: t.boolean({
      description: 'Is it over by now?',
      resolve: ({ expiresAt }) => expiresAt !== null && expiresAt <= new Date(),
    }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true, description: 'When it was revoked.' }),
    viewerPermissions: viewerPermissions<ApiToken>(t, 'API_TOKEN', ({ tenantId }) => ({
      tenantId: tenantId ?? undefined,
    })),
  }),
});
registerNode({ typename: 'ApiToken', resource: 'API_TOKEN' });

export const ApiTokenConnection = connectionType('ApiToken', ApiTokenRef);

builder.prismaObjectField('User', 'apiTokens', (t) =>
  connection(t, {
    connection: ApiTokenConnection,
    description: 'Their API tokens: for themselves and the instance level.',
    permission: 'API_TOKEN:READ',
    scopes: (_user: User) => ({}),
    model: 'apiToken',
    within: ({ id }) => ({ principalId: id }),
    // A user or service account has the id of its principal.
    relation: { model: 'principal', field: 'tokens' },
  }),
);
builder.prismaObjectField('ServiceAccount', 'apiTokens', (t) =>
  connection(t, {
    connection: ApiTokenConnection,
    description: 'Its API tokens.',
    permission: 'API_TOKEN:READ',
    scopes: ({ tenantId }: ServiceAccount) => ({ tenantId: tenantId ?? undefined }),
    model: 'apiToken',
    within: ({ id }) => ({ principalId: id }),
    // A user or service account has the id of its principal.
    relation: { model: 'principal', field: 'tokens' },
  }),
);

const mayKnow = (user: User, { session }: Context): boolean =>
  user.id === session.principal.id || session.can('USER:READ', { ...user });

/** Tokens of a service account belong to its tenant, those of users to themselves and the instance. */
async function ofOwner(
  owner: string | number | null | undefined,
  context: Context,
): Promise<Target & { owner: { id: string; tenantId: string | null } }> {
  const own =
    owner == null ? { typename: 'User', id: context.session.principal.id } : decodeSubject(owner, ['input', 'owner']);
  if (own.typename === 'Group') throw badInput(['input', 'owner'], 'Groups have no tokens.');
  const principal = await context.db.principal.findFirst({
    where: { id: own.id },
    include: { user: true, serviceAccount: { include: { tenant: true } } },
  });
  // A user who may not be read is as good as none: else the answer would tell which ids there are.
  if (!principal || (principal.user && !mayKnow(principal.user, context))) throw notFound('The object');
  const tenant = principal.serviceAccount?.tenant ?? null;
  return { scope: tenant ? { tenantId: tenant.id } : {}, tenant, owner: { id: own.id, tenantId: tenant?.id ?? null } };
}

const minted = (builderOfField: object) => {
  const t = builderOfField as PayloadBuilder<Minted>;
  return {
    apiToken: t.field({
      type: ApiTokenRef,
      nullable: true,
      description: 'The new token, without its secret.',
      resolve: ({ result }) => result.token,
    }),
    fullToken: t.string({
      nullable: true,
      description:
        'The token itself. It is in this answer only: null in a dry run, and where an idempotencyKey repeats it.',
      ...shownOnce,
      resolve: ({ result, changes }) => (changes === null ? result.fullToken : null),
    }),
  };
};

mutation('createApiToken', {
  description: 'Makes an API token for oneself, or for a service account that one administers.',
  permission: 'API_TOKEN:CREATE',
  input: (t) => ({
    owner: t.id({ description: 'Id of a service account or user. Left out: oneself.' }),
    name: t.string({ required: true, description: 'What it is called.' }),
    description: t.string({ description: 'What it is for.' }),
    maxAge: t.field({ type: 'Duration', description: 'How long it lives; left out: for ever.' }),
    extended: t.boolean({ description: 'Each use pushes the expiry to that moment plus maxAge.' }),
    greatestAge: t.field({
      type: 'Duration',
      description:
        'Where an extended token ends, however much it is used (default: P365D, or maxAge if that is longer).',
    }),
  }),
  rules: z.looseObject({ name: displayName, description }),
  target: ({ owner }, context) => ofOwner(owner, context),
  run: async (tx, grant, input, target, { keys, limits }) => {
    const { owner } = target as Awaited<ReturnType<typeof ofOwner>>;
    await assertRoom(tx, grant, owner.id, limits.ownTokens);
    return createApiToken(tx, grant, keys, owner, input);
  },
  payload: minted,
});

mutation('rotateApiToken', {
  description: 'Makes a new token in the place of one that is still valid; the old one works for an overlap.',
  permission: 'API_TOKEN:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'Which token.' }),
    overlap: t.field({
      type: 'Duration',
      description: 'How long the old one still works (default: P1D, at most P30D).',
    }),
  }),
  rules: z.looseObject({
    overlap: z
      .int()
      .max(30 * 86_400, 'The overlap is at most P30D.')
      .nullish(),
  }),
  target: ({ id }, context) => byId('API_TOKEN', 'ApiToken', id, context),
  run: async (tx, grant, { overlap }, { id }, { keys, limits }) => {
    const row = await tx.apiToken.findUnique({ where: { id: id! }, select: { principalId: true } });
    if (row) await assertRoom(tx, grant, row.principalId, limits.ownTokens, id!);
    return rotateApiToken(tx, grant, keys, id!, overlap ?? 86_400);
  },
  payload: (t) => ({
    ...minted(t),
    previous: t.field({
      type: ApiTokenRef,
      nullable: true,
      description: 'The old token, with its end.',
      resolve: ({ result }) => result.previous,
    }),
  }),
});

mutation('revokeApiToken', {
  description: 'Ends a token at once. Open subscriptions of it end within two seconds.',
  permission: 'API_TOKEN:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'Which token.' }) }),
  target: ({ id }, context) => byId('API_TOKEN', 'ApiToken', id, context),
  run: (tx, grant, _input, { id }) => revokeApiToken(tx, grant, id!),
  payload: (t) => ({
    apiToken: changed(t, ApiTokenRef, 'The revoked token.'),
  }),
});
