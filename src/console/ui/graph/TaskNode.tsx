import { Handle, type Node, type NodeProps, Position } from '@xyflow/react';
import type { ReactNode } from 'react';
import { Icon } from '../Icon.tsx';
import type { ShownNode } from './fold.ts';
import { shortType } from './type.ts';

export type TaskNodeData = Node<{
  readonly node: ShownNode;
  readonly isChosen: boolean;
  readonly choose?: (id: string | undefined) => void;
  readonly toggle: (id: string) => void;
  readonly beside?: ReactNode;
}>;

/** A task or a trigger in the graph. */
export function TaskNode({ data: { node, isChosen, choose, toggle, beside } }: NodeProps<TaskNodeData>) {
  const isTrigger = node.kind === 'TRIGGER';
  const isFailure = node.parent == null && node.branch === 'errors';
  const words = (
    <>
      <Icon
        name={isFailure ? 'alert' : isTrigger ? 'bolt' : node.inside > 0 || node.kind === 'FLOW' ? 'flow' : 'tasks'}
      />
      <span className="grow">
        <b className="cut">{node.name}</b>
        <small className="cut">
          {isFailure && 'on failure · '}
          {node.kind === 'FLOW' ? node.type : shortType(node.type)}
        </small>
      </span>
      {beside}
    </>
  );
  return (
    <div
      className={`graph-node ${isTrigger ? 'trigger' : ''} ${isFailure ? 'failure' : ''} ${isChosen ? 'chosen' : ''}`}
    >
      <Handle type="target" position={Position.Top} isConnectable={false} />
      {choose ? (
        <button type="button" className="graph-name" aria-pressed={isChosen} onClick={() => choose(node.id)}>
          {words}
        </button>
      ) : (
        <span className="graph-name">{words}</span>
      )}
      {node.inside > 0 && (
        <button
          type="button"
          className="graph-fold"
          aria-expanded={!node.isFolded}
          aria-label={`${node.inside} ${node.inside === 1 ? 'task' : 'tasks'} in ${node.name}`}
          onClick={() => toggle(node.id)}
        >
          {node.isFolded ? `+${node.inside}` : '−'}
        </button>
      )}
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
}
