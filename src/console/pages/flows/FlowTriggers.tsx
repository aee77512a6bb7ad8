import { useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { FlowTriggersQuery } from '../../generated/FlowTriggersQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { DataTable, pageOf } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { triggerColumns } from '../../ui/triggers/columns.tsx';
import { rowsOf } from '../../ui/triggers/row.ts';
import type { FlowPart } from './Flow.tsx';

const query = graphql`
  query FlowTriggersQuery($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    node(id: $id) {
      ... on Flow {
        triggers(first: $first, after: $after, last: $last, before: $before) {
          nodes {
            ...row_trigger
          }
          pageInfo {
            ...DataTable_pageInfo
          }
        }
      }
    }
  }
`;

/** The triggers of the flow, with their state. */
export function FlowTriggers({ tenant, flow }: FlowPart) {
  const search = useSearch({ from: '/t/$tenant/flows/$namespace/$flow' });
  const { node } = useAnswer<FlowTriggersQuery>(query, { id: flow.id, ...pageOf(search) });
  const found = node?.triggers;
  if (!found) return <Empty icon="bolt" title="You do not have permission to see triggers" />;
  return (
    <DataTable
      caption="Triggers"
      columns={triggerColumns(tenant, false).map(({ sort: _sort, ...column }) => column)}
      rows={rowsOf(found.nodes)}
      keyOf={({ id }) => id}
      pageInfo={found.pageInfo}
      empty={{
        icon: 'bolt',
        title: 'No triggers',
        text: <p>A trigger starts the flow, such as a schedule or a webhook. Add one in the editor, under triggers.</p>,
      }}
    />
  );
}
