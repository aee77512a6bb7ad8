import { Link } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { ExecutionsQuery } from '../../generated/ExecutionsQuery.graphql.ts';
import type { Column } from '../../ui/DataTable.tsx';
import { labelTexts } from '../../ui/executions/labels.ts';
import { StateBadge } from '../../ui/StateBadge.tsx';
import { Moment } from '../../ui/Time.tsx';
import { Took } from '../../ui/Took.tsx';
import { useIsNarrow } from '../../ui/useIsNarrow.ts';

// The subscription asks for the same fields, so that rows change in place.
graphql`
  fragment columns_execution on Execution {
    state
    flowId
    namespaceName
    startedAt
    endedAt
    duration
    labels
    triggerId
    sequence
  }
`;

export type Row = NonNullable<NonNullable<ExecutionsQuery['response']['tenant']>['executions']>['nodes'][number];

/** Columns of the list. Next to a panel there is room for the important ones only. */
export const columnsOf = (tenant: string, open: string | undefined): readonly Column<Row>[] => {
  const main: Column<Row>[] = [
    { title: 'State', sort: 'STATE', cell: ({ state }) => <StateBadge state={state} /> },
    {
      title: 'Flow',
      sort: 'FLOW_ID',
      className: 'main-cell fluid',
      cell: (row) => (
        <>
          <Opener row={row} tenant={tenant} open={open} />
          <span className="sub">
            <code>{row.executionId.slice(0, 8)}</code>{' '}
            <span className="narrow-only">
              <Moment at={row.startedAt} />
            </span>
            <span className="p2">{row.namespaceName}</span>
          </span>
        </>
      ),
    },
  ];
  const ends: Column<Row>[] = [
    { title: 'Started', sort: 'STARTED_AT', className: 'p2', cell: ({ startedAt }) => <Moment at={startedAt} /> },
    { title: 'Duration', sort: 'DURATION', className: 'end num edge', cell: (row) => <Took {...row} /> },
  ];
  if (open !== undefined) return [...main, ...ends];
  return [
    ...main,
    {
      title: 'Labels',
      className: 'p3',
      cell: ({ labels }) => (
        <span className="labels">
          {labelTexts(labels)
            .slice(0, 2)
            .map((label) => (
              <Link
                key={label}
                className="badge"
                to="."
                search={((before: object) => ({ ...before, label, after: undefined, before: undefined })) as never}
                title={`Only executions with ${label}`}
              >
                {label}
              </Link>
            ))}
        </span>
      ),
    },
    {
      title: 'Trigger',
      sort: 'TRIGGER_ID',
      className: 'p3',
      cell: ({ triggerId }) => triggerId ?? <span className="quiet">–</span>,
    },
    ...ends,
  ];
};

/** Opens the panel of an execution; on a phone its page. */
function Opener({
  row: { executionId, flowId },
  tenant,
  open,
}: {
  row: Row;
  tenant: string;
  open: string | undefined;
}) {
  const isNarrow = useIsNarrow();
  if (isNarrow)
    return (
      <Link to="/t/$tenant/executions/$execution" params={{ tenant, execution: executionId }}>
        {flowId}
      </Link>
    );
  return (
    <Link
      to="."
      search={((before: object) => ({ ...before, run: open === executionId ? undefined : executionId })) as never}
      replace
      resetScroll={false}
      aria-expanded={open === executionId}
      role="button"
    >
      {flowId}
    </Link>
  );
}
