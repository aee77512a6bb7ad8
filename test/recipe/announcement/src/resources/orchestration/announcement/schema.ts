import { z } from 'zod';
import type { Announcement, Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { byId, inTenant } from '../../../graphql/mutation/target.ts';
import { globalId, registerNode } from '../../../graphql/node.ts';
import { changesSubscription } from '../../../graphql/streams/row-changes.ts';
import { tenantFields } from '../../../graphql/tenant-fields.ts';
import { displayName } from '../../rules.ts';
import {
  type AnnouncementLevel,
  announcementLevels,
  createAnnouncement,
  deleteAnnouncement,
  updateAnnouncement,
} from './service.ts';

const descriptions: Record<AnnouncementLevel, string> = {
  INFO: 'For information.',
  WARNING: 'A possible problem.',
  ALERT: 'A problem.',
};
const LevelEnum = builder.enumType('AnnouncementLevel', {
  description: 'Importance of an announcement.',
  values: Object.fromEntries(
    announcementLevels.map((level) => [level, { value: level, description: descriptions[level] }]),
  ) as Record<AnnouncementLevel, { value: AnnouncementLevel; description: string }>,
});

const AnnouncementRef = builder.prismaNode('Announcement', {
  description: 'A message of a tenant to its users.',
  id: { field: 'id' },
  fields: (t) => ({
    title: t.exposeString('title', { description: 'The title.' }),
    text: t.exposeString('text', { description: 'The text.' }),
    ...tenantFields<Announcement>(t),
    level: t.field({
      type: LevelEnum,
      description: 'Importance of the announcement.',
      resolve: ({ level }) => level as AnnouncementLevel,
    }),
    from: t.expose('from', { type: 'DateTime', description: 'Start of its display.' }),
    until: t.expose('until', { type: 'DateTime', nullable: true, description: 'End of its display; null: never.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
    viewerPermissions: viewerPermissions<Announcement>(t, 'ANNOUNCEMENT', ({ tenantId }) => ({ tenantId })),
  }),
});
registerNode({ typename: 'Announcement', resource: 'ANNOUNCEMENT' });

const Where = builder.inputType('AnnouncementWhere', {
  description: 'Filter for announcements.',
  fields: (t) => ({
    level: t.field({ type: LevelEnum, description: 'Only announcements of this level.' }),
    at: t.field({ type: 'DateTime', description: 'Only announcements that are displayed at this instant.' }),
  }),
});
const where = {
  input: Where,
  toCondition: ({ level, at }: typeof Where.$inferInput) => ({
    AND: [
      level != null ? { level } : {},
      at != null ? { from: { lte: at }, OR: [{ until: null }, { until: { gt: at } }] } : {},
    ],
  }),
};

builder.prismaObjectField('Tenant', 'announcements', (t) =>
  connection(t, {
    connection: connectionType('Announcement', AnnouncementRef),
    description: "The tenant's announcements.",
    permission: 'ANNOUNCEMENT:READ',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    model: 'Announcement',
    within: ({ id }) => ({ tenantId: id }),
    where,
    order: orderBy('Announcement', { FROM: { column: 'from', description: 'By the start of its display.' } }),
    defaultOrder: { column: 'from', descending: true },
  }),
);

changesSubscription('announcements', {
  type: AnnouncementRef,
  description: 'Changes to the announcements of a tenant.',
  permission: 'ANNOUNCEMENT:READ',
  where,
});

const text = z.string().max(10_000, 'A text has at most 10,000 characters.');
const ofAnnouncement = ({ id }: { id: string | number }, context: Parameters<typeof byId>[3]) =>
  byId('ANNOUNCEMENT', 'Announcement', id, context);

mutation('createAnnouncement', {
  description: 'Creates an announcement.',
  permission: 'ANNOUNCEMENT:CREATE',
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    title: t.string({ required: true, description: 'The title.' }),
    text: t.string({ required: true, description: 'The text.' }),
    level: t.field({ type: LevelEnum, description: 'Importance of the announcement. Default: INFO.' }),
    from: t.field({ type: 'DateTime', description: 'Start of its display. Default: now.' }),
    until: t.field({ type: 'DateTime', description: 'End of its display. Default: never.' }),
  }),
  rules: z.looseObject({ title: displayName, text }),
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  run: (tx, grant, input, { tenant }) => createAnnouncement(tx, grant, tenant, input),
  payload: (t) => ({ announcement: changed(t, AnnouncementRef, 'The new announcement.') }),
});

mutation('updateAnnouncement', {
  description: 'Updates an announcement. Omitted fields are unchanged.',
  permission: 'ANNOUNCEMENT:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the announcement.' }),
    title: t.string({ description: 'The new title.' }),
    text: t.string({ description: 'The new text.' }),
    level: t.field({ type: LevelEnum, description: 'The new level.' }),
    from: t.field({ type: 'DateTime', description: 'Start of its display.' }),
    until: t.field({ type: 'DateTime', description: 'End of its display; null: never.' }),
  }),
  rules: z.looseObject({ title: displayName.nullish(), text: text.nullish() }),
  target: (input, context) => ofAnnouncement(input, context),
  locksTarget: true,
  run: (tx, grant, input, { tenant, id }) => updateAnnouncement(tx, grant, tenant, id, input),
  payload: (t) => ({ announcement: changed(t, AnnouncementRef, 'The changed announcement.') }),
});

mutation('deleteAnnouncement', {
  description: 'Deletes an announcement.',
  permission: 'ANNOUNCEMENT:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the announcement.' }) }),
  target: (input, context) => ofAnnouncement(input, context),
  run: (tx, grant, _input, { tenant, id }) => deleteAnnouncement(tx, grant, tenant, id),
  payload: (t) => ({
    deletedId: t.id({
      description: 'ID of the deleted announcement.',
      resolve: ({ result }) => globalId('Announcement', result.id),
    }),
  }),
});
