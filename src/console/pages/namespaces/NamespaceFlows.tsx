import { Link, useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { NamespaceFlowsQuery } from '../../generated/NamespaceFlowsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { DataTable, pageOf } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Labels } from '../../ui/Labels.tsx';
import { StateBadge } from '../../ui/StateBadge.tsx';
import { Ago } from '../../ui/Time.tsx';
import type { NamespacePart } from './Namespace.tsx';

const query = graphql`
  query NamespaceFlowsQuery(
    $tenant: String!
    $under: String!
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    tenant(key: $tenant) {
      flows(
        where: { under: $under }
        orderBy: { field: NAMESPACE_NAME }
        first: $first
        after: $after
        last: $last
        before: $before
      ) {
        nodes {
          id
          flowId
          namespaceName
          description
          disabled
          labels
          executions(first: 1) {
            nodes {
              id
              state
              startedAt
            }
          }
        }
        pageInfo {
          ...DataTable_pageInfo
        }
      }
    }
  }
`;

/** The flows of the namespace and below. */
export function NamespaceFlows({ tenant: key, namespace: { name } }: NamespacePart) {
  const search = useSearch({ from: '/t/$tenant/namespaces/$namespace' });
  const { tenant } = useAnswer<NamespaceFlowsQuery>(query, { tenant: key, under: name, ...pageOf(search) });
  if (!tenant?.flows) return <Empty icon="flow" title="You do not have permission to see flows" />;
  return (
    <>
      <div className="tools">
        <Link className="btn sm" to="/t/$tenant/flows" params={{ tenant: key }} search={{ under: name }}>
          All filters and acts
        </Link>
        <Link
          className="btn sm primary"
          to="/t/$tenant/flows/new"
          params={{ tenant: key }}
          search={{ namespace: name }}
        >
          <Icon name="plus" />
          Create a flow
        </Link>
      </div>
      <DataTable
        caption="Flows"
        rows={tenant.flows.nodes}
        keyOf={({ id }) => id}
        pageInfo={tenant.flows.pageInfo}
        empty={{ icon: 'flow', title: 'No flows here', text: <p>Create one, or move one here by its source.</p> }}
        columns={[
          {
            title: 'Flow',
            className: 'main-cell',
            cell: ({ flowId, namespaceName, disabled }) => (
              <>
                <Link
                  to="/t/$tenant/flows/$namespace/$flow"
                  params={{ tenant: key, namespace: namespaceName, flow: flowId }}
                >
                  {flowId}
                </Link>{' '}
                {disabled && <span className="badge fail">Disabled</span>}
                <span className="sub">{namespaceName}</span>
              </>
            ),
          },
          { title: 'Description', className: 'fluid p2', cell: ({ description }) => description },
          { title: 'Labels', className: 'p3', cell: ({ labels }) => <Labels labels={labels} /> },
          {
            title: 'Last execution',
            cell: ({ executions }) => {
              const last = executions?.nodes[0];
              return last ? (
                <span className="row">
                  <StateBadge state={last.state} />
                  <span className="quiet p2">
                    <Ago at={last.startedAt} />
                  </span>
                </span>
              ) : (
                <span className="quiet">never</span>
              );
            },
          },
        ]}
      />
    </>
  );
}
