import { z } from 'zod';
import type { CeilingPart } from '../../../access/grant.ts';
import type { ApiToken, ServiceAccount, Tenant, User } from '../../../db/generated/client.ts';
import { badInput, notFound } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType } from '../../../graphql/connection/connection-type.ts';
import { loadRow } from '../../../graphql/connection/loaders.ts';
import type { Context } from '../../../graphql/context.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { changed, mutation, type PayloadBuilder } from '../../../graphql/mutation/define.ts';
import { shownOnce } from '../../../graphql/mutation/replay.ts';
import { byId, type Target } from '../../../graphql/mutation/target.ts';
import { nodeTypes, readRow, registerNode } from '../../../graphql/node.ts';
import { grouped, PermissionInput, PermissionRef, toPermissions } from '../../../graphql/permission-input.ts';
import { requiredTenant } from '../../../graphql/scopes.ts';
import { refusal } from '../../../policy/decide/decision.ts';
import { namespaceName } from '../../orchestration/namespace/service.ts';
import { description, displayName } from '../../rules.ts';
import { decodeSubject } from '../subject-type.ts';
import { assertRoom, createApiToken, type Minted, revokeApiToken, rotateApiToken } from './service.ts';

type ShownPart = CeilingPart & { readonly tenant: string | null };
const CeilingRef = builder.objectRef<ShownPart>('TokenCeiling').implement({
  description: 'What a token may do at most in one place, whatever its owner holds.',
  fields: (t) => ({
    tenant: t.exposeString('tenant', { nullable: true, description: 'Key of the tenant; null: the instance level.' }),
    namespace: t.string({
      nullable: true,
      description: 'There and below; null: in the whole tenant.',
      resolve: ({ namespace }) => namespace || null,
    }),
    permissions: t.field({
      type: [PermissionRef],
      description: 'What it allows there.',
      resolve: ({ permissions }) => grouped(permissions),
    }),
  }),
});

/** The parts of a ceiling with the keys of their tenants; those of tenants that the viewer may not see are left out. */
async function shownCeiling({ ceiling }: ApiToken, context: Context) {
  if (ceiling === null) return null;
  const parts = ceiling as unknown as CeilingPart[];
  const ids = [...new Set(parts.flatMap(({ tenantId }) => tenantId ?? []))];
  const reach = await Promise.all(ids.map((id) => loadRow<Tenant>(context, 'tenant', id)));
  const visible = reach.filter(
    (tenant) => tenant && context.session.can('TENANT:READ', { ...tenant }, { tenantId: tenant.id }),
  );
  const keys = new Map(visible.map((tenant) => [tenant!.id, tenant!.key]));
  return parts.flatMap((part): ShownPart[] => {
    if (part.tenantId === null) return [{ ...part, tenant: null }];
    const tenant = keys.get(part.tenantId);
    return tenant === undefined ? [] : [{ ...part, tenant }];
  });
}

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
    maxExpiresAt: t.expose('maxExpiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Beyond this no use pushes it.',
    }),
    lastUsedAt: t.expose('lastUsedAt', { type: 'DateTime', nullable: true, description: 'Last use, to the minute.' }),
    expired: t.boolean({
      description: 'Is it over by now?',
      resolve: ({ expiresAt }) => expiresAt !== null && expiresAt <= new Date(),
    }),
    ceiling: t.field({
      type: [CeilingRef],
      nullable: true,
      description:
        'What it may do at most, whatever its owner comes to hold, as far as the viewer sees the tenants. Null: all that its owner may.',
      resolve: (token, _args, context) => shownCeiling(token, context),
    }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true, description: 'When it was revoked.' }),
    viewerPermissions: viewerPermissions<ApiToken>(t, 'API_TOKEN', ({ tenantId }) => ({
      tenantId: tenantId ?? undefined,
    })),
  }),
});
registerNode({ typename: 'ApiToken', resource: 'API_TOKEN' });

/**
 * Everybody may list their own tokens. To who may list nothing but those, the tokens of another are refused: an empty list
 * would say that there are none. @throws FORBIDDEN.
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
    description: 'Their API tokens: for themselves and the instance level.',
    permission: 'API_TOKEN:READ',
    scopes: (user: User, context) => {
      assertOpen(user, context);
      return {};
    },
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

/** An instance-wide account that the caller may neither read nor make tokens of is as good as none. */
async function mayKnowAccount(id: string, context: Context): Promise<boolean> {
  const { session } = context;
  const type = nodeTypes().find(({ typename }) => typename === 'ServiceAccount')!;
  const isReadable = (await readRow(context, type, id)) !== null;
  return isReadable || session.may('API_TOKEN:CREATE')?.matches({ principalId: id, tenantId: null }) === true;
}

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
  const tenant = principal?.serviceAccount?.tenant ?? null;
  // Who may not be read is as good as none, by as many steps: else the answer would tell which ids there are.
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
        'The token itself. It is in this answer only: null in a dry run, and where an idempotencyKey repeats it.',
      ...shownOnce,
      resolve: ({ result, changes }) => (changes === null ? result.fullToken : null),
    }),
  };
};

const CeilingInput = builder.inputType('TokenCeilingInput', {
  description: 'What a token may do at most in one place.',
  fields: (t) => ({
    tenant: t.string({ description: 'Key of the tenant. Left out: the instance level.' }),
    namespace: t.string({ description: 'There and below. Left out: in the whole tenant.' }),
    permissions: t.field({ type: [PermissionInput], required: true, description: 'What it allows there.' }),
  }),
});

/** @throws BAD_INPUT, NOT_FOUND for a tenant that the caller does not see. */
async function ceilingOf(
  asked: readonly (typeof CeilingInput.$inferInput)[] | null | undefined,
  context: Context,
): Promise<CeilingPart[] | undefined> {
  if (asked == null) return undefined;
  const parts: CeilingPart[] = [];
  for (const [i, { tenant: key, namespace, permissions }] of asked.entries()) {
    const path = ['input', 'ceiling', i];
    if (key == null && namespace != null)
      throw badInput([...path, 'tenant'], 'A namespace belongs to a tenant: name the tenant.');
    const checked = namespace == null ? undefined : namespaceName.safeParse(namespace);
    if (checked?.success === false) throw badInput([...path, 'namespace'], checked.error.issues[0]!.message);
    parts.push({
      tenantId: key == null ? null : (await requiredTenant(context, key)).id,
      namespace: namespace ?? '',
      permissions: toPermissions(permissions, [...path, 'permissions']),
    });
  }
  return parts;
}

mutation('createApiToken', {
  description: 'Makes an API token for oneself, or for a service account that one administers.',
  permission: 'API_TOKEN:CREATE',
  input: (t) => ({
    owner: t.id({ description: 'Id of a service account or user. Left out: oneself.' }),
    name: t.string({ required: true, description: 'What it is called.' }),
    description: t.string({ description: 'What it is for.' }),
    maxAge: t.field({ type: 'Duration', description: 'How long it lives; left out: for ever.' }),
    extended: t.boolean({ description: 'Each use pushes the expiry to that moment plus maxAge.' }),
    maxLifetime: t.field({
      type: 'Duration',
      description:
        'Where an extended token ends, however much it is used: above maxAge (default: P365D, or twice maxAge if that is longer).',
    }),
    ceiling: t.field({
      type: [CeilingInput],
      description:
        'What the token may do at most, whatever its owner comes to hold; an empty list allows nothing. For a token of another it lies within what the caller holds, and so it does for a token that is made by one with a ceiling. Left out: no ceiling for a token of oneself, and what the caller holds for a token of another.',
    }),
  }),
  rules: z.looseObject({ name: displayName, description }),
  target: ({ owner }, context) => ofOwner(owner, context),
  prepare: async ({ ceiling }, _target, context) => ({ parts: await ceilingOf(ceiling, context) }),
  run: async (tx, grant, { parts, ...input }, target, { keys, limits }) => {
    const { owner } = target as Awaited<ReturnType<typeof ofOwner>>;
    await assertRoom(tx, grant, owner.id, limits.ownTokens);
    return createApiToken(tx, grant, keys, owner, { ...input, ceiling: parts });
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
    const row = await tx.apiToken.findUnique({ where: { id }, select: { principalId: true } });
    if (row) await assertRoom(tx, grant, row.principalId, limits.ownTokens, id);
    return rotateApiToken(tx, grant, keys, id, overlap ?? 86_400);
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
  run: (tx, grant, _input, { id }) => revokeApiToken(tx, grant, id),
  payload: (t) => ({
    apiToken: changed(t, ApiTokenRef, 'The revoked token.'),
  }),
});
