import { within } from '../../../access/where.ts';
import type { Flow, Namespace, Tenant } from '../../../db/generated/client.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { type Condition, connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { loadByNames } from '../../../graphql/connection/loaders.ts';
import { rows } from '../../../graphql/connection/reach.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { decodeId, registerNode } from '../../../graphql/node.ts';
import { tenantFields } from '../../../graphql/tenant-fields.ts';
import { escapeLike } from '../../../lib/text.ts';
import { TaskRef, TopologyRef, taskOf } from './task-type.ts';
import type { FlowTask } from './tasks.ts';
import { topologyOf } from './topology.ts';

export const FlowRef = builder.prismaNode('Flow', {
  description: 'A workflow: its latest revision, and the state that Gatehouse keeps.',
  id: { field: 'id' },
  fields: (t) => ({
    namespaceName: t.exposeString('namespace', { description: 'Namespace of the flow. Immutable.' }),
    ...tenantFields<Flow>(t),
    flowId: t.exposeString('flowId', { description: 'ID of the flow in its namespace. Immutable.' }),
    revision: t.exposeInt('revision', { description: 'Number of the latest revision, from 1.' }),
    source: t.exposeString('source', { description: 'YAML source as saved, byte for byte.' }),
    description: t.exposeString('description', { nullable: true, description: 'Description in the source.' }),
    disabled: t.exposeBoolean('disabled', {
      description: 'True if the flow is disabled. This is the state in effect.',
    }),
    declaredDisabled: t.exposeBoolean('declaredDisabled', { description: 'Value of disabled in the source.' }),
    labels: t.field({ type: 'JSON', description: 'Labels: text values by key.', resolve: ({ labels }) => labels }),
    inputs: t.field({
      type: 'JSON',
      description: 'Declared inputs, as a list.',
      resolve: ({ inputs }) => inputs,
    }),
    tasks: t.field({
      type: [TaskRef],
      description: 'Tasks, including nested tasks, in source order.',
      resolve: (flow) => tasksOf(flow).map((task) => taskOf(flow, task)),
    }),
    task: t.field({
      type: TaskRef,
      nullable: true,
      description: 'A task by its ID.',
      args: { id: t.arg.string({ required: true, description: 'ID in the flow.' }) },
      resolve: (flow, { id }) => {
        const found = tasksOf(flow).find((task) => task.id === id);
        return found ? taskOf(flow, found) : null;
      },
    }),
    taskCount: t.exposeInt('taskCount', { description: 'Number of tasks, without nested tasks.' }),
    topology: t.field({
      type: TopologyRef,
      description: 'Tasks and triggers, as a graph. Includes the triggers that the viewer can read.',
      resolve: async (flow, _args, context) => {
        const grant = context.session.may('TRIGGER:READ', { tenantId: flow.tenantId });
        const triggers = grant
          ? await rows(context).find({
              model: 'Trigger',
              where: { AND: [{ flowKey: flow.id }, grant.where] },
              order: [['triggerId', 'asc']],
            })
          : [];
        return topologyOf(tasksOf(flow), triggers as never);
      },
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was first saved.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
    viewerPermissions: viewerPermissions<Flow>(t, 'FLOW', ({ tenantId }) => ({ tenantId })),
  }),
});
registerNode({
  typename: 'Flow',
  resource: 'FLOW',
  declared: {
    by: 'source',
    fields: [
      'namespaceName',
      'flowId',
      'description',
      'declaredDisabled',
      'labels',
      'inputs',
      'tasks',
      'task',
      'taskCount',
    ],
  },
});

const tasksOf = ({ tasks }: Flow): readonly FlowTask[] => tasks as unknown as FlowTask[];

const FlowConnection = connectionType('Flow', FlowRef);
const order = orderBy('Flow', {
  FLOW_ID: { column: 'flowId', description: 'By flow ID.' },
  NAMESPACE_NAME: { column: 'namespace', description: 'By namespace.' },
  UPDATED_AT: { column: 'updatedAt', description: 'By the time of the last change.' },
});
/** Max number of IDs in a filter, as in the mutations on many flows. */
const maxIds = 1_000;
export const FlowWhere = builder.inputType('FlowWhere', {
  description: 'Filter for flows.',
  fields: (t) => ({
    ids: t.idList({ description: `Any of these flows, at most ${maxIds}.` }),
    namespaceName: t.string({ description: 'Exactly this namespace.' }),
    under: t.string({ description: 'This namespace and all below it.' }),
    flowId: t.string({ description: 'Exactly this flow ID.' }),
    labels: t.stringList({ description: 'All of these labels, each as key:value.' }),
    disabled: t.boolean({ description: 'True for disabled flows, false for enabled flows.' }),
    text: t.string({ description: 'Case-insensitive search in flow ID, namespace and description.' }),
    source: t.string({ description: 'Case-insensitive search in the source.' }),
    taskType: t.string({ description: 'Exactly this type of a task, nested tasks included.' }),
  }),
});

function idsIn(given: readonly (string | number)[]): string[] {
  const path = ['where', 'ids'];
  if (given.length > maxIds) throw badInput(path, `At most ${maxIds} IDs are allowed.`);
  return given.map((id, i) => decodeId(String(id), ['Flow'], [...path, i]).id);
}

export function flowCondition({
  ids,
  namespaceName,
  under,
  flowId,
  labels,
  disabled,
  text,
  source,
  taskType,
}: typeof FlowWhere.$inferInput): Condition {
  const contains = (part: string) => ({ contains: escapeLike(part), mode: 'insensitive' });
  return {
    AND: [
      ids != null ? { id: { in: idsIn(ids) } } : {},
      namespaceName != null ? { namespace: namespaceName } : {},
      under != null ? within(under) : {},
      flowId != null ? { flowId } : {},
      labels != null && labels.length > 0 ? { labelTexts: { hasEvery: labels } } : {},
      disabled != null ? { disabled } : {},
      text != null
        ? { OR: ['flowId', 'namespace', 'description'].map((column) => ({ [column]: contains(text) })) }
        : {},
      source != null ? { source: contains(source) } : {},
      taskType != null ? { tasks: { array_contains: [{ type: taskType }] } } : {},
    ],
  };
}

const list = {
  connection: FlowConnection,
  permission: 'FLOW:READ',
  model: 'Flow',
  where: { input: FlowWhere, toCondition: flowCondition },
  order,
} as const;

builder.prismaObjectField('Namespace', 'flows', (t) =>
  connection(t, {
    ...list,
    description: 'Flows of exactly this namespace that the viewer can read.',
    scopes: ({ tenantId }: Namespace) => ({ tenantId }),
    within: ({ tenantId, namespace }) => ({ tenantId, namespace }),
  }),
);
builder.prismaObjectFields('Tenant', (t) => ({
  flows: connection(t, {
    ...list,
    description: 'Flows of the tenant that the viewer can read.',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    within: ({ id }) => ({ tenantId: id }),
  }),
  flow: t.field({
    type: FlowRef,
    nullable: true,
    description: 'A flow by its namespace and ID.',
    access: { decides: 'FLOW:READ' },
    args: {
      namespaceName: t.arg.string({ required: true, description: 'Full name of the namespace.' }),
      flowId: t.arg.string({ required: true, description: 'ID of the flow in its namespace.' }),
    },
    resolve: ({ id }, { namespaceName: namespace, flowId }, context) => {
      const { where } = context.session.grant('FLOW:READ', { tenantId: id });
      return loadByNames(
        context,
        'Flow',
        { AND: [{ tenantId: id }, where] },
        { namespace, flowId },
      ) as Promise<Flow | null>;
    },
  }),
}));
