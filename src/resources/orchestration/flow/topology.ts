import type { FlowTask } from './tasks.ts';

export interface TopologyNode {
  /** task:ID or trigger:ID. */
  readonly id: string;
  readonly kind: 'TASK' | 'TRIGGER';
  readonly name: string;
  readonly type: string;
  /** ID of the parent node. */
  readonly parent: string | null;
  readonly branch: string | null;
}

export const edgeKinds = ['TRIGGER', 'SEQUENCE', 'CHILD', 'DEPENDENCY', 'ERROR'] as const;
export interface TopologyEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: (typeof edgeKinds)[number];
  /** Name of the branch, such as else. */
  readonly label: string | null;
}

export interface Topology {
  readonly nodes: readonly TopologyNode[];
  readonly edges: readonly TopologyEdge[];
}

const nodeOf = (id: string): string => `task:${id}`;
const runsAtOnce = (type: string): boolean => /\.(Parallel|EachParallel|Dag)$/.test(type);

/**
 * The graph of a flow: from triggers to the first task, and from each task to those after it, inside it or depending on
 * it.
 */
export function topologyOf(
  tasks: readonly FlowTask[],
  triggers: readonly { readonly triggerId: string; readonly type: string }[],
): Topology {
  const types = new Map(tasks.map(({ id, type }) => [id, type]));
  const edges: TopologyEdge[] = [];
  const groups = Map.groupBy(tasks, ({ parentId, branch }) => `${parentId ?? ''}\0${branch}`);
  for (const group of groups.values()) {
    const { parentId, branch } = group[0]!;
    const atOnce = parentId !== null && runsAtOnce(types.get(parentId) ?? '') && branch === 'tasks';
    for (const [i, { id, dependsOn }] of group.entries()) {
      for (const other of dependsOn)
        if (types.has(other)) edges.push({ from: nodeOf(other), to: nodeOf(id), kind: 'DEPENDENCY', label: null });
      const former = group[i - 1];
      if (former && !atOnce) edges.push({ from: nodeOf(former.id), to: nodeOf(id), kind: 'SEQUENCE', label: null });
      else if (parentId !== null && dependsOn.length === 0)
        edges.push({
          from: nodeOf(parentId),
          to: nodeOf(id),
          kind: branch === 'errors' ? 'ERROR' : 'CHILD',
          label: branch === 'tasks' ? null : branch.replace(/^cases\./, ''),
        });
    }
  }
  const first = tasks.find(({ parentId, branch }) => parentId === null && branch === 'tasks');
  for (const { triggerId } of triggers)
    if (first) edges.push({ from: `trigger:${triggerId}`, to: nodeOf(first.id), kind: 'TRIGGER', label: null });
  return {
    nodes: [
      ...triggers.map(({ triggerId, type }) => ({
        id: `trigger:${triggerId}`,
        kind: 'TRIGGER' as const,
        name: triggerId,
        type,
        parent: null,
        branch: null,
      })),
      ...tasks.map(({ id, type, parentId, branch }) => ({
        id: nodeOf(id),
        kind: 'TASK' as const,
        name: id,
        type,
        parent: parentId === null ? null : nodeOf(parentId),
        branch,
      })),
    ],
    edges,
  };
}
