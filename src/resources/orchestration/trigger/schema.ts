import type { Row } from '../../../access/grant.ts';
import { within } from '../../../access/where.ts';
import type { Flow, Tenant, Trigger } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { type Condition, connectionType, orderBy, refOf } from '../../../graphql/connection/connection-type.ts';
import { loadByNames } from '../../../graphql/connection/loaders.ts';
import type { Context } from '../../../graphql/context.ts';
import { guardedOne, viewerPermissions } from '../../../graphql/guarded.ts';
import { registerNode } from '../../../graphql/node.ts';
import { shownName } from '../../../graphql/personal.ts';
import { escapeLike } from '../../../lib/text.ts';
import type { Backfill } from './backfill.ts';
import { type TriggerKind, triggerKinds } from './declared.ts';

const kinds: Record<TriggerKind, string> = {
  SCHEDULE: 'By a cron expression, or on given dates.',
  POLLING: 'Looks for something at intervals.',
  REALTIME: 'Listens without an end.',
  WEBHOOK: 'By a call from outside.',
  FLOW: 'By the end of another flow.',
};
const KindEnum = builder.enumType('TriggerKind', {
  description: 'How a trigger comes to start executions.',
  values: Object.fromEntries(triggerKinds.map((kind) => [kind, { description: kinds[kind] }])) as Record<
    TriggerKind,
    { description: string }
  >,
});
const ReasonEnum = builder.enumType('TriggerDisabledReason', {
  description: 'Why a trigger is disabled.',
  values: {
    SOURCE: { description: "The flow's source said so when the trigger was first seen." },
    PERSON: { description: 'Somebody disabled it.' },
    STOP_AFTER: { description: 'An execution ended in a state after which it is to stop.' },
  },
});

const BackfillRef = builder.objectRef<Backfill>('Backfill').implement({
  description: 'Dates of the past that a schedule is run for.',
  fields: (t) => ({
    start: t.field({ type: 'DateTime', description: 'From here on.', resolve: ({ start }) => new Date(start) }),
    end: t.field({ type: 'DateTime', description: 'Up to here.', resolve: ({ end }) => new Date(end) }),
    currentDate: t.field({
      type: 'DateTime',
      description: 'The date that comes next.',
      resolve: ({ currentDate }) => new Date(currentDate),
    }),
    paused: t.exposeBoolean('paused', { description: 'Does it wait?' }),
    inputs: t.field({ type: 'JSON', description: 'Inputs of its executions.', resolve: ({ inputs }) => inputs }),
    labels: t.field({ type: 'JSON', description: 'Labels of its executions.', resolve: ({ labels }) => labels }),
    previousNextExecutionAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the trigger would be due without it.',
      resolve: ({ previousNextExecutionAt: at }) => (at === null ? null : new Date(at)),
    }),
  }),
});

export const TriggerRef = builder.prismaNode('Trigger', {
  description: 'A trigger of a flow, in the state that Gatehouse keeps of it: the truth, whatever the source says.',
  id: { field: 'id' },
  fields: (t) => ({
    namespace: t.exposeString('namespace', { description: 'Where its flow is.' }),
    flowId: t.exposeString('flowId', { description: "Its flow's name." }),
    triggerId: t.exposeString('triggerId', { description: 'Its own name in the flow.' }),
    type: t.exposeString('type', { description: 'Its type, as the source says.' }),
    kind: t.field({ type: KindEnum, description: 'How it fires.', resolve: ({ kind }) => kind as TriggerKind }),
    definition: t.field({
      type: 'JSON',
      description:
        'What the source declares of it, but for disabled. The key of a webhook starts executions: it is *** for those who may not change the trigger.',
      resolve: (trigger, _args, context) => shownDefinition(trigger, context),
    }),
    disabled: t.exposeBoolean('disabled', { description: 'Is it off? The state that holds.' }),
    declaredDisabled: t.exposeBoolean('declaredDisabled', { description: "What the flow's source says of that." }),
    disabledReason: t.field({
      type: ReasonEnum,
      nullable: true,
      description: 'Why it is off; null where it is on.',
      resolve: ({ disabledReason }) => disabledReason as 'SOURCE' | null,
    }),
    active: t.boolean({
      description: 'Can it fire: is neither it nor its flow disabled?',
      resolve: ({ disabled, flowDisabled }) => !disabled && !flowDisabled,
    }),
    stateBy: t.string({
      nullable: true,
      description: 'Who switched it to its present state (by saving the flow, where it is as first seen), by name.',
      resolve: ({ stateById, stateByName }, _args, context) =>
        stateByName === null ? null : shownName(context, stateById ?? '', stateByName),
    }),
    stateAt: t.expose('stateAt', { type: 'DateTime', description: 'Since when it is on or off.' }),
    locked: t.boolean({
      description: 'Is it held by an execution, or by a worker that evaluates it?',
      resolve: ({ executionId, evaluationStartedAt }) => executionId !== null || evaluationStartedAt !== null,
    }),
    executionId: t.exposeString('executionId', { nullable: true, description: 'The execution that holds it.' }),
    evaluationStartedAt: t.expose('evaluationStartedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when a worker evaluates it.',
    }),
    workerId: t.exposeString('workerId', { nullable: true, description: 'Id of the service that evaluates it.' }),
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
      description: 'When it is due; null where it is off, or not due by time.',
    }),
    backfill: t.field({
      type: BackfillRef,
      nullable: true,
      description: 'The dates of the past that it is run for.',
      resolve: ({ backfill }) => backfill as unknown as Backfill | null,
    }),
    workerGroup: t.string({
      nullable: true,
      description: 'Key of the worker group that takes it; null: workers of no group.',
      resolve: ({ workerGroup }) => workerGroup || null,
    }),
    version: t.exposeInt('version', {
      description:
        'Counts what people and sources changed: give it back, and nothing that you did not see is overwritten.',
    }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When people or sources last changed it.' }),
    flow: guardedOne<Trigger, Flow>(t, {
      type: refOf('Flow') as never,
      description: 'Its flow.',
      permission: 'FLOW:READ',
      scope: ({ tenantId }) => ({ tenantId }),
      model: 'flow',
      id: ({ flowKey }) => flowKey,
    }),
    viewerPermissions: viewerPermissions<Trigger>(t, 'TRIGGER', ({ tenantId }) => ({ tenantId })),
  }),
});
registerNode({ typename: 'Trigger', resource: 'TRIGGER' });

/** A key that is an expression is no secret by itself. */
function shownDefinition(trigger: Trigger, { session }: Context): unknown {
  const { definition, kind, tenantId } = trigger;
  const { key } = definition as { key?: unknown };
  if (kind !== 'WEBHOOK' || key === undefined || /^\s*\{\{[^{}]*\}\}\s*$/.test(String(key))) return definition;
  return session.can('TRIGGER:UPDATE', { ...trigger }, { tenantId })
    ? definition
    : { ...(definition as object), key: '***' };
}

/** A service by the id that it gave itself. @throws FORBIDDEN. */
function workerOf(context: Context, serviceId: string): Promise<Row | null> {
  const { where } = context.session.grant('WORKER:READ');
  return loadByNames(context, 'worker', where as Condition, { serviceId });
}

const TriggerConnection = connectionType('Trigger', TriggerRef);
const order = orderBy('Trigger', {
  TRIGGER_ID: { column: 'triggerId', description: 'By name.' },
  FLOW_ID: { column: 'flowId', description: "By the flow's name." },
  NAMESPACE: { column: 'namespace', description: 'By namespace.' },
  UPDATED_AT: { column: 'updatedAt', description: 'By the time of the last change.' },
});
export const TriggerWhere = builder.inputType('TriggerWhere', {
  description: 'Which triggers.',
  fields: (t) => ({
    namespace: t.string({ description: 'In this very namespace.' }),
    under: t.string({ description: 'In this namespace and all below it.' }),
    flowId: t.string({ description: 'Of flows of this name.' }),
    triggerId: t.string({ description: 'Of this very name.' }),
    kind: t.field({ type: KindEnum, description: 'Of this kind.' }),
    type: t.string({ description: 'Of this very type.' }),
    disabled: t.boolean({ description: 'Only those that are off, or only those that are on.' }),
    locked: t.boolean({ description: 'Only those that are held, or only those that are not.' }),
    backfilling: t.boolean({ description: 'Only those with a backfill, or only those without.' }),
    workerId: t.string({ description: 'Evaluated by this service.' }),
    dueBefore: t.field({ type: 'DateTime', description: 'Due before then.' }),
    text: t.string({ description: 'Namespace, flow or name contains this, in any case.' }),
  }),
});
export type TriggerFilter = typeof TriggerWhere.$inferInput;

export function triggerCondition({
  namespace,
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
    ...(namespace != null ? [{ namespace }] : []),
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
  model: 'trigger',
  where: { input: TriggerWhere, toCondition: triggerCondition },
  order,
} as const;

builder.prismaObjectFields('Tenant', (t) => ({
  triggers: connection(t, {
    ...list,
    description: 'The triggers of the tenant that the viewer may read.',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    within: ({ id }) => ({ tenantId: id }),
  }),
  trigger: t.field({
    type: TriggerRef,
    nullable: true,
    description: 'One trigger by its names.',
    access: { decides: 'TRIGGER:READ' },
    args: {
      namespace: t.arg.string({ required: true, description: 'Full name of the namespace.' }),
      flowId: t.arg.string({ required: true, description: "The flow's name." }),
      triggerId: t.arg.string({ required: true, description: 'Its own name.' }),
    },
    resolve: ({ id }: Tenant, names, context) => {
      const { where } = context.session.grant('TRIGGER:READ', { tenantId: id });
      return loadByNames(
        context,
        'trigger',
        { AND: [{ tenantId: id }, where] },
        { ...names },
      ) as Promise<Trigger | null>;
    },
  }),
}));
builder.prismaObjectField('Flow', 'triggers', (t) =>
  connection(t, {
    ...list,
    description: 'Its triggers, as far as the viewer may read them.',
    scopes: ({ tenantId }: Flow) => ({ tenantId }),
    within: ({ id }) => ({ flowKey: id }),
    relation: { model: 'flow', field: 'triggers' },
  }),
);
