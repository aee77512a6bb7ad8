import { Graph, layout } from '@dagrejs/dagre';
import type { Shown } from './fold.ts';

export const nodeWidth = 212;
export const nodeHeight = 52;

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** The place of each node: from the top to the bottom, in the order of the edges. */
export function placesOf({ nodes, edges }: Shown): ReadonlyMap<string, Place> {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: 28, ranksep: 44, marginx: 8, marginy: 8 });
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
