import type { ActorKind } from '../../../access/actor.ts';
import type { ResourceName } from '../../../access/catalog.ts';
import { behindEvent, encodePosition } from '../../../audit/cursor.ts';
import type { AuditOutcome, AuditType } from '../../../audit/event.ts';
import type { Reading } from '../../../audit/readings.ts';
import type { AuditEvent, Namespace, Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { globalId, registerNode } from '../../../graphql/node.ts';
import { shownDetails, shownKey, shownName, shownPatch, shownText } from '../../../graphql/personal.ts';
import { ResourceNameEnum } from '../../../graphql/resource-enum.ts';
import { readSubject, Subject } from '../../identity/subject-type.ts';
import { maySeePatch } from './patches.ts';
import { differenceOf } from './versions.ts';
import { AuditEventWhere, AuditOutcomeEnum, AuditTypeEnum, toCondition } from './where.ts';

const ActorKindEnum = builder.enumType('ActorKind', {
  description: 'What acts.',
  values: {
    USER: { description: 'A user.' },
    SERVICE_ACCOUNT: { description: 'A service account.' },
    SYSTEM: { description: 'The gateway itself.' },
    ANONYMOUS: { description: 'A caller who did not sign in.' },
  },
});

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
  description:
    'One thing that happened: a change of one object, a refusal, a failed sign-in. Never changed afterwards.',
  id: { field: 'id' },
  fields: (t) => ({
    cursor: t.string({
      description: "Its place in its chain: the tenant's feed goes on behind it.",
      resolve: (event, _args, context) => positionOf(context, event),
    }),
    seq: t.expose('seq', {
      type: 'BigInt',
      description: 'Its number in its chain, without gaps, in the order of commit.',
    }),
    prevHash: t.exposeString('prevHash', { description: 'The hash of the event before it.' }),
    hash: t.exposeString('hash', { description: 'sha256 of prevHash, seq and the digest of its content.' }),
    tenantKey: t.string({
      nullable: true,
      description: "The tenant's key at that time; null: at the instance level.",
      resolve: ({ tenantKey }) => orNull(tenantKey),
    }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    type: t.field({
      type: AuditTypeEnum,
      description: 'What kind of thing.',
      resolve: ({ type }) => type as AuditType,
    }),
    action: t.exposeString('action', { description: 'What was done, such as group.update.' }),
    outcome: t.field({
      type: AuditOutcomeEnum,
      description: 'How it ended.',
      resolve: ({ outcome }) => outcome as AuditOutcome,
    }),
    actor: t.field({
      type: Subject,
      nullable: true,
      description: 'Who did it; null where they are gone, the gateway itself acted, or the viewer may not read them.',
      resolve: (event, _args, context) => actor(context, event.actorKind, event.actorId, event.tenantId) as never,
    }),
    actorKind: t.field({
      type: ActorKindEnum,
      description: 'What kind of actor it was: names alone could be taken for those of another kind.',
      resolve: ({ actorKind }) => actorKind as ActorKind,
    }),
    actorName: t.string({
      description: 'The name of who did it, at that time.',
      resolve: ({ actorKind, actorId, actorName }, _args, context) =>
        actorKind === 'SERVICE_ACCOUNT' || actorKind === 'SYSTEM' ? actorName : shownName(context, actorId, actorName),
    }),
    impersonatedBy: t.field({
      type: Subject,
      nullable: true,
      description: 'Who really acted, where they acted as somebody else.',
      resolve: (event, _args, context) =>
        event.impersonatorId === '' ? null : (actor(context, 'USER', event.impersonatorId, event.tenantId) as never),
    }),
    impersonatedByName: t.string({
      nullable: true,
      description: 'Their name, at that time.',
      resolve: ({ impersonatorId, impersonatorName }, _args, context) =>
        impersonatorName === '' ? null : shownName(context, impersonatorId, impersonatorName),
    }),
    resource: t.field({
      type: ResourceNameEnum,
      description: 'To what kind of thing.',
      resolve: ({ resource }) => resource as ResourceName,
    }),
    resourceKey: t.string({
      description: 'To which: its name at that time.',
      resolve: (event, _args, context) => shownKey(context, event),
    }),
    namespace: t.string({
      nullable: true,
      description: 'In which namespace.',
      resolve: ({ namespace }) => orNull(namespace),
    }),
    ip: t.exposeString('ip', { nullable: true, description: 'From which address.' }),
    requestId: t.exposeString('requestId', { description: 'Events of one request share it.' }),
    decisionId: t.exposeString('decisionId', {
      nullable: true,
      description: 'The decision that allowed or refused it.',
    }),
    policy: t.exposeString('policy', { nullable: true, description: 'The policy that refused it.' }),
    reason: t.string({
      nullable: true,
      description: 'Why, as the actor said.',
      resolve: ({ reason }, _args, context) => (reason === null ? null : shownText(context, reason)),
    }),
    details: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What else is to say, such as a count. `ids` are those of other rows, as the database has them.',
      resolve: (event, _args, context) => shownDetails(context, event),
    }),
    patch: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What changed, as JSON Patch. Null where the viewer may not read the object itself.',
      resolve: (event, _args, context) =>
        maySeePatch(context, { ...event }) ? shownPatch(context, event, event.patch) : null,
    }),
    revertPatch: t.field({
      type: 'JSON',
      nullable: true,
      description: 'The way back, as JSON Patch. Null where the viewer may not read the object itself.',
      resolve: (event, _args, context) =>
        maySeePatch(context, { ...event }) ? shownPatch(context, event, event.revertPatch) : null,
    }),
  }),
});
/** That it was read goes on record, with the decision that allowed it. */
const note = ({ session, readings }: Context, tenantId: string | undefined, reading: Reading): void =>
  readings.note(tenantId, { ...reading, decisionId: session.may('AUDITLOG:READ', { tenantId })?.decisionId });

builder.prismaObjectField('AuditEvent', 'difference', (t) =>
  t.string({
    nullable: true,
    description:
      'What differs in the object, as a unified diff of its YAML: by this event, or since another one of the same object. Null where nothing does, where the viewer may not read the object itself, or where it takes too long.',
    args: { since: t.arg.id({ description: 'From the object right after that event to it right after this one.' }) },
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
    cursor: t.exposeString('cursor', { description: 'Give it as `after` to go on behind this item, on any gateway.' }),
    event: t.field({
      type: AuditEventRef,
      nullable: true,
      description: 'The event; null: nothing for this subscriber up to the cursor.',
      resolve: ({ event }) => event,
    }),
  }),
});

const AuditEventConnection = connectionType('AuditEvent', AuditEventRef, (t) => ({
  streamCursor: t.string({
    nullable: true,
    description: 'Subscribe after this cursor: nothing between this page and the subscription is missed.',
    resolve: (page) => page.streamCursor ?? null,
  }),
}));
const order = orderBy('AuditEvent', { AT: { column: 'at', description: 'By time.' } });
const base = {
  connection: AuditEventConnection,
  permission: 'AUDITLOG:READ',
  model: 'auditEvent',
  order,
} as const;
/** Within a tenant by its own numbers: a cursor that held the common ones would count the events of all others. */
const inChain = { ...base, defaultOrder: { column: 'seq', descending: true } } as const;
const acrossChains = { ...base, defaultOrder: { column: 'ordinal', descending: true } } as const;
const streamCursor = (tenantId: string | undefined) => async (context: Context) => {
  return encodePosition(context.keys.cursor, await context.feed.head(tenantId));
};

builder.prismaObjectField('Tenant', 'auditEvents', (t) =>
  connection(t, {
    ...inChain,
    description: "The tenant's audit events, newest first.",
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    within: ({ id }) => ({ tenantId: id }),
    where: { input: AuditEventWhere, toCondition: (filter, context, { id }) => toCondition(filter, context, [id]) },
    streamCursor: ({ id }, context) => streamCursor(id)(context),
    reading: (context, { id }, args) => note(context, id, { field: 'Tenant.auditEvents', args }),
  }),
);
builder.prismaObjectField('Namespace', 'auditEvents', (t) =>
  connection(t, {
    ...inChain,
    description: 'The audit events of this very namespace, newest first.',
    scopes: ({ tenantId }: Namespace) => ({ tenantId }),
    within: ({ tenantId, namespace }) => ({ tenantId, namespace }),
    where: {
      input: AuditEventWhere,
      toCondition: (filter, context, { tenantId }) => toCondition(filter, context, [tenantId]),
    },
    reading: (context, { tenantId, namespace }, args) =>
      note(context, tenantId, { field: 'Namespace.auditEvents', args, namespace }),
  }),
);
builder.queryField('auditEvents', (t) =>
  connection(t, {
    ...acrossChains,
    description: 'The audit events of all tenants and of the instance, newest first: for super admins.',
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
