import { useNavigate, useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { FlowTopologyQuery } from '../../generated/FlowTopologyQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Topology } from '../../ui/graph/Topology.tsx';
import { Icon } from '../../ui/Icon.tsx';
import type { FlowPart } from './Flow.tsx';

const query = graphql`
  query FlowTopologyQuery($id: ID!, $task: String!, $hasTask: Boolean!) {
    node(id: $id) {
      ... on Flow {
        topology {
          nodes {
            id
            kind
            name
            type
            parent
            branch
          }
          edges {
            from
            to
            kind
            label
          }
        }
        task(id: $task) @include(if: $hasTask) {
          id
          type
          description
          source
          disabled
        }
      }
    }
  }
`;

/** The tasks and triggers of the flow. A chosen task shows its part of the source. */
export function FlowTopology({ flow }: FlowPart) {
  const { task } = useSearch({ from: '/t/$tenant/flows/$namespace/$flow' });
  const navigate = useNavigate();
  const id = task?.replace(/^task:/, '');
  const { node } = useAnswer<FlowTopologyQuery>(query, {
    id: flow.id,
    task: id ?? '',
    hasTask: task?.startsWith('task:') === true,
  });
  const choose = (chosen: string | undefined) =>
    void navigate({
      to: '.',
      search: ((before: object) => ({ ...before, task: chosen === task ? undefined : chosen })) as never,
      replace: true,
      resetScroll: false,
    });
  const graph = node?.topology;
  if (!graph || graph.nodes.length === 0) return <Empty icon="flow" title="This flow has no tasks" />;
  const shown = node?.task;
  return (
    <div className={shown ? 'split' : ''}>
      <Topology nodes={graph.nodes} edges={graph.edges} chosen={task} choose={choose} />
      {shown && (
        <aside className="panel" aria-label={`Task ${shown.id}`}>
          <div className="panel-head">
            <h2 className="grow cut">{shown.id}</h2>
            {shown.disabled && <span className="badge fail">Disabled</span>}
            <button type="button" className="btn plain icon sm" aria-label="Close" onClick={() => choose(undefined)}>
              <Icon name="x" />
            </button>
          </div>
          <div className="panel-body">
            <p className="quiet wrap">{shown.type}</p>
            {shown.description && <p>{shown.description}</p>}
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard. */}
            <pre className="code-block" tabIndex={0}>
              {shown.source}
            </pre>
          </div>
        </aside>
      )}
    </div>
  );
}
