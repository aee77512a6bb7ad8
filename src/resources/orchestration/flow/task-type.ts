import type { Flow } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import type { FlowTask } from './tasks.ts';
import { edgeKinds, type Topology, type TopologyEdge, type TopologyNode } from './topology.ts';

interface TaskOfFlow extends FlowTask {
  readonly source: string;
}
/** A task with the part of the flow's source that says it. */
export const taskOf = ({ source }: Pick<Flow, 'source'>, task: FlowTask): TaskOfFlow => ({
  ...task,
  source: partOf(source, task.range),
});

/** A part of a source as YAML of its own: the lines behind the first one are moved left as far as that one stood. */
function partOf(source: string, [from, to]: FlowTask['range']): string {
  const column = from - (source.lastIndexOf('\n', from - 1) + 1);
  return source
    .slice(from, to)
    .replace(new RegExp(`\\n {1,${column || 1}}`, 'g'), (blanks) => (column === 0 ? blanks : '\n'));
}

export const TaskRef = builder.objectRef<TaskOfFlow>('Task').implement({
  description: 'A task of a flow.',
  fields: (t) => ({
    id: t.exposeString('id', { description: 'Its id, unique in the flow.' }),
    type: t.exposeString('type', { description: 'What kind of task; Gatehouse knows none of them.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it is for.' }),
    disabled: t.exposeBoolean('disabled', { description: 'Does the source leave it out of runs?' }),
    parentId: t.exposeString('parentId', { nullable: true, description: 'The task that it is nested in.' }),
    branch: t.exposeString('branch', {
      description:
        'Under which word it stands: tasks, errors, finally, afterExecution, then, else, cases with the case, or listeners with the number of the listener.',
    }),
    dependsOn: t.stringList({
      description: 'The tasks that it waits for, where its parent runs them by their dependencies.',
      resolve: ({ dependsOn }) => [...dependsOn],
    }),
    source: t.exposeString('source', { description: "Its part of the flow's source, as YAML of its own." }),
  }),
});

const NodeKind = builder.enumType('TopologyNodeKind', {
  description: 'What a node of a topology is.',
  values: { TASK: { description: 'A task.' }, TRIGGER: { description: 'A trigger.' } },
});
const descriptions: Record<(typeof edgeKinds)[number], string> = {
  TRIGGER: 'A trigger starts it.',
  SEQUENCE: 'It comes after the other.',
  CHILD: 'It is run within the other.',
  DEPENDENCY: 'It waits for the other.',
  ERROR: 'It is run within the other, when that fails.',
};
const EdgeKind = builder.enumType('TopologyEdgeKind', {
  description: 'Why an edge leads from one node to another.',
  values: Object.fromEntries(edgeKinds.map((kind) => [kind, { description: descriptions[kind] }])) as Record<
    (typeof edgeKinds)[number],
    { description: string }
  >,
});
const NodeRef = builder.objectRef<TopologyNode>('TopologyNode').implement({
  description: 'A task or trigger in the graph of a flow.',
  fields: (t) => ({
    id: t.exposeString('id', { description: 'Names it within this graph.' }),
    kind: t.field({ type: NodeKind, description: 'Task or trigger.', resolve: ({ kind }) => kind }),
    name: t.exposeString('name', { description: 'Its id in the flow.' }),
    type: t.exposeString('type', { description: 'Its type.' }),
    parent: t.exposeString('parent', { nullable: true, description: 'The node that it stands in.' }),
    branch: t.exposeString('branch', { nullable: true, description: 'Under which word it stands there.' }),
  }),
});
const EdgeRef = builder.objectRef<TopologyEdge>('TopologyEdge').implement({
  description: 'What comes after what.',
  fields: (t) => ({
    from: t.exposeString('from', { description: 'Id of the node that it leaves.' }),
    to: t.exposeString('to', { description: 'Id of the node that it leads to.' }),
    kind: t.field({ type: EdgeKind, description: 'Why.', resolve: ({ kind }) => kind }),
    label: t.exposeString('label', { nullable: true, description: 'The branch, such as else.' }),
  }),
});
export const TopologyRef = builder.objectRef<Topology>('Topology').implement({
  description: 'A flow as a graph.',
  fields: (t) => ({
    nodes: t.field({ type: [NodeRef], description: 'Its tasks and triggers.', resolve: ({ nodes }) => [...nodes] }),
    edges: t.field({ type: [EdgeRef], description: 'What leads to what.', resolve: ({ edges }) => [...edges] }),
  }),
});
