import { Link, useNavigate } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { DependenciesQuery } from '../../generated/DependenciesQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Topology } from '../../ui/graph/Topology.tsx';
import type { FlowPart } from './Flow.tsx';

const query = graphql`
  query DependenciesQuery($id: ID!) {
    node(id: $id) {
      ... on Flow {
        dependencies {
          direction
          kind
          via
          namespaceName
          flowId
          flow {
            id
          }
        }
      }
    }
  }
`;

const kinds: Readonly<Record<string, string>> = { SUBFLOW: 'as a subflow', FLOW_TRIGGER: 'by a trigger' };

/** The flows that this one starts or waits for, and those that refer to it. */
export function Dependencies({ tenant, flow }: FlowPart) {
  const navigate = useNavigate();
  const { node } = useAnswer<DependenciesQuery>(query, { id: flow.id });
  const found = node?.dependencies ?? [];
  if (found.length === 0)
    return (
      <Empty icon="link" title="No dependencies">
        <p>
          Flows that this one starts as subflows, or follows by a trigger, appear here; and those that do so with it.
        </p>
      </Empty>
    );
  const own = `${flow.namespaceName}/${flow.flowId}`;
  const nodes = [...new Set([own, ...found.map(({ namespaceName, flowId }) => `${namespaceName}/${flowId}`)])].map(
    (id) => {
      const [type = '', name = ''] = id.split('/');
      return { id, kind: 'FLOW', name, type, parent: null, branch: null };
    },
  );
  const edges = found.map(({ direction, kind, via, namespaceName, flowId }) => {
    const other = `${namespaceName}/${flowId}`;
    // A trigger waits for the flow that it names.
    const isForward = (direction === 'OUT') === (kind === 'SUBFLOW');
    return {
      from: isForward ? own : other,
      to: isForward ? other : own,
      kind: kind === 'SUBFLOW' ? 'CHILD' : 'TRIGGER',
      label: via,
    };
  });
  const part = (direction: string, title: string) => {
    const rows = found.filter((one) => one.direction === direction);
    return (
      rows.length > 0 && (
        <section aria-label={title}>
          <div className="section">
            <h2>{title}</h2>
            <span className="count">{rows.length}</span>
          </div>
          <ul className="card list">
            {rows.map(({ namespaceName, flowId, kind, via, flow: known }) => (
              <li key={`${namespaceName}/${flowId} ${via} ${kind}`}>
                <span className="grow cut">
                  {known ? (
                    <Link
                      to="/t/$tenant/flows/$namespace/$flow"
                      params={{ tenant, namespace: namespaceName, flow: flowId }}
                    >
                      {flowId}
                    </Link>
                  ) : (
                    flowId
                  )}{' '}
                  <span className="quiet">{namespaceName}</span>
                </span>
                {!known && <span className="badge warn">does not exist, or is hidden from you</span>}
                <span className="quiet p2">
                  {kinds[kind]} <code>{via}</code>
                </span>
              </li>
            ))}
          </ul>
        </section>
      )
    );
  };
  return (
    <>
      <Topology
        label="Dependencies"
        isSmall={nodes.length < 12}
        nodes={nodes}
        edges={edges}
        chosen={own}
        choose={(id) => {
          const [namespace, other] = id?.split('/') ?? [];
          if (namespace !== undefined && other !== undefined && id !== own)
            void navigate({
              to: '/t/$tenant/flows/$namespace/$flow',
              params: { tenant, namespace, flow: other },
              search: { tab: 'dependencies' },
            });
        }}
      />
      <div className="body stack">
        {part('OUT', 'This flow refers to')}
        {part('IN', 'Refer to this flow')}
      </div>
    </>
  );
}
