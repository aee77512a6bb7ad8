import { within } from '../../../access/where.ts';
import type { Flow, Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection, delegate } from '../../../graphql/connection/connection.ts';
import { type Condition, connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { loadByNames } from '../../../graphql/connection/loaders.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { registerNode } from '../../../graphql/node.ts';
import { escapeLike } from '../../../lib/text.ts';
import { TaskRef, TopologyRef, taskOf } from './task-type.ts';
import type { FlowTask } from './tasks.ts';
import { topologyOf } from './topology.ts';

export const FlowRef = builder.prismaNode('Flow', {
  description: 'A workflow: its latest revision, as its source says, and the state that Gatehouse keeps of it.',
  id: { field: 'id' },
  fields: (t) => ({
    namespace: t.exposeString('namespace', { description: 'Where it is. Never changes.' }),
    flowId: t.exposeString('flowId', { description: 'Its name within the namespace. Never changes.' }),
    revision: t.exposeInt('revision', { description: 'Number of the latest revision, from 1 on.' }),
    source: t.exposeString('source', { description: 'The YAML that was saved, byte for byte.' }),
    description: t.exposeString('description', { nullable: true, description: 'What its source says it is for.' }),
    disabled: t.exposeBoolean('disabled', {
      description: 'Is it stopped as a whole? The state that Gatehouse keeps: the truth.',
    }),
    declaredDisabled: t.exposeBoolean('declaredDisabled', { description: 'What its source says of that.' }),
    labels: t.field({ type: 'JSON', description: 'Texts by key.', resolve: ({ labels }) => labels }),
    inputs: t.field({
      type: 'JSON',
      description: 'The inputs that it declares, as a list.',
      resolve: ({ inputs }) => inputs,
    }),
    tasks: t.field({
      type: [TaskRef],
      description: 'Its tasks, nested ones too, in the order of the source.',
      resolve: (flow) => tasksOf(flow).map((task) => taskOf(flow, task)),
    }),
    task: t.field({
      type: TaskRef,
      nullable: true,
      description: 'One task by its id.',
      args: { id: t.arg.string({ required: true, description: 'Its id in the flow.' }) },
      resolve: (flow, { id }) => {
        const found = tasksOf(flow).find((task) => task.id === id);
        return found ? taskOf(flow, found) : null;
      },
    }),
    taskCount: t.exposeInt('taskCount', { description: 'How many tasks it has, without those nested in others.' }),
    topology: t.field({
      type: TopologyRef,
      description: 'Its tasks and triggers as a graph; triggers as far as the viewer may read them.',
      resolve: async (flow, _args, context) => {
        const grant = context.session.may('TRIGGER:READ', { tenantId: flow.tenantId });
        const triggers = grant
          ? await delegate(context, 'trigger').findMany({
              where: { AND: [{ flowKey: flow.id }, grant.where] },
              orderBy: { triggerId: 'asc' },
            })
          : [];
        return topologyOf(tasksOf(flow), triggers as never);
      },
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was first saved.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
    viewerPermissions: viewerPermissions<Flow>(t, 'FLOW', ({ tenantId }) => ({ tenantId })),
  }),
});
registerNode({
  typename: 'Flow',
  resource: 'FLOW',
  declared: {
    by: 'source',
    fields: [
      'namespace',
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
  FLOW_ID: { column: 'flowId', description: 'By flow id.' },
  NAMESPACE: { column: 'namespace', description: 'By namespace.' },
  UPDATED_AT: { column: 'updatedAt', description: 'By the time of the last change.' },
});
const Where = builder.inputType('FlowWhere', {
  description: 'Which flows.',
  fields: (t) => ({
    namespace: t.string({ description: 'In this very namespace.' }),
    under: t.string({ description: 'In this namespace and all below it.' }),
    flowId: t.string({ description: 'Exactly this flow id.' }),
    labels: t.stringList({ description: 'With all of these labels, each as key:value.' }),
    disabled: t.boolean({ description: 'Only stopped ones, or only the others.' }),
    text: t.string({ description: 'Flow id, namespace or description contains this, in any case.' }),
    source: t.string({ description: 'The source contains this, in any case.' }),
  }),
});

export function flowCondition({
  namespace,
  under,
  flowId,
  labels,
  disabled,
  text,
  source,
}: typeof Where.$inferInput): Condition {
  const contains = (part: string) => ({ contains: escapeLike(part), mode: 'insensitive' });
  return {
    AND: [
      namespace != null ? { namespace } : {},
      under != null ? within(under) : {},
      flowId != null ? { flowId } : {},
      labels != null && labels.length > 0 ? { labelTexts: { hasEvery: labels } } : {},
      disabled != null ? { disabled } : {},
      text != null
        ? { OR: ['flowId', 'namespace', 'description'].map((column) => ({ [column]: contains(text) })) }
        : {},
      source != null ? { source: contains(source) } : {},
    ],
  };
}

builder.prismaObjectFields('Tenant', (t) => ({
  flows: connection(t, {
    connection: FlowConnection,
    description: 'The flows of the tenant that the viewer may read.',
    permission: 'FLOW:READ',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    model: 'flow',
    within: ({ id }) => ({ tenantId: id }),
    where: { input: Where, toCondition: flowCondition },
    order,
  }),
  flow: t.field({
    type: FlowRef,
    nullable: true,
    description: 'One flow by its names.',
    access: { decides: 'FLOW:READ' },
    args: {
      namespace: t.arg.string({ required: true, description: 'Full name of its namespace.' }),
      flowId: t.arg.string({ required: true, description: 'Its name there.' }),
    },
    resolve: ({ id }, { namespace, flowId }, context) => {
      const { where } = context.session.grant('FLOW:READ', { tenantId: id });
      return loadByNames(
        context,
        'flow',
        { AND: [{ tenantId: id }, where] },
        { namespace, flowId },
      ) as Promise<Flow | null>;
    },
  }),
}));
