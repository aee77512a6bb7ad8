import {
  Background,
  Controls,
  type Edge,
  MarkerType,
  type Node,
  ReactFlow,
  type ReactFlowInstance,
} from '@xyflow/react';
import { type ReactNode, useMemo, useState } from 'react';
import { isDark } from '../../frame/theme.ts';
import { Icon } from '../Icon.tsx';
import { fold, type GraphEdge, type GraphNode, maxShown } from './fold.ts';
import { nodeHeight, nodeWidth, placesOf } from './layout.ts';
import { Outline } from './Outline.tsx';
import { TaskNode } from './TaskNode.tsx';
import '@xyflow/react/dist/base.css';
import './graph.css';

export interface TopologyProps {
  readonly label?: string;
  /** True for a few nodes on a page with more below. */
  readonly isSmall?: boolean;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** ID of the chosen node. */
  readonly chosen?: string | undefined;
  readonly choose?: ((id: string | undefined) => void) | undefined;
  /** What a node shows next to its name, such as its state. */
  readonly beside?: ((node: GraphNode) => ReactNode) | undefined;
}

/** Above this number, only the nodes in view are in the page. */
const maxDrawn = 50;
const nodeTypes = { task: TaskNode };
const words: Readonly<Record<string, string>> = { ERROR: 'on failure' };

const edgeOf = ({ from, to, kind, label }: GraphEdge): Edge => ({
  id: `${from} ${to} ${kind}`,
  source: from,
  target: to,
  type: 'smoothstep',
  className: `edge-${kind.toLowerCase()}`,
  focusable: false,
  ...(label || words[kind] ? { label: label ?? words[kind] } : {}),
  markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14, color: 'var(--line-control)' },
});

/** Tasks and triggers as a graph, and as a list for keyboards and screen readers. Large ones are folded. */
export function Topology({ label = 'Topology', isSmall = false, nodes, edges, chosen, choose, beside }: TopologyProps) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [limit, setLimit] = useState(maxShown);
  const [isList, setIsList] = useState(false);
  const shown = useMemo(() => fold(nodes, edges, open, limit), [nodes, edges, open, limit]);
  const toggle = (id: string) =>
    setOpen((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  return (
    <section className={`topology ${isSmall ? 'small' : ''}`} aria-label={label}>
      <div className="tools start">
        <fieldset className="segments" aria-label="Show as">
          <button type="button" className="btn sm" aria-pressed={!isList} onClick={() => setIsList(false)}>
            Graph
          </button>
          <button type="button" className="btn sm" aria-pressed={isList} onClick={() => setIsList(true)}>
            List
          </button>
        </fieldset>
        <span className="quiet">
          {nodes.length.toLocaleString()} {nodes.length === 1 ? 'node' : 'nodes'}
          {shown.nodes.length < nodes.length && `, ${shown.nodes.length.toLocaleString()} shown`}
        </span>
        {shown.left > 0 && (
          <button type="button" className="btn sm" onClick={() => setLimit(limit + maxShown)}>
            <Icon name="plus" />
            Show {Math.min(maxShown, shown.left)} more
          </button>
        )}
      </div>
      {isList ? (
        <Outline shown={shown} chosen={chosen} choose={choose} toggle={toggle} beside={beside} />
      ) : (
        <Drawing shown={shown} chosen={chosen} choose={choose} toggle={toggle} beside={beside} />
      )}
    </section>
  );
}

export interface DrawnProps extends Pick<TopologyProps, 'chosen' | 'choose' | 'beside'> {
  readonly shown: ReturnType<typeof fold>;
  readonly toggle: (id: string) => void;
}

/** Below this, names cannot be read, nor buttons hit. */
const minReadable = 0.82;
const space = 24;

/** Shows the whole graph if it can be read then, else its start. */
async function showStart(flow: ReactFlowInstance, nodes: readonly Node[]): Promise<void> {
  await flow.fitView({ maxZoom: 1, minZoom: minReadable });
  const { zoom } = flow.getViewport();
  const box = flow.getNodesBounds([...nodes]);
  const area = document.querySelector('.graph')?.getBoundingClientRect();
  if (!area || (box.height * zoom <= area.height && box.width * zoom <= area.width)) return;
  const [first] = nodes;
  const isWide = box.width * zoom > area.width;
  const x =
    isWide && first
      ? area.width / 2 - (first.position.x + nodeWidth / 2) * zoom
      : (area.width - box.width * zoom) / 2 - box.x * zoom;
  await flow.setViewport({
    x,
    y: box.height * zoom > area.height ? space - box.y * zoom : (area.height - box.height * zoom) / 2,
    zoom,
  });
}

function Drawing({ shown, chosen, choose, toggle, beside }: DrawnProps) {
  const places = useMemo(() => placesOf(shown), [shown]);
  const edges = useMemo(() => shown.edges.map(edgeOf), [shown]);
  const nodes: Node[] = shown.nodes.map((node) => ({
    id: node.id,
    type: 'task',
    position: places.get(node.id)!,
    width: nodeWidth,
    height: nodeHeight,
    focusable: false,
    data: { node, isChosen: node.id === chosen, choose, toggle, beside: beside?.(node) },
  }));
  return (
    <div className="graph">
      <ReactFlow
        key={`${shown.nodes.length}`}
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        colorMode={isDark() ? 'dark' : 'light'}
        onInit={(flow) => void showStart(flow, nodes)}
        minZoom={0.05}
        maxZoom={1.5}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        zoomOnScroll={false}
        preventScrolling={false}
        onlyRenderVisibleElements={shown.nodes.length > maxDrawn}
        proOptions={{ hideAttribution: true }}
        onPaneClick={() => choose?.(undefined)}
      >
        <Background gap={20} />
        <Controls showInteractive={false} position="top-right" />
      </ReactFlow>
    </div>
  );
}
