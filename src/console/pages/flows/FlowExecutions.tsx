import { Link, useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { FlowExecutionsQuery } from '../../generated/FlowExecutionsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { DataTable, pageOf } from '../../ui/DataTable.tsx';
import { secondsOf, shortDuration } from '../../ui/duration.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Filters } from '../../ui/Filters.tsx';
import { Labels } from '../../ui/Labels.tsx';
import { stateFilter, windowFilter } from '../../ui/run-filters.tsx';
import { StateBadge } from '../../ui/StateBadge.tsx';
import { Time } from '../../ui/Time.tsx';
import { useOpenedAt } from '../../ui/useOpenedAt.ts';
import { startOf } from '../../ui/windows.ts';
import type { FlowPart } from './Flow.tsx';

const query = graphql`
  query FlowExecutionsQuery(
    $id: ID!
    $where: ExecutionWhere
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    node(id: $id) {
      ... on Flow {
        executions(where: $where, first: $first, after: $after, last: $last, before: $before) {
          nodes {
            id
            executionId
            state
            startedAt
            duration
            revision
            triggerId
            labels
          }
          pageInfo {
            ...DataTable_pageInfo
          }
        }
      }
    }
  }
`;

const usual = 'week';

/** Executions of the flow, newest first. */
export function FlowExecutions({ tenant, flow }: FlowPart) {
  const search = useSearch({ from: '/t/$tenant/flows/$namespace/$flow' });
  const now = useOpenedAt();
  const from = startOf(search.since ?? usual, now);
  const where = {
    ...(from !== undefined && { from }),
    ...(search.state !== undefined && { state: search.state.split(',') as never }),
  };
  const { node } = useAnswer<FlowExecutionsQuery>(query, { id: flow.id, where, ...pageOf(search) });
  const found = node?.executions;
  if (!found) return <Empty icon="play" title="You do not have permission to see executions" />;
  const isFiltered = search.state !== undefined || search.since !== undefined;
  return (
    <>
      <search className="filters">
        <Filters filters={[windowFilter(usual), stateFilter()]} search={search} />
        <span className="grow" />
        <Link
          className="btn sm"
          to="/t/$tenant/executions"
          params={{ tenant }}
          search={{ under: flow.namespaceName, flow: flow.flowId }}
        >
          All filters and acts
        </Link>
      </search>
      <DataTable
        caption="Executions"
        rows={found.nodes}
        keyOf={({ id }) => id}
        pageInfo={found.pageInfo}
        steps={['Newer', 'Older']}
        empty={{
          icon: 'play',
          title: isFiltered ? 'Nothing matches' : 'No executions in the last 7 days',
          text: <p>{isFiltered ? 'Change the filters.' : 'Run the flow, or choose a longer time.'}</p>,
        }}
        columns={[
          {
            title: 'Execution',
            className: 'main-cell',
            cell: ({ executionId }) => (
              <Link to="/t/$tenant/executions/$execution" params={{ tenant, execution: executionId }}>
                <code>{executionId.slice(0, 8)}</code>
              </Link>
            ),
          },
          { title: 'State', cell: ({ state }) => <StateBadge state={state} /> },
          { title: 'Started', cell: ({ startedAt }) => <Time at={startedAt} /> },
          {
            title: 'Duration',
            className: 'end p2 num',
            cell: ({ duration }) => shortDuration(secondsOf(duration)),
          },
          { title: 'Revision', className: 'end p2 num', cell: ({ revision }) => revision },
          { title: 'By', className: 'p2', cell: ({ triggerId }) => triggerId ?? <span className="quiet">hand</span> },
          { title: 'Labels', className: 'fluid p3', cell: ({ labels }) => <Labels labels={labels} /> },
        ]}
      />
    </>
  );
}
