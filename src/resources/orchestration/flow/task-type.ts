import type { Flow } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import type { FlowTask } from './tasks.ts';
import { edgeKinds, type Topology, type TopologyEdge, type TopologyNode } from './topology.ts';

interface TaskOfFlow extends FlowTask {
  readonly source: string;
}
/** A task with its part of the source. */
export const taskOf = ({ source }: Pick<Flow, 'source'>, task: FlowTask): TaskOfFlow => ({
  ...task,
  source: partOf(source, task.range),
});

/** A part of a source as standalone YAML: the indent of its first line is removed from the others. */
function partOf(source: string, [from, to]: FlowTask['range']): string {
  const column = from - (source.lastIndexOf('\n', from - 1) + 1);
  return source
    .slice(from, to)
    .replace(new RegExp(`\\n {1,${column || 1}}`, 'g'), (blanks) => (column === 0 ? blanks : '\n'));
}

export const TaskRef = builder.objectRef<TaskOfFlow>('Task').implement({
  description: 'A task of a flow.',
  fields: (t) => ({
    id: t.exposeString('id', { description: 'ID, unique in the flow.' }),
    type: t.exposeString('type', { description: 'Type of the task. Gatehouse does not interpret it.' }),
    description: t.exposeString('description', { nullable: true, description: 'The description.' }),
    disabled: t.exposeBoolean('disabled', { description: 'True if the task is disabled in the source.' }),
    parentId: t.exposeString('parentId', { nullable: true, description: 'ID of the parent task.' }),
    branch: t.exposeString('branch', {
      description:
        'Branch of the parent: tasks, errors, finally, afterExecution, then, else, cases with the case, or listeners with the index of the listener.',
    }),
    dependsOn: t.stringList({
      description: 'IDs of the tasks that it waits for, if its parent orders them by dependencies.',
      resolve: ({ dependsOn }) => [...dependsOn],
    }),
    inputs: t.field({
      type: 'JSON',
      description: 'Inputs that the task declares for the resumption of a paused execution (onResume), as a list.',
      resolve: ({ inputs = [] }) => inputs,
    }),
    source: t.exposeString('source', { description: 'Its part of the source, as standalone YAML.' }),
  }),
});

const NodeKind = builder.enumType('TopologyNodeKind', {
  description: 'Kind of a topology node.',
  values: { TASK: { description: 'A task.' }, TRIGGER: { description: 'A trigger.' } },
});
const descriptions: Record<(typeof edgeKinds)[number], string> = {
  TRIGGER: 'The trigger starts the task.',
  SEQUENCE: 'The task runs after the other.',
  CHILD: 'The task runs inside the other.',
  DEPENDENCY: 'The task waits for the other.',
  ERROR: 'The task runs inside the other if that fails.',
};
const EdgeKind = builder.enumType('TopologyEdgeKind', {
  description: 'Kind of a topology edge.',
  values: Object.fromEntries(edgeKinds.map((kind) => [kind, { description: descriptions[kind] }])) as Record<
    (typeof edgeKinds)[number],
    { description: string }
  >,
});
const NodeRef = builder.objectRef<TopologyNode>('TopologyNode').implement({
  description: 'A task or trigger in the graph of a flow.',
  fields: (t) => ({
    id: t.exposeString('id', { description: 'ID in this graph.' }),
    kind: t.field({ type: NodeKind, description: 'Kind of the node.', resolve: ({ kind }) => kind }),
    name: t.exposeString('name', { description: 'ID in the flow.' }),
    type: t.exposeString('type', { description: 'The type.' }),
    parent: t.exposeString('parent', { nullable: true, description: 'ID of the parent node.' }),
    branch: t.exposeString('branch', { nullable: true, description: 'Branch of the parent.' }),
  }),
});
const EdgeRef = builder.objectRef<TopologyEdge>('TopologyEdge').implement({
  description: 'An edge between two nodes.',
  fields: (t) => ({
    from: t.exposeString('from', { description: 'ID of the source node.' }),
    to: t.exposeString('to', { description: 'ID of the target node.' }),
    kind: t.field({ type: EdgeKind, description: 'Kind of the edge.', resolve: ({ kind }) => kind }),
    label: t.exposeString('label', { nullable: true, description: 'Name of the branch, such as else.' }),
  }),
});
export const TopologyRef = builder.objectRef<Topology>('Topology').implement({
  description: 'The graph of a flow.',
  fields: (t) => ({
    nodes: t.field({ type: [NodeRef], description: 'Tasks and triggers.', resolve: ({ nodes }) => [...nodes] }),
    edges: t.field({ type: [EdgeRef], description: 'Edges between nodes.', resolve: ({ edges }) => [...edges] }),
  }),
});
