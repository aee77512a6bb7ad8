import { useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { useViewer } from '../../access/viewer.ts';
import type { ExecutionsQuery } from '../../generated/ExecutionsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { DataTable, orderOf, pageOf } from '../../ui/DataTable.tsx';
import { DownloadButton } from '../../ui/DownloadButton.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Filters } from '../../ui/Filters.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Page } from '../../ui/Page.tsx';
import { SavedViews } from '../../ui/SavedViews.tsx';
import { SearchBox } from '../../ui/SearchBox.tsx';
import type { State } from '../../ui/state.ts';
import { useOpenedAt } from '../../ui/useOpenedAt.ts';
import { seriesOf, timesOf } from '../../ui/windows.ts';
import { useTenant } from '../tenant.ts';
import { BulkActs } from './BulkActs.tsx';
import { columnsOf } from './columns.tsx';
import { ExecutionChart } from './ExecutionChart.tsx';
import { executionFilters } from './filters.tsx';
import { LiveExecutions } from './LiveExecutions.tsx';
import { RunFlow } from './RunFlow.tsx';
import { RunPanel } from './RunPanel.tsx';
import { type ExecutionSearch, filterOf, sortFields, usualWindow } from './search.ts';

const query = graphql`
  query ExecutionsQuery(
    $tenant: String!
    $where: ExecutionWhere
    $orderBy: ExecutionOrder
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    tenant(key: $tenant) {
      executions(where: $where, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
        nodes {
          id
          executionId
          ...columns_execution @relay(mask: false)
          viewerPermissions
        }
        pageInfo {
          ...DataTable_pageInfo
        }
      }
    }
  }
`;

/** Executions of a tenant, newest first, with their states over time. Filters, order and the open one are in the address. */
export function Executions() {
  const tenant = useTenant();
  const search = useSearch({ from: '/t/$tenant/executions' });
  const [isLive, setIsLive] = useState(true);
  const opened = useOpenedAt();
  const { text, state, under, flow, trigger, label, since, from, until, child } = search;
  const asked = useMemo(() => {
    const filters = { text, state, under, flow, trigger, label, since, from, until, child };
    const filter = filterOf(filters);
    return {
      filter,
      where: { ...filter, ...timesOf(filters, usualWindow, opened) },
      series: seriesOf(filters, usualWindow, opened),
    };
  }, [text, state, under, flow, trigger, label, since, from, until, child, opened]);
  return (
    <Page
      title="Executions"
      crumbs={[{ title: tenant }, { title: 'Orchestration' }]}
      actions={
        <>
          <button type="button" className="btn" aria-pressed={isLive} onClick={() => setIsLive(!isLive)}>
            <Icon name={isLive ? 'live' : 'pause'} />
            {isLive ? 'Live' : 'Paused'}
          </button>
          <DownloadButton tenant={tenant} list="executions" where={asked.where} />
          <RunFlow tenant={tenant} />
        </>
      }
      filters={
        <SearchBox label="Search by flow, namespace or ID" text={search.text}>
          <Filters filters={executionFilters(tenant, from !== undefined)} search={search} />
          <span className="grow" />
          <SavedViews />
        </SearchBox>
      }
    >
      <ExecutionChart tenant={tenant} filter={asked.filter} series={asked.series} chosen={state?.split(',')} />
      <List tenant={tenant} search={search} where={asked.where} isLive={isLive} />
    </Page>
  );
}

interface ListProps {
  readonly tenant: string;
  readonly search: ExecutionSearch;
  readonly where: { readonly state?: readonly State[] };
  readonly isLive: boolean;
}

function List({ tenant: key, search, where, isLive }: ListProps) {
  const { settings } = useViewer();
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const { tenant } = useAnswer<ExecutionsQuery>(query, {
    tenant: key,
    where,
    orderBy: orderOf(search.sort, sortFields),
    ...pageOf(search, settings.pageSize),
  });
  const found = tenant?.executions;
  const known = useMemo(() => new Set(found?.nodes.map(({ id }) => id)), [found]);
  if (!found) return <Empty icon="play" title="You do not have permission to see executions" />;
  const rows = found.nodes.filter(({ id }) => chosen.has(id));
  const isNewest = search.after === undefined && search.before === undefined && search.sort === undefined;
  const open = search.run;
  const isFiltered = Object.keys(where).some((name) => name !== 'from');
  return (
    <div className={open === undefined ? '' : 'split'}>
      <div>
        {isLive && <LiveExecutions tenant={key} where={where} known={known} countsNew={isNewest} />}
        <DataTable
          caption="Executions"
          columns={columnsOf(key, open)}
          rows={found.nodes}
          keyOf={({ id }) => id}
          nameOf={({ flowId, executionId }) => `${flowId} ${executionId}`}
          pageInfo={found.pageInfo}
          sort={search.sort ?? '-STARTED_AT'}
          current={found.nodes.find(({ executionId }) => executionId === open)?.id}
          steps={search.sort === undefined ? ['Newer', 'Older'] : ['Previous', 'Next']}
          selection={{ chosen, choose }}
          empty={{
            icon: 'play',
            title: isFiltered ? 'No execution matches' : 'No execution in this time',
            text: (
              <p>
                {isFiltered
                  ? 'Remove a filter, or choose a longer time.'
                  : 'An execution is one run of a flow. It appears here when a trigger, a person or another flow starts it. Choose a longer time to see older ones.'}
              </p>
            ),
          }}
        />
        {rows.length > 0 && (
          <BulkActs
            tenant={key}
            rows={rows}
            where={where}
            isWholePage={rows.length === found.nodes.length && found.nodes.length > 1}
            clear={() => choose(new Set())}
          />
        )}
      </div>
      {open !== undefined && <RunPanel key={open} tenant={key} executionId={open} />}
    </div>
  );
}
