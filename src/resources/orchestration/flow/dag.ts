interface Fault {
  /** Path in the list of tasks. */
  readonly at: readonly (string | number)[];
  readonly message: string;
}
interface Node {
  readonly id: string;
  readonly index: number;
  readonly dependsOn: readonly string[];
}

export const isDag = (type: string): boolean => type.endsWith('.Dag');

/** The tasks of a Dag by ID. Invalid tasks are reported elsewhere. */
function nodesOf(tasks: readonly unknown[]): Map<string, Node> {
  const nodes = tasks.flatMap((item, index): Node[] => {
    const { task, dependsOn } = (item ?? {}) as { task?: { id?: unknown }; dependsOn?: unknown };
    if (typeof task?.id !== 'string') return [];
    return [{ id: task.id, index, dependsOn: Array.isArray(dependsOn) ? dependsOn.map(String) : [] }];
  });
  return new Map(nodes.map((node) => [node.id, node]));
}

/** Missing dependencies and cycles of a Dag. Such a run fails or never ends. */
export function dagFaults(tasks: readonly unknown[]): Fault[] {
  const nodes = nodesOf(tasks);
  const faults: Fault[] = [];
  for (const { index, dependsOn } of nodes.values()) {
    for (const [i, other] of dependsOn.entries())
      if (!nodes.has(other))
        faults.push({ at: [index, 'dependsOn', i], message: `The task ${other} does not exist in this Dag.` });
  }
  const cycle = cycleIn(nodes);
  if (cycle) {
    const message = `The dependencies of these tasks form a cycle: ${[...cycle, cycle[0]].map((node) => node!.id).join(' → ')}.`;
    faults.push({ at: [cycle[0]!.index, 'dependsOn'], message });
  }
  return faults;
}

/** Removes tasks without remaining dependencies until none is left. The rest is in a cycle or waits for one. */
function cycleIn(nodes: ReadonlyMap<string, Node>): Node[] | undefined {
  const left = new Map(nodes);
  for (let before = -1; before !== left.size; ) {
    before = left.size;
    for (const [id, { dependsOn }] of left) if (!dependsOn.some((other) => left.has(other))) left.delete(id);
  }
  const way: Node[] = [];
  for (let node = left.values().next().value; node; node = left.get(node.dependsOn.find((id) => left.has(id))!)) {
    const known = way.indexOf(node);
    if (known >= 0) return way.slice(known);
    way.push(node);
  }
  return undefined;
}
