import { z } from 'zod';
import type { Banner, Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { type Condition, connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { rows } from '../../../graphql/connection/reach.ts';
import type { Context } from '../../../graphql/context.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { byId, inTenantOrInstance } from '../../../graphql/mutation/target.ts';
import { globalId, registerNode } from '../../../graphql/node.ts';
import { ServerInfoRef } from '../../../graphql/server-info-ref.ts';
import { optionalTenantFields } from '../../../graphql/tenant-fields.ts';
import { during } from '../../period.ts';
import { createBanner, deleteBanner, type Severity, severities, updateBanner } from './service.ts';

const SeverityEnum = builder.enumType('BannerSeverity', {
  description: 'Severity of a banner.',
  values: Object.fromEntries(
    Object.entries(severities).map(([name, description]) => [name, { description }]),
  ) as Record<Severity, { description: string }>,
});

const BannerRef = builder.prismaNode('Banner', {
  description: 'A message to all users of a tenant, or of the instance, for some time.',
  id: { field: 'id' },
  fields: (t) => ({
    message: t.exposeString('message', { description: 'The message.' }),
    severity: t.field({
      type: SeverityEnum,
      description: 'The severity.',
      resolve: ({ severity }) => severity as Severity,
    }),
    startsAt: t.expose('startsAt', { type: 'DateTime', description: 'Since when it is shown.' }),
    endsAt: t.expose('endsAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when it is shown; null for no end.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
    ...optionalTenantFields<Banner>(t),
    viewerPermissions: viewerPermissions<Banner>(t, 'BANNER', ({ tenantId }) => ({ tenantId: tenantId ?? undefined })),
  }),
});
registerNode({ typename: 'Banner', resource: 'BANNER' });

const Where = builder.inputType('BannerWhere', {
  description: 'Filter for banners.',
  fields: (t) => ({
    at: t.field({ type: 'DateTime', description: 'Only banners that are shown at this time.' }),
    severity: t.field({ type: [SeverityEnum], description: 'Any of these severities.' }),
  }),
});
const list = {
  connection: connectionType('Banner', BannerRef),
  permission: 'BANNER:READ',
  model: 'Banner',
  where: {
    input: Where,
    toCondition: ({ at, severity }: typeof Where.$inferInput): Condition => ({
      AND: [at != null ? during(at) : {}, severity != null ? { severity: { in: severity } } : {}],
    }),
  },
  order: orderBy('Banner', { STARTS_AT: { column: 'startsAt', description: 'By the time since when it is shown.' } }),
  defaultOrder: { column: 'startsAt', descending: true },
} as const;

const maxActive = 20;
const active = (context: Context, tenants: readonly (string | null)[]): Promise<Banner[]> =>
  rows(context).find({
    model: 'Banner',
    where: { AND: [{ OR: tenants.map((tenantId) => ({ tenantId })) }, during(new Date())] },
    order: [['startsAt', 'desc']],
    take: maxActive,
  }) as Promise<unknown> as Promise<Banner[]>;

builder.prismaObjectFields('Tenant', (t) => ({
  banners: connection(t, {
    ...list,
    description: 'Banners of the tenant, the newest first.',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    within: ({ id }) => ({ tenantId: id }),
  }),
  activeBanners: t.field({
    type: [BannerRef],
    description: `Banners of the tenant and the instance that are shown now, to everyone with access to the tenant: the newest ${maxActive}.`,
    resolve: ({ id }: Tenant, _args, context) => active(context, [id, null]),
  }),
}));
builder.queryField('instanceBanners', (t) =>
  connection(t, {
    ...list,
    description: 'Banners of the instance, the newest first.',
    scopes: () => ({}),
    within: () => ({ tenantId: null }),
    nullable: true,
  }),
);
builder.objectField(ServerInfoRef, 'activeBanners', (t) =>
  t.field({
    type: [BannerRef],
    description: `Banners of the instance that are shown now: the newest ${maxActive}.`,
    resolve: (_info, _args, context) => active(context, [null]),
  }),
);

const message = z
  .string()
  .trim()
  .min(1, 'A message cannot be empty.')
  .max(2_000, 'A message can have at most 2,000 characters.');
const ofBanner = ({ id }: { id: string | number }, context: Context) => byId('BANNER', 'Banner', id, context);

mutation('createBanner', {
  description: 'Creates a banner.',
  permission: 'BANNER:CREATE',
  input: (t) => ({
    tenantKey: t.string({
      description: 'Key of the tenant. Omit for a banner of the instance, which only a super admin can create.',
    }),
    message: t.string({ required: true, description: 'The message, at most 2,000 characters.' }),
    severity: t.field({ type: SeverityEnum, description: 'The severity. Defaults to INFO.' }),
    startsAt: t.field({ type: 'DateTime', description: 'Since when it is shown. Defaults to now.' }),
    endsAt: t.field({ type: 'DateTime', description: 'Until when it is shown. Omit for no end.' }),
  }),
  rules: z.looseObject({ message }),
  target: ({ tenantKey }, context) => inTenantOrInstance(tenantKey, context),
  run: (tx, grant, input, { tenant }) => createBanner(tx, grant, tenant, input),
  payload: (t) => ({ banner: changed(t, BannerRef, 'The new banner.') }),
});

mutation('updateBanner', {
  description: 'Updates a banner. An omitted field is unchanged.',
  permission: 'BANNER:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the banner.' }),
    message: t.string({ description: 'The new message.' }),
    severity: t.field({ type: SeverityEnum, description: 'The new severity.' }),
    startsAt: t.field({ type: 'DateTime', description: 'Since when it is shown.' }),
    endsAt: t.field({ type: 'DateTime', description: 'Until when it is shown; null for no end.' }),
  }),
  rules: z.looseObject({ message: message.nullish() }),
  target: (input, context) => ofBanner(input, context),
  locksTarget: true,
  run: (tx, grant, input, { tenant, id }) => updateBanner(tx, grant, tenant, id, input),
  payload: (t) => ({ banner: changed(t, BannerRef, 'The updated banner.') }),
});

mutation('deleteBanner', {
  description: 'Deletes a banner.',
  permission: 'BANNER:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the banner.' }) }),
  target: (input, context) => ofBanner(input, context),
  locksTarget: true,
  run: (tx, grant, _input, { tenant, id }) => deleteBanner(tx, grant, tenant, id),
  payload: (t) => ({
    deletedId: t.id({
      description: 'ID of the deleted object.',
      resolve: ({ result }) => globalId('Banner', result.id),
    }),
  }),
});
