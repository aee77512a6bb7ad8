import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { Icon } from '../Icon.tsx';
import type { ShownNode } from './fold.ts';
import type { DrawnProps } from './Topology.tsx';
import { shortType } from './type.ts';

const rowHeight = 36;

/** The same nodes as a list: each with what it waits for. */
export function Outline({ shown, chosen, choose, toggle, beside }: DrawnProps) {
  const place = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: shown.nodes.length,
    getScrollElement: () => place.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  const byId = new Map(shown.nodes.map((node) => [node.id, node]));
  const levelOf = (node: ShownNode): number => {
    const parent = node.parent == null ? undefined : byId.get(node.parent);
    return parent ? 1 + levelOf(parent) : 0;
  };
  const before = new Map<string, string[]>();
  for (const { from, to, kind } of shown.edges)
    if (kind !== 'CHILD') before.set(to, [...(before.get(to) ?? []), byId.get(from)?.name ?? from]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard.
    <section ref={place} className="outline" aria-label="Tasks and triggers" tabIndex={0}>
      <ol style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ index, start }) => {
          const node = shown.nodes[index]!;
          const after = before.get(node.id);
          return (
            <li key={node.id} style={{ transform: `translateY(${start}px)` }} aria-current={node.id === chosen}>
              <span className={`outline-name l${Math.min(6, levelOf(node))}`}>
                <Icon name={node.kind === 'TRIGGER' ? 'bolt' : node.inside > 0 ? 'flow' : 'tasks'} />
                {choose ? (
                  <button type="button" className="link" onClick={() => choose(node.id)}>
                    {node.name}
                  </button>
                ) : (
                  <b>{node.name}</b>
                )}
                <span className="quiet cut">{shortType(node.type)}</span>
              </span>
              {beside?.(node)}
              {after && <span className="quiet cut p2">after {after.join(', ')}</span>}
              {node.inside > 0 && (
                <button type="button" className="btn sm" aria-expanded={!node.isFolded} onClick={() => toggle(node.id)}>
                  {node.isFolded ? `Show ${node.inside} inside` : 'Fold'}
                </button>
              )}
            </li>
          );
        })}
      </ol>
    </section>
  );
}
