import { z } from 'zod';
import type { CeilingPart } from '../../../access/grant.ts';
import type { ApiToken, ServiceAccount, User } from '../../../db/generated/client.ts';
import { badInput, notFound } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { shownOnce } from '../../../graphql/mutation/replay.ts';
import type { PayloadBuilder } from '../../../graphql/mutation/spec.ts';
import { byId, type Target } from '../../../graphql/mutation/target.ts';
import { nodeTypes, readRow, registerNode } from '../../../graphql/node.ts';
import { PermissionInput, toPermissions } from '../../../graphql/permission-input.ts';
import { requiredTenant } from '../../../graphql/scopes.ts';
import { refusal } from '../../../policy/decide/decision.ts';
import { namespaceName } from '../../orchestration/namespace/service.ts';
import { description, displayName } from '../../rules.ts';
import { decodeSubject, readSubject, Subject, subjectOfPrincipal } from '../subject-type.ts';
import { CeilingRef, shownCeiling } from './ceiling-type.ts';
import { assertRoom, createApiToken, type Minted, revokeApiToken, rotateApiToken, withinUserLimit } from './service.ts';

const ApiTokenRef = builder.prismaNode('ApiToken', {
  description: 'A token that acts as its owner. The secret is shown once, on creation.',
  id: { field: 'id' },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name.' }),
    description: t.exposeString('description', { nullable: true, description: 'The description.' }),
    prefix: t.exposeString('prefix', { description: 'First characters of the token, to identify it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it expires, exclusive; null if it never expires.',
    }),
    maxAge: t.expose('maxAgeSeconds', {
      type: 'Duration',
      nullable: true,
      description: 'Lifetime from creation or, if extended, from the last use.',
    }),
    extended: t.exposeBoolean('extended', { description: 'True if each use extends the expiry.' }),
    maxExpiresAt: t.expose('maxExpiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Latest possible expiry of an extended token.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Time of the last use, to the minute.',
    }),
    expired: t.boolean({
      description: 'True if the token is expired.',
      resolve: ({ expiresAt }) => expiresAt !== null && expiresAt <= new Date(),
    }),
    ceiling: t.field({
      type: [CeilingRef],
      nullable: true,
      description:
        "Max permissions of the token, regardless of its owner's permissions. Tenants that the viewer cannot see are omitted. Null if there is no ceiling.",
      resolve: (token, _args, context) => shownCeiling(token, context),
    }),
    owner: t.field({
      type: Subject,
      nullable: true,
      select: { principalId: true, tenantId: true },
      description: 'The user or service account as whom it acts. Null if the viewer cannot read them.',
      resolve: async ({ principalId, tenantId }, _args, context) =>
        readSubject(context, await subjectOfPrincipal(context, principalId), tenantId) as Promise<{
          id: string;
        } | null>,
    }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true, description: 'When it was revoked.' }),
    viewerPermissions: viewerPermissions<ApiToken>(t, 'API_TOKEN', ({ tenantId }) => ({
      tenantId: tenantId ?? undefined,
    })),
  }),
});
registerNode({ typename: 'ApiToken', resource: 'API_TOKEN' });

/**
 * Every caller can list their own tokens. A caller who can list only those is refused the tokens of others: an empty
 * list would claim that none exist. @throws FORBIDDEN.
 */
function assertOpen({ id }: User, { session }: Context): void {
  const own = session.principal.id;
  const grant = session.may('API_TOKEN:READ');
  const ofOne = (principalId: string) => grant?.matches({ principalId, tenantId: null }) === true;
  if (id !== own && ofOne(own) && !ofOne(id)) throw refusal(session.decide('API_TOKEN:READ'));
}

export const ApiTokenConnection = connectionType('ApiToken', ApiTokenRef);

builder.prismaObjectField('User', 'apiTokens', (t) =>
  connection(t, {
    connection: ApiTokenConnection,
    description: 'API tokens of the user: personal and at the instance level.',
    permission: 'API_TOKEN:READ',
    scopes: (user: User, context) => {
      assertOpen(user, context);
      return {};
    },
    model: 'ApiToken',
    within: ({ id }) => ({ principalId: id }),
    // The ID of a user or service account is the ID of its principal.
  }),
);
builder.prismaObjectField('ServiceAccount', 'apiTokens', (t) =>
  connection(t, {
    connection: ApiTokenConnection,
    description: 'API tokens of the service account.',
    permission: 'API_TOKEN:READ',
    scopes: ({ tenantId }: ServiceAccount) => ({ tenantId: tenantId ?? undefined }),
    model: 'ApiToken',
    within: ({ id }) => ({ principalId: id }),
    // The ID of a user or service account is the ID of its principal.
  }),
);

const mayKnow = (user: User, { session }: Context): boolean =>
  user.id === session.principal.id || session.can('USER:READ', { ...user });

/** An instance-wide account is hidden if the caller can neither read it nor create its tokens. */
async function mayKnowAccount(id: string, context: Context): Promise<boolean> {
  const { session } = context;
  const type = nodeTypes().find(({ typename }) => typename === 'ServiceAccount')!;
  const isReadable = (await readRow(context, type, id)) !== null;
  return isReadable || session.may('API_TOKEN:CREATE')?.matches({ principalId: id, tenantId: null }) === true;
}

/** Tokens of a service account belong to its tenant. Tokens of users belong to the user and the instance. */
async function ofOwner(
  owner: string | number | null | undefined,
  context: Context,
): Promise<Target & { owner: { id: string; tenantId: string | null } }> {
  const own =
    owner == null ? { typename: 'User', id: context.session.principal.id } : decodeSubject(owner, ['input', 'owner']);
  if (own.typename === 'Group') throw badInput(['input', 'owner'], 'A group cannot have tokens.');
  const principal = await context.db.principal.findFirst({
    where: { id: own.id },
    include: { user: { include: { homeTenant: true } }, serviceAccount: { include: { tenant: true } } },
  });
  // The administrators of a tenant create tokens for the users who belong to it.
  const home = own.id === context.session.principal.id ? null : principal?.user?.homeTenant;
  const tenant = principal?.serviceAccount?.tenant ?? home ?? null;
  // Unreadable and missing owners take the same number of steps, so that timing does not reveal which IDs exist.
  const isKnown = principal?.user
    ? mayKnow(principal.user, context)
    : tenant || (await mayKnowAccount(own.id, context));
  if (!principal || !isKnown) throw notFound('The object');
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
        'The secret of the token, returned only once. Null in a dry run and when an idempotencyKey repeats the request.',
      ...shownOnce,
      resolve: ({ result, changes }) => (changes === null ? result.fullToken : null),
    }),
  };
};

const CeilingInput = builder.inputType('TokenCeilingInput', {
  description: 'Max permissions of a token in one place.',
  fields: (t) => ({
    tenantKey: t.string({ description: 'Key of the tenant. Omit for the instance level.' }),
    namespaceName: t.string({ description: 'Namespace, including all below it. Omit for the whole tenant.' }),
    permissions: t.field({ type: [PermissionInput], required: true, description: 'Permissions in that place.' }),
  }),
});

/** @throws BAD_INPUT, NOT_FOUND for a tenant that the caller cannot see. */
async function ceilingOf(
  asked: readonly (typeof CeilingInput.$inferInput)[] | null | undefined,
  context: Context,
): Promise<CeilingPart[] | undefined> {
  if (asked == null) return undefined;
  const parts: CeilingPart[] = [];
  for (const [i, { tenantKey, namespaceName: namespace, permissions }] of asked.entries()) {
    const path = ['input', 'ceiling', i];
    if (tenantKey == null && namespace != null)
      throw badInput([...path, 'tenantKey'], 'A namespace requires a tenant. Set tenantKey.');
    const checked = namespace == null ? undefined : namespaceName.safeParse(namespace);
    if (checked?.success === false) throw badInput([...path, 'namespaceName'], checked.error.issues[0]!.message);
    parts.push({
      tenantId: tenantKey == null ? null : (await requiredTenant(context, tenantKey)).id,
      namespace: namespace ?? '',
      permissions: toPermissions(permissions, [...path, 'permissions']),
    });
  }
  return parts;
}

mutation('createApiToken', {
  description: 'Creates an API token for the caller, or for a service account that the caller administers.',
  permission: 'API_TOKEN:CREATE',
  input: (t) => ({
    owner: t.id({ description: 'ID of a service account or user. Omit for the caller.' }),
    name: t.string({ required: true, description: 'The name.' }),
    description: t.string({ description: 'The description.' }),
    maxAge: t.field({
      type: 'Duration',
      description:
        'Lifetime. Omit for a token that never expires. A token of a user that is created in a session then expires after 90 days; `limits.userTokenDays` is the max for tokens of users.',
    }),
    extended: t.boolean({ description: 'True to extend the expiry with each use, to maxAge after that use.' }),
    maxLifetime: t.field({
      type: 'Duration',
      description:
        'Max lifetime of an extended token, regardless of use. Must exceed maxAge. Defaults to P365D, or to twice maxAge if that is longer.',
    }),
    ceiling: t.field({
      type: [CeilingInput],
      description:
        "Max permissions of the token, regardless of its owner's permissions. An empty list allows nothing. For a token of another account, or if the caller's token has a ceiling, it is limited to the caller's permissions. Omit for no ceiling on a token of the caller, and for the caller's permissions on a token of another account.",
    }),
  }),
  rules: z.looseObject({ name: displayName, description }),
  target: ({ owner }, context) => ofOwner(owner, context),
  prepare: async ({ ceiling }, _target, context) => ({ parts: await ceilingOf(ceiling, context) }),
  run: async (tx, grant, { parts, ...input }, target, { keys, limits }) => {
    const { owner } = target as Awaited<ReturnType<typeof ofOwner>>;
    await assertRoom(tx, grant, owner.id, limits.ownTokens);
    const limited = await withinUserLimit(tx, grant, owner.id, input, limits.userTokenDays);
    return createApiToken(tx, grant, keys, owner, { ...limited, ceiling: parts });
  },
  payload: minted,
});

mutation('rotateApiToken', {
  description: 'Replaces a valid token with a new one. The old token works for an overlap.',
  permission: 'API_TOKEN:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the token.' }),
    overlap: t.field({
      type: 'Duration',
      description: 'How long the old token still works. Defaults to P1D, at most P30D.',
    }),
  }),
  rules: z.looseObject({
    overlap: z
      .int()
      .max(30 * 86_400, 'The overlap can be at most P30D.')
      .nullish(),
  }),
  target: ({ id }, context) => byId('API_TOKEN', 'ApiToken', id, context),
  run: async (tx, grant, { overlap }, { id }, { keys, limits }) => {
    const row = await tx.apiToken.findUnique({ where: { id }, select: { principalId: true } });
    if (row) await assertRoom(tx, grant, row.principalId, limits.ownTokens, id);
    return rotateApiToken(tx, grant, keys, id, overlap ?? 86_400, limits.userTokenDays);
  },
  payload: (t) => ({
    ...minted(t),
    previous: t.field({
      type: ApiTokenRef,
      nullable: true,
      description: 'The old token, with its new expiry.',
      resolve: ({ result }) => result.previous,
    }),
  }),
});

mutation('revokeApiToken', {
  description: 'Revokes a token immediately. Its open subscriptions end within two seconds.',
  permission: 'API_TOKEN:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the token.' }) }),
  target: ({ id }, context) => byId('API_TOKEN', 'ApiToken', id, context),
  locksTarget: true,
  run: (tx, grant, _input, { id }) => revokeApiToken(tx, grant, id),
  payload: (t) => ({
    apiToken: changed(t, ApiTokenRef, 'The revoked token.'),
  }),
});
