import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs, useMay } from '../../access/viewer.ts';
import type { FlowsQuery } from '../../generated/FlowsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { choiceFilter } from '../../ui/choice-filter.tsx';
import { type Column, orderOf } from '../../ui/DataTable.tsx';
import { Filters } from '../../ui/Filters.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Labels } from '../../ui/Labels.tsx';
import { type Asked, type Chosen, ListPage } from '../../ui/ListPage.tsx';
import { labelFilter, textFilter, underFilter } from '../../ui/run-filters.tsx';
import { StateBadge } from '../../ui/StateBadge.tsx';
import { Ago } from '../../ui/Time.tsx';
import { useTenant } from '../tenant.ts';
import { exportAddress } from './FlowActions.tsx';
import { type FlowsAct, FlowsDialog } from './FlowsDialog.tsx';
import { ImportFlows } from './ImportFlows.tsx';
import { type FlowsSearch, whereOf } from './search.ts';

const query = graphql`
  query FlowsQuery(
    $tenant: String!
    $where: FlowWhere
    $orderBy: FlowOrder
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    tenant(key: $tenant) {
      flows(where: $where, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
        nodes {
          id
          flowId
          namespaceName
          description
          disabled
          labels
          revision
          updatedAt
          viewerPermissions
          executions(first: 1) {
            nodes {
              id
              executionId
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

type Flow = NonNullable<NonNullable<FlowsQuery['response']['tenant']>['flows']>['nodes'][number];
export type FlowRow = Flow;

const columnsOf = (tenant: string): readonly Column<Flow>[] => [
  {
    title: 'Flow',
    className: 'main-cell',
    sort: 'FLOW_ID',
    cell: ({ flowId, namespaceName, disabled }) => (
      <>
        <Link to="/t/$tenant/flows/$namespace/$flow" params={{ tenant, namespace: namespaceName, flow: flowId }}>
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
      if (!last) return <span className="quiet">{executions ? 'never' : 'hidden'}</span>;
      return (
        <Link
          className="row last-run"
          to="/t/$tenant/executions/$execution"
          params={{ tenant, execution: last.executionId }}
        >
          <StateBadge state={last.state} />
          <span className="quiet p2">
            <Ago at={last.startedAt} />
          </span>
        </Link>
      );
    },
  },
  { title: 'Revision', className: 'end num p3', cell: ({ revision }) => revision },
  { title: 'Saved', className: 'end p2', sort: 'UPDATED_AT', cell: ({ updatedAt }) => <Ago at={updatedAt} /> },
];

const filtersOf = (tenant: string) => [
  underFilter(tenant),
  labelFilter,
  choiceFilter('disabled', 'Disabled', { yes: 'Yes', no: 'No' }),
  textFilter('source', 'Source', 'Text in the source'),
  textFilter('type', 'Task type', 'Type of a task', 'The whole type, such as io.kestra.plugin.core.log.Log.'),
];

const order = ['FLOW_ID', 'UPDATED_AT', 'NAMESPACE_NAME'] as const;

/** The flows of the tenant. */
export function Flows() {
  const tenant = useTenant();
  const search: FlowsSearch = useSearch({ from: '/t/$tenant/flows' });
  const [isImporting, setIsImporting] = useState(false);
  const [acting, setActing] = useState<{ readonly act: FlowsAct; readonly chosen: Chosen<Flow> }>();
  const mayCreate = useMay(needs.saveFlow);
  const where = whereOf(search);
  const isFiltered = Object.keys(where).length > 0;
  const act = (name: FlowsAct, chosen: Chosen<Flow>) => () => setActing({ act: name, chosen });
  const useFlows = (asked: Asked) =>
    useAnswer<FlowsQuery>(query, { ...asked, where, orderBy: orderOf(search.sort, order) }).tenant?.flows;
  return (
    <>
      <ListPage<Flow>
        title="Flows"
        section="Orchestration"
        icon="flow"
        search={search}
        isSearched
        isFiltered={isFiltered}
        sort={search.sort}
        filters={<Filters filters={filtersOf(tenant)} search={search} />}
        actions={
          <>
            <a className="btn" href={exportAddress(tenant, where)} download="">
              <Icon name="export" />
              Export
            </a>
            <ActionButton permission={needs.importFlows} icon="up" onPress={() => setIsImporting(true)}>
              Import
            </ActionButton>
            {mayCreate ? (
              <Link className="btn primary" to="/t/$tenant/flows/new" params={{ tenant }}>
                <Icon name="plus" />
                Create a flow
              </Link>
            ) : (
              <ActionButton permission={needs.saveFlow} icon="plus" onPress={() => undefined}>
                Create a flow
              </ActionButton>
            )}
          </>
        }
        columns={columnsOf}
        nameOf={({ namespaceName, flowId }) => `${namespaceName}/${flowId}`}
        bulk={(chosen) => (
          <>
            <ActionButton permission={needs.setFlowsDisabled} icon="play" onPress={act('enable', chosen)}>
              Enable…
            </ActionButton>
            <ActionButton permission={needs.setFlowsDisabled} icon="pause" onPress={act('disable', chosen)}>
              Disable…
            </ActionButton>
            <ActionButton permission={needs.deleteFlows} className="danger" onPress={act('delete', chosen)}>
              Delete…
            </ActionButton>
            <a className="btn" href={exportAddress(tenant, { ids: chosen.rows.map(({ id }) => id) })} download="">
              <Icon name="export" />
              Export as ZIP
            </a>
          </>
        )}
        purpose={
          <>
            A flow is a list of tasks that an engine runs. Write one, import your files, start from a{' '}
            <Link to="/t/$tenant/blueprints" params={{ tenant }}>
              blueprint
            </Link>
            , or take the{' '}
            <Link to="/t/$tenant/welcome" params={{ tenant }}>
              tour
            </Link>
            .
          </>
        }
        useList={useFlows}
      />
      {isImporting && <ImportFlows tenant={tenant} close={() => setIsImporting(false)} />}
      {acting && (
        <FlowsDialog
          tenant={tenant}
          act={acting.act}
          flows={acting.chosen.rows}
          done={acting.chosen.clear}
          close={() => setActing(undefined)}
        />
      )}
    </>
  );
}
