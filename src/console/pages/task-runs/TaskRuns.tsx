import { Link, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { graphql } from 'react-relay/hooks';
import { useViewer } from '../../access/viewer.ts';
import type { TaskRunsQuery } from '../../generated/TaskRunsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { type Column, DataTable, orderOf, pageOf } from '../../ui/DataTable.tsx';
import { DownloadButton } from '../../ui/DownloadButton.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Filters } from '../../ui/Filters.tsx';
import { taskFilter } from '../../ui/logs/filters.tsx';
import { Page } from '../../ui/Page.tsx';
import { flowFilter, stateFilter, timeFilter, underFilter, windowFilter } from '../../ui/run-filters.tsx';
import { SavedViews } from '../../ui/SavedViews.tsx';
import { SearchBox } from '../../ui/SearchBox.tsx';
import { StateBadge } from '../../ui/StateBadge.tsx';
import { Moment } from '../../ui/Time.tsx';
import { Took } from '../../ui/Took.tsx';
import { useOpenedAt } from '../../ui/useOpenedAt.ts';
import { seriesOf, timesOf } from '../../ui/windows.ts';
import { useTenant } from '../tenant.ts';
import { filterOf, sortFields, type TaskRunSearch, usualWindow } from './search.ts';
import { TaskRunChart } from './TaskRunChart.tsx';

const query = graphql`
  query TaskRunsQuery(
    $tenant: String!
    $where: TaskRunWhere
    $orderBy: TaskRunOrder
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    tenant(key: $tenant) {
      taskRuns(where: $where, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
        nodes {
          id
          taskRunId
          taskId
          value
          state
          flowId
          namespaceName
          startedAt
          endedAt
          duration
          execution {
            id
            executionId
          }
        }
        pageInfo {
          ...DataTable_pageInfo
        }
      }
    }
  }
`;

type Run = NonNullable<NonNullable<TaskRunsQuery['response']['tenant']>['taskRuns']>['nodes'][number];

/** Task runs of all executions, with how many there were over time, and how long they took. */
export function TaskRuns() {
  const tenant = useTenant();
  const search = useSearch({ from: '/t/$tenant/task-runs' });
  const opened = useOpenedAt();
  const { text, state, under, flow, task, since, from, until } = search;
  const asked = useMemo(() => {
    const given = { text, state, under, flow, task, since, from, until };
    const filter = filterOf(given);
    return {
      filter,
      where: { ...filter, ...timesOf(given, usualWindow, opened) },
      series: seriesOf(given, usualWindow, opened),
    };
  }, [text, state, under, flow, task, since, from, until, opened]);
  const filters = [
    ...(from === undefined ? [windowFilter(usualWindow)] : []),
    timeFilter('from', 'From'),
    timeFilter('until', 'Until'),
    stateFilter(),
    underFilter(tenant),
    flowFilter,
    taskFilter,
  ];
  return (
    <Page
      title="Task runs"
      crumbs={[{ title: tenant }, { title: 'Orchestration' }]}
      actions={<DownloadButton tenant={tenant} list="taskRuns" where={asked.where} />}
      filters={
        <SearchBox label="Search by task, flow, namespace or ID" text={text}>
          <Filters filters={filters} search={search} />
          <span className="grow" />
          <SavedViews />
        </SearchBox>
      }
    >
      <TaskRunChart tenant={tenant} filter={asked.filter} series={asked.series} chosen={state?.split(',')} />
      <List tenant={tenant} search={search} where={asked.where} />
    </Page>
  );
}

function List({ tenant: key, search, where }: { tenant: string; search: TaskRunSearch; where: object }) {
  const { settings } = useViewer();
  const { tenant } = useAnswer<TaskRunsQuery>(query, {
    tenant: key,
    where,
    orderBy: orderOf(search.sort, sortFields),
    ...pageOf(search, settings.pageSize),
  });
  const found = tenant?.taskRuns;
  if (!found) return <Empty icon="tasks" title="You do not have permission to see task runs" />;
  return (
    <DataTable
      caption="Task runs"
      columns={columnsOf(key)}
      rows={found.nodes}
      keyOf={({ id }) => id}
      pageInfo={found.pageInfo}
      sort={search.sort ?? '-STARTED_AT'}
      steps={search.sort === undefined ? ['Newer', 'Older'] : ['Previous', 'Next']}
      empty={{
        icon: 'tasks',
        title: 'No task run matches',
        text: <p>A task run is one run of a task in an execution. Remove a filter, or choose a longer time.</p>,
      }}
    />
  );
}

const columnsOf = (tenant: string): readonly Column<Run>[] => [
  { title: 'State', sort: 'STATE', cell: ({ state }) => <StateBadge state={state} /> },
  {
    title: 'Task',
    sort: 'TASK_ID',
    className: 'main-cell fluid',
    cell: ({ taskId, taskRunId, value, execution, startedAt, flowId, namespaceName }) => (
      <>
        {execution ? (
          <Link
            to="/t/$tenant/executions/$execution"
            params={{ tenant, execution: execution.executionId }}
            search={{ tab: 'gantt', run: taskRunId }}
          >
            {taskId}
          </Link>
        ) : (
          taskId
        )}{' '}
        {value != null && <span className="quiet">[{value}]</span>}
        <span className="sub">
          {flowId} <span className="p2">{namespaceName}</span>
          <span className="narrow-only">
            {' '}
            · <Moment at={startedAt} />
          </span>
        </span>
      </>
    ),
  },
  {
    title: 'Execution',
    className: 'p3',
    cell: ({ execution }) =>
      execution && (
        <Link to="/t/$tenant/executions/$execution" params={{ tenant, execution: execution.executionId }}>
          <code>{execution.executionId.slice(0, 8)}</code>
        </Link>
      ),
  },
  { title: 'Started', sort: 'STARTED_AT', className: 'p2', cell: ({ startedAt }) => <Moment at={startedAt} /> },
  { title: 'Duration', sort: 'DURATION', className: 'end num edge', cell: (run) => <Took {...run} /> },
];
