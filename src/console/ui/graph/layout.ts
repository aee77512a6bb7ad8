import { Graph, layout } from '@dagrejs/dagre';
import type { Shown } from './fold.ts';

export const nodeWidth = 212;
export const nodeHeight = 52;

export interface Place {
  readonly x: number;
  readonly y: number;
}

const gap = { margin: 8, column: 28, row: 44 };

/** Places of tasks that run one after the other: the usual long flow needs no search. Undefined for other graphs. */
function placesInRows({ nodes, edges }: Shown): ReadonlyMap<string, Place> | undefined {
  const next = new Map<string, string>();
  const follows = new Set<string>();
  for (const { from, to } of edges) {
    if (next.has(from) || follows.has(to)) return undefined;
    next.set(from, to);
    follows.add(to);
  }
  const places = new Map<string, Place>();
  const starts = nodes.filter(({ id }) => !follows.has(id));
  for (const [column, start] of starts.entries()) {
    let row = 0;
    for (let id: string | undefined = start.id; id !== undefined; id = next.get(id)) {
      places.set(id, {
        x: gap.margin + column * (nodeWidth + gap.column),
        y: gap.margin + row * (nodeHeight + gap.row),
      });
      row += 1;
    }
  }
  return places.size === nodes.length ? places : undefined;
}

/** The place of each node: from the top to the bottom, in the order of the edges. */
export function placesOf(shown: Shown): ReadonlyMap<string, Place> {
  const known = placesInRows(shown);
  if (known) return known;
  const { nodes, edges } = shown;
  const graph = new Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: gap.column, ranksep: gap.row, marginx: gap.margin, marginy: gap.margin });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of nodes) graph.setNode(id, { width: nodeWidth, height: nodeHeight });
  for (const { from, to } of edges) graph.setEdge(from, to);
  layout(graph);
  return new Map(
    nodes.map(({ id }) => {
      const { x, y } = graph.node(id);
      return [id, { x: x - nodeWidth / 2, y: y - nodeHeight / 2 }];
    }),
  );
}
