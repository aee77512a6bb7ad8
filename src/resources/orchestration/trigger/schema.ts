import type { Row } from '../../../access/grant.ts';
import { within } from '../../../access/where.ts';
import type { Flow, Namespace, Tenant, Trigger } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { type Condition, connectionType, orderBy, refOf } from '../../../graphql/connection/connection-type.ts';
import { loadByNames } from '../../../graphql/connection/loaders.ts';
import type { Context } from '../../../graphql/context.ts';
import { guardedOne, viewerPermissions } from '../../../graphql/guarded.ts';
import { registerNode } from '../../../graphql/node.ts';
import { shownName } from '../../../graphql/personal.ts';
import { tenantFields } from '../../../graphql/tenant-fields.ts';
import { escapeLike } from '../../../lib/text.ts';
import type { Backfill } from './backfill.ts';
import { type TriggerKind, triggerKinds } from './declared.ts';

const kinds: Record<TriggerKind, string> = {
  SCHEDULE: 'Fires by a cron expression, or on given dates.',
  POLLING: 'Polls at intervals.',
  REALTIME: 'Listens continuously.',
  WEBHOOK: 'Starts an execution when its URL is called.',
  FLOW: 'Fires when another flow ends.',
};
const KindEnum = builder.enumType('TriggerKind', {
  description: 'Kind of a trigger: how it starts executions.',
  values: Object.fromEntries(triggerKinds.map((kind) => [kind, { description: kinds[kind] }])) as Record<
    TriggerKind,
    { description: string }
  >,
});
const ReasonEnum = builder.enumType('TriggerDisabledReason', {
  description: 'Why a trigger is disabled.',
  values: {
    SOURCE: { description: 'The source disabled it when the trigger was first saved.' },
    PERSON: { description: 'A user disabled it.' },
    STOP_AFTER: { description: 'An execution ended in a state of its stopAfter.' },
  },
});

const BackfillRef = builder.objectRef<Backfill>('Backfill').implement({
  description: 'A run of a schedule for past dates.',
  fields: (t) => ({
    start: t.field({ type: 'DateTime', description: 'Start, inclusive.', resolve: ({ start }) => new Date(start) }),
    end: t.field({ type: 'DateTime', description: 'End, inclusive.', resolve: ({ end }) => new Date(end) }),
    currentDate: t.field({
      type: 'DateTime',
      description: 'The next date.',
      resolve: ({ currentDate }) => new Date(currentDate),
    }),
    paused: t.exposeBoolean('paused', { description: 'True if the backfill is paused.' }),
    inputs: t.field({ type: 'JSON', description: 'Inputs of the executions.', resolve: ({ inputs }) => inputs }),
    labels: t.field({ type: 'JSON', description: 'Labels of the executions.', resolve: ({ labels }) => labels }),
    previousNextExecutionAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the trigger would be due without the backfill.',
      resolve: ({ previousNextExecutionAt: at }) => (at === null ? null : new Date(at)),
    }),
  }),
});

export const TriggerRef = builder.prismaNode('Trigger', {
  description: 'A trigger of a flow, with the state that Gatehouse keeps. That state takes precedence over the source.',
  id: { field: 'id' },
  fields: (t) => ({
    namespaceName: t.exposeString('namespace', { description: 'Namespace of the flow.' }),
    ...tenantFields<Trigger>(t),
    flowId: t.exposeString('flowId', { description: 'ID of the flow.' }),
    triggerId: t.exposeString('triggerId', { description: 'ID of the trigger in the flow.' }),
    type: t.exposeString('type', { description: 'Type in the source.' }),
    kind: t.field({
      type: KindEnum,
      description: 'How it starts executions.',
      resolve: ({ kind }) => kind as TriggerKind,
    }),
    definition: t.field({
      type: 'JSON',
      description:
        'The trigger as its source declares it, without the field `disabled`. The key of a webhook starts executions: it is shown as *** to viewers who cannot update the trigger. The source of the flow, which requires FLOW:READ, holds it as written: use a secret for it.',
      resolve: (trigger, _args, context) => shownDefinition(trigger, context),
    }),
    disabled: t.exposeBoolean('disabled', {
      description: 'True if the trigger is disabled. This is the state in effect.',
    }),
    declaredDisabled: t.exposeBoolean('declaredDisabled', { description: 'Value of disabled in the source.' }),
    disabledReason: t.field({
      type: ReasonEnum,
      nullable: true,
      description: 'Why it is disabled; null if it is enabled.',
      resolve: ({ disabledReason }) => disabledReason as 'SOURCE' | null,
    }),
    active: t.boolean({
      description: 'True if neither the trigger nor its flow is disabled.',
      resolve: ({ disabled, flowDisabled }) => !disabled && !flowDisabled,
    }),
    stateBy: t.string({
      nullable: true,
      description: 'Name of the user who last disabled or enabled it, or who saved the flow if it never changed.',
      resolve: ({ stateById, stateByName }, _args, context) =>
        stateByName === null ? null : shownName(context, stateById ?? '', stateByName),
    }),
    stateAt: t.expose('stateAt', { type: 'DateTime', description: 'Since when it has been enabled or disabled.' }),
    locked: t.boolean({
      description: 'True if it is held by an execution or by a worker that evaluates it.',
      resolve: ({ executionId, evaluationStartedAt }) => executionId !== null || evaluationStartedAt !== null,
    }),
    executionId: t.exposeString('executionId', {
      nullable: true,
      description: 'executionId of the execution that holds it.',
    }),
    evaluationStartedAt: t.expose('evaluationStartedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Start of the current evaluation.',
    }),
    workerId: t.exposeString('workerId', {
      nullable: true,
      description: 'serviceId of the service that evaluates it.',
    }),
    worker: t.field({
      type: refOf('Worker') as never,
      nullable: true,
      description: 'The service that evaluates it.',
      access: { decides: 'WORKER:READ' },
      resolve: ({ workerId }, _args, context) => (workerId === null ? null : workerOf(context, workerId)) as never,
    }),
    lastTriggeredAt: t.expose('lastTriggeredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it last started an execution.',
    }),
    nextExecutionAt: t.expose('nextExecutionAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it is next due; null if it is disabled or not time-based.',
    }),
    backfill: t.field({
      type: BackfillRef,
      nullable: true,
      description: 'Current backfill.',
      resolve: ({ backfill }) => backfill as unknown as Backfill | null,
    }),
    workerGroup: t.field({
      type: refOf('WorkerGroup') as never,
      nullable: true,
      description: 'Its worker group; null for workers without a group, or if the group does not exist.',
      access: { decides: 'WORKER_GROUP:READ' },
      columns: ['workerGroup'],
      resolve: ({ workerGroup }, _args, context) =>
        (workerGroup === '' ? null : groupOf(context, workerGroup)) as never,
    }),
    workerGroupKey: t.string({
      nullable: true,
      description: 'Key of its worker group; null for workers without a group. Readable without access to the group.',
      columns: ['workerGroup'],
      resolve: ({ workerGroup }) => workerGroup || null,
    }),
    version: t.exposeInt('version', {
      description:
        'Version number that users and sources increase. Pass it to avoid overwriting changes that you have not seen.',
    }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When a user or source last changed it.' }),
    flow: guardedOne<Trigger, Flow>(t, {
      type: refOf('Flow') as never,
      description: 'The flow.',
      permission: 'FLOW:READ',
      scope: ({ tenantId }) => ({ tenantId }),
      model: 'Flow',
      id: ({ flowKey }) => flowKey,
    }),
    viewerPermissions: viewerPermissions<Trigger>(t, 'TRIGGER', ({ tenantId }) => ({ tenantId })),
  }),
});
registerNode({ typename: 'Trigger', resource: 'TRIGGER' });

/** A key that is an expression is not itself a secret. */
function shownDefinition(trigger: Trigger, { session }: Context): unknown {
  const { definition, kind, tenantId } = trigger;
  const { key } = definition as { key?: unknown };
  if (kind !== 'WEBHOOK' || key === undefined || /^\s*\{\{[^{}]*\}\}\s*$/.test(String(key))) return definition;
  return session.can('TRIGGER:UPDATE', { ...trigger }, { tenantId })
    ? definition
    : { ...(definition as object), key: '***' };
}

/** A service by the ID that it gave itself. @throws FORBIDDEN. */
function workerOf(context: Context, serviceId: string): Promise<Row | null> {
  const { where } = context.session.grant('WORKER:READ');
  return loadByNames(context, 'Worker', where as Condition, { serviceId });
}

/** A worker group by its key. @throws FORBIDDEN. */
function groupOf(context: Context, key: string): Promise<Row | null> {
  const { where } = context.session.grant('WORKER_GROUP:READ');
  return loadByNames(context, 'WorkerGroup', where as Condition, { key });
}

const TriggerConnection = connectionType('Trigger', TriggerRef);
const order = orderBy('Trigger', {
  TRIGGER_ID: { column: 'triggerId', description: 'By name.' },
  FLOW_ID: { column: 'flowId', description: 'By flow ID.' },
  NAMESPACE_NAME: { column: 'namespace', description: 'By namespace.' },
  UPDATED_AT: { column: 'updatedAt', description: 'By the time of the last change.' },
  NEXT_EXECUTION_AT: { column: 'nextExecutionAt', description: 'By next date; triggers without one are last.' },
  LAST_TRIGGERED_AT: {
    column: 'lastTriggeredAt',
    description: 'By the time it last started an execution; triggers that never did are last.',
  },
});
export const TriggerWhere = builder.inputType('TriggerWhere', {
  description: 'Filter for triggers.',
  fields: (t) => ({
    namespaceName: t.string({ description: 'Exactly this namespace.' }),
    under: t.string({ description: 'This namespace and all below it.' }),
    flowId: t.string({ description: 'Exactly this flow ID.' }),
    triggerId: t.string({ description: 'Exactly this trigger ID.' }),
    kind: t.field({ type: KindEnum, description: 'This kind.' }),
    type: t.string({ description: 'Exactly this type.' }),
    disabled: t.boolean({ description: 'True for disabled triggers, false for enabled ones.' }),
    locked: t.boolean({ description: 'True: only locked triggers. False: only unlocked ones.' }),
    backfilling: t.boolean({ description: 'True for triggers with a backfill, false for those without.' }),
    workerId: t.string({ description: 'serviceId of the service that evaluates it.' }),
    dueBefore: t.field({ type: 'DateTime', description: 'Due before this time.' }),
    text: t.string({ description: 'Case-insensitive search in namespace, flow ID and trigger ID.' }),
  }),
});
export type TriggerFilter = typeof TriggerWhere.$inferInput;

export function triggerCondition({
  namespaceName,
  under,
  flowId,
  triggerId,
  kind,
  type,
  disabled,
  locked,
  backfilling,
  workerId,
  dueBefore,
  text,
}: TriggerFilter): Condition {
  const contains = (column: string) => ({ [column]: { contains: escapeLike(text!), mode: 'insensitive' } });
  const free = [{ executionId: null }, { evaluationStartedAt: null }];
  const parts: Condition[] = [
    ...(namespaceName != null ? [{ namespace: namespaceName }] : []),
    ...(under != null ? [within(under)] : []),
    ...(flowId != null ? [{ flowId }] : []),
    ...(triggerId != null ? [{ triggerId }] : []),
    ...(kind != null ? [{ kind }] : []),
    ...(type != null ? [{ type }] : []),
    ...(disabled != null ? [{ disabled }] : []),
    ...(locked != null ? [locked ? { NOT: { AND: free } } : { AND: free }] : []),
    ...(backfilling != null
      ? [backfilling ? { NOT: { backfill: { equals: null } } } : { backfill: { equals: null } }]
      : []),
    ...(workerId != null ? [{ workerId }] : []),
    ...(dueBefore != null ? [{ nextExecutionAt: { lt: dueBefore } }] : []),
    ...(text != null ? [{ OR: ['namespace', 'flowId', 'triggerId'].map(contains) }] : []),
  ];
  return parts.length === 0 ? {} : { AND: parts };
}

const list = {
  connection: TriggerConnection,
  permission: 'TRIGGER:READ',
  model: 'Trigger',
  where: { input: TriggerWhere, toCondition: triggerCondition },
  order,
} as const;

builder.prismaObjectFields('Tenant', (t) => ({
  triggers: connection(t, {
    ...list,
    description: 'Triggers of the tenant that the viewer can read.',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    within: ({ id }) => ({ tenantId: id }),
  }),
  trigger: t.field({
    type: TriggerRef,
    nullable: true,
    description: 'A trigger by its namespace, flow and ID.',
    access: { decides: 'TRIGGER:READ' },
    args: {
      namespaceName: t.arg.string({ required: true, description: 'Full name of the namespace.' }),
      flowId: t.arg.string({ required: true, description: 'ID of the flow.' }),
      triggerId: t.arg.string({ required: true, description: 'ID of the trigger in the flow.' }),
    },
    resolve: ({ id }: Tenant, { namespaceName: namespace, ...names }, context) => {
      const { where } = context.session.grant('TRIGGER:READ', { tenantId: id });
      return loadByNames(
        context,
        'Trigger',
        { AND: [{ tenantId: id }, where] },
        { namespace, ...names },
      ) as Promise<Trigger | null>;
    },
  }),
}));
builder.prismaObjectField('Namespace', 'triggers', (t) =>
  connection(t, {
    ...list,
    description: 'Triggers of exactly this namespace that the viewer can read.',
    scopes: ({ tenantId }: Namespace) => ({ tenantId }),
    within: ({ tenantId, namespace }) => ({ tenantId, namespace }),
  }),
);
builder.prismaObjectField('Flow', 'triggers', (t) =>
  connection(t, {
    ...list,
    description: 'Triggers of the flow that the viewer can read.',
    scopes: ({ tenantId }: Flow) => ({ tenantId }),
    within: ({ id }) => ({ flowKey: id }),
  }),
);
