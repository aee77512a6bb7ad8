import type { ActorKind } from '../../../access/actor.ts';
import { isResource } from '../../../access/catalog.ts';
import { behindEvent, encodePosition } from '../../../audit/cursor.ts';
import type { AuditOutcome, AuditType } from '../../../audit/event.ts';
import type { Reading } from '../../../audit/readings.ts';
import type { AuditEvent, Namespace, Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { type Condition, connectionType, orderBy, refOf } from '../../../graphql/connection/connection-type.ts';
import { loadWithin } from '../../../graphql/connection/loaders.ts';
import type { Context } from '../../../graphql/context.ts';
import { globalId, registerNode } from '../../../graphql/node.ts';
import { shownDetails, shownKey, shownName, shownPatch, shownText } from '../../../graphql/personal.ts';
import { ResourceNameEnum } from '../../../graphql/resource-enum.ts';
import { readSubject, Subject } from '../../identity/subject-type.ts';
import { maySeePatch } from './patches.ts';
import { differenceOf } from './versions.ts';
import { ActorKindEnum, AuditEventWhere, AuditKindEnum, AuditOutcomeEnum, toCondition } from './where.ts';

const orNull = (text: string): string | null => (text === '' ? null : text);

const actor = async (context: Context, kind: string, id: string, tenantId: string) => {
  if (kind !== 'USER' && kind !== 'SERVICE_ACCOUNT') return null;
  return readSubject(context, { typename: kind === 'USER' ? 'User' : 'ServiceAccount', id }, orNull(tenantId));
};

export const positionOf = (
  { keys }: Context,
  event: { readonly tenantId: string; readonly seq: bigint; readonly hash: string },
): string => encodePosition(keys.cursor, behindEvent(keys.cursor, event));

const AuditEventRef = builder.prismaNode('AuditEvent', {
  description: 'An audit event: a change of one object, a refusal, a failed sign-in. Immutable.',
  id: { field: 'id' },
  fields: (t) => ({
    cursor: t.string({
      description: 'Cursor in its chain. The feed of the tenant continues after it.',
      resolve: (event, _args, context) => positionOf(context, event),
    }),
    seq: t.expose('seq', {
      type: 'BigInt',
      description: 'Number in its chain, in commit order, without gaps.',
    }),
    prevHash: t.exposeString('prevHash', { description: 'Hash of the previous event.' }),
    hash: t.exposeString('hash', { description: 'SHA-256 of prevHash, seq and the digest of the content.' }),
    tenant: t.field({
      type: refOf('Tenant'),
      nullable: true,
      description:
        'The tenant. Null for the instance level, if the tenant was deleted, or if the viewer cannot read it.',
      access: { decides: 'TENANT:READ' },
      resolve: async ({ tenantId }, _args, context) => {
        if (tenantId === '') return null;
        const { where } = context.session.grant('TENANT:READ', { tenantId });
        return (await loadWithin(context, 'Tenant', where as Condition, tenantId)) as Tenant | null;
      },
    }),
    tenantKey: t.string({
      nullable: true,
      description: 'Key of the tenant at that time; null for the instance level.',
      resolve: ({ tenantKey }) => orNull(tenantKey),
    }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    kind: t.field({
      type: AuditKindEnum,
      description: 'Kind of the event.',
      resolve: ({ type }) => type as AuditType,
    }),
    action: t.exposeString('action', { description: 'Action, such as group.update.' }),
    outcome: t.field({
      type: AuditOutcomeEnum,
      description: 'Outcome.',
      resolve: ({ outcome }) => outcome as AuditOutcome,
    }),
    actor: t.field({
      type: Subject,
      nullable: true,
      description: 'The actor. Null if deleted, if the gateway itself acted, or if the viewer cannot read it.',
      resolve: (event, _args, context) => actor(context, event.actorKind, event.actorId, event.tenantId) as never,
    }),
    actorKind: t.field({
      type: ActorKindEnum,
      description: 'Kind of the actor. Names are unique only per kind.',
      resolve: ({ actorKind }) => actorKind as ActorKind,
    }),
    actorName: t.string({
      description: 'Name of the actor at that time.',
      resolve: ({ actorKind, actorId, actorName }, _args, context) =>
        actorKind === 'SERVICE_ACCOUNT' || actorKind === 'SYSTEM' ? actorName : shownName(context, actorId, actorName),
    }),
    impersonatedBy: t.field({
      type: Subject,
      nullable: true,
      description: 'The real actor, while impersonating.',
      resolve: (event, _args, context) =>
        event.impersonatorId === '' ? null : (actor(context, 'USER', event.impersonatorId, event.tenantId) as never),
    }),
    impersonatedByName: t.string({
      nullable: true,
      description: 'Name of the real actor at that time.',
      resolve: ({ impersonatorId, impersonatorName }, _args, context) =>
        impersonatorName === '' ? null : shownName(context, impersonatorId, impersonatorName),
    }),
    resource: t.field({
      type: ResourceNameEnum,
      nullable: true,
      description: 'Resource of the object. Null if only a later version of Gatehouse knows it, during an upgrade.',
      // Gateways of two versions share the log during an upgrade. An error here would take the whole event from a feed.
      resolve: ({ resource }) => (isResource(resource) ? resource : null),
    }),
    resourceKey: t.string({
      description: 'Name of the object at that time.',
      resolve: (event, _args, context) => shownKey(context, event),
    }),
    namespaceName: t.string({
      nullable: true,
      description: 'Namespace of the object.',
      resolve: ({ namespace }) => orNull(namespace),
    }),
    ip: t.exposeString('ip', { nullable: true, description: 'IP address of the request.' }),
    requestId: t.exposeString('requestId', { description: 'ID of the request, shared by all of its events.' }),
    decisionId: t.exposeString('decisionId', {
      nullable: true,
      description: 'Decision that allowed or refused the action.',
    }),
    policy: t.exposeString('policy', { nullable: true, description: 'Policy that refused the action.' }),
    reason: t.string({
      nullable: true,
      description: 'Reason of the actor.',
      resolve: ({ reason }, _args, context) => (reason === null ? null : shownText(context, reason)),
    }),
    details: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Further details, such as a count. `ids` are database IDs of other rows.',
      resolve: (event, _args, context) => shownDetails(context, event),
    }),
    patch: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Changes, as JSON Patch. Null if the viewer cannot read the object.',
      resolve: (event, _args, context) =>
        maySeePatch(context, { ...event }) ? shownPatch(context, event, event.patch) : null,
    }),
    revertPatch: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Reverse changes, as JSON Patch. Null if the viewer cannot read the object.',
      resolve: (event, _args, context) =>
        maySeePatch(context, { ...event }) ? shownPatch(context, event, event.revertPatch) : null,
    }),
  }),
});
/** Records the read, with the decision that allowed it. */
const note = ({ session, readings }: Context, tenantId: string | undefined, reading: Reading): void =>
  readings.note(tenantId, { ...reading, decisionId: session.may('AUDITLOG:READ', { tenantId })?.decisionId });

builder.prismaObjectField('AuditEvent', 'difference', (t) =>
  t.string({
    nullable: true,
    description:
      "Unified diff of the object's YAML: by this event, or since another event of the same object. Null if there is no difference, if the viewer cannot read the object, or if the diff takes too long.",
    args: {
      since: t.arg.id({
        description:
          'Earlier event of the same object. The diff is from the state after it to the state after this one.',
      }),
    },
    resolve: (event, { since }, context) => differenceOf(context, event, since == null ? null : String(since)),
  }),
);

registerNode({
  typename: 'AuditEvent',
  resource: 'AUDITLOG',
  async find(context, id) {
    const { session, db } = context;
    const event = await db.auditEvent.findFirst({ where: { id } });
    const tenantId = event?.tenantId ?? '';
    const grant = session.may('AUDITLOG:READ', { tenantId: tenantId === '' && event ? undefined : tenantId });
    if (!event || !grant?.matches({ ...event })) return null;
    note(context, tenantId === '' ? undefined : tenantId, {
      field: 'Query.node',
      args: { id: globalId('AuditEvent', id) },
      namespace: event.namespace,
    });
    return { ...event };
  },
});

export interface FeedItem {
  readonly cursor: string;
  readonly event: AuditEvent | null;
}
export const AuditFeedItem = builder.objectRef<FeedItem>('AuditFeedItem').implement({
  description: 'An event, or a bookmark that only moves the cursor.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'Cursor to resume after this item with `after`, on any gateway.' }),
    event: t.field({
      type: AuditEventRef,
      nullable: true,
      description: 'The event; null if no event up to the cursor is visible to this subscriber.',
      resolve: ({ event }) => event,
    }),
  }),
});

const AuditEventConnection = connectionType('AuditEvent', AuditEventRef, (t) => ({
  streamCursor: t.string({
    nullable: true,
    description: 'Cursor to subscribe with: no event between this page and the subscription is missed.',
    resolve: (page) => page.streamCursor ?? null,
  }),
}));
const order = orderBy('AuditEvent', { AT: { column: 'at', description: 'By time.' } });
const base = {
  connection: AuditEventConnection,
  permission: 'AUDITLOG:READ',
  model: 'AuditEvent',
  order,
} as const;
/**
 * Within a tenant by its own numbers: a cursor with instance-wide numbers would reveal the event count of all tenants.
 */
const inChain = { ...base, defaultOrder: { column: 'seq', descending: true } } as const;
const acrossChains = { ...base, defaultOrder: { column: 'ordinal', descending: true } } as const;
const streamCursor = (tenantId: string | undefined) => async (context: Context) => {
  return encodePosition(context.keys.cursor, await context.feed.head(tenantId));
};

builder.prismaObjectField('Tenant', 'auditEvents', (t) =>
  connection(t, {
    ...inChain,
    description: 'Audit events of the tenant, newest first.',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    within: ({ id }) => ({ tenantId: id }),
    where: {
      input: AuditEventWhere,
      toCondition: (filter, context, { id }) => toCondition(filter, context, [id]),
      dependsOnParent: true,
    },
    streamCursor: ({ id }, context) => streamCursor(id)(context),
    reading: (context, { id }, args) => note(context, id, { field: 'Tenant.auditEvents', args }),
  }),
);
builder.prismaObjectField('Namespace', 'auditEvents', (t) =>
  connection(t, {
    ...inChain,
    description: 'Audit events of exactly this namespace, newest first.',
    scopes: ({ tenantId }: Namespace) => ({ tenantId }),
    within: ({ tenantId, namespace }) => ({ tenantId, namespace }),
    where: {
      input: AuditEventWhere,
      toCondition: (filter, context, { tenantId }) => toCondition(filter, context, [tenantId]),
      dependsOnParent: true,
    },
    reading: (context, { tenantId, namespace }, args) =>
      note(context, tenantId, { field: 'Namespace.auditEvents', args, namespace }),
  }),
);
builder.queryField('auditEvents', (t) =>
  connection(t, {
    ...acrossChains,
    description: 'Audit events of all tenants and of the instance, newest first. Requires a super admin.',
    scopes: () => ({}),
    within: () => ({}),
    where: {
      input: AuditEventWhere,
      toCondition: async (filter, context) => {
        const chains =
          filter.text == null
            ? []
            : (await context.db.auditHead.findMany({ select: { tenantId: true } })).map(({ tenantId }) => tenantId);
        return toCondition(filter, context, chains);
      },
    },
    streamCursor: (_root, context) => streamCursor(undefined)(context),
    reading: (context, _root, args) => note(context, undefined, { field: 'Query.auditEvents', args }),
    nullable: false,
  }),
);
