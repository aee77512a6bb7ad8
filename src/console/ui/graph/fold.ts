/** A node of a topology: a task or a trigger. */
export interface GraphNode {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly type: string;
  readonly parent: string | null | undefined;
  readonly branch: string | null | undefined;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: string;
  readonly label?: string | null | undefined;
}

export interface ShownNode extends GraphNode {
  /** Number of nodes inside, which are hidden while it is folded. */
  readonly inside: number;
  readonly isFolded: boolean;
}

export interface Shown {
  readonly nodes: readonly ShownNode[];
  readonly edges: readonly GraphEdge[];
  /** Number of nodes at the top that are not shown yet. */
  readonly left: number;
}

/** Above this number, tasks inside other tasks are folded, and the tasks at the top are shown in parts. */
export const maxShown = 200;

/** Chooses the nodes to draw. @param open IDs whose folding differs from the first picture. @param limit at the top. */
export function fold(
  nodes: readonly GraphNode[],
  edges: readonly GraphEdge[],
  open: ReadonlySet<string>,
  limit: number,
): Shown {
  const children = new Map<string | undefined, GraphNode[]>();
  const known = new Set(nodes.map(({ id }) => id));
  for (const node of nodes) {
    const parent = node.parent != null && known.has(node.parent) ? node.parent : undefined;
    children.set(parent, [...(children.get(parent) ?? []), node]);
  }
  const isFoldedAtFirst = nodes.length > maxShown;
  const countIn = (id: string): number =>
    (children.get(id) ?? []).reduce((sum, child) => sum + 1 + countIn(child.id), 0);
  const shown: ShownNode[] = [];
  const top = children.get(undefined) ?? [];
  const visit = (node: GraphNode) => {
    const inside = countIn(node.id);
    const isFolded = inside > 0 && open.has(node.id) !== isFoldedAtFirst;
    shown.push({ ...node, inside, isFolded });
    if (!isFolded) for (const child of children.get(node.id) ?? []) visit(child);
  };
  for (const node of top.slice(0, limit)) visit(node);
  const isShown = new Set(shown.map(({ id }) => id));
  return {
    nodes: shown,
    edges: edges.filter(({ from, to }) => isShown.has(from) && isShown.has(to)),
    left: Math.max(0, top.length - limit),
  };
}
