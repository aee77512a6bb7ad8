import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import type { TriggersQuery } from '../../generated/TriggersQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { choiceFilter } from '../../ui/choice-filter.tsx';
import { orderOf } from '../../ui/DataTable.tsx';
import { Filters } from '../../ui/Filters.tsx';
import { type Asked, type Chosen, ListPage } from '../../ui/ListPage.tsx';
import { flowFilter, underFilter } from '../../ui/run-filters.tsx';
import { type TriggerAct, triggerActs } from '../../ui/triggers/acts.ts';
import { triggerColumns } from '../../ui/triggers/columns.tsx';
import { rowsOf, type TriggerRow } from '../../ui/triggers/row.ts';
import { TriggerDialog } from '../../ui/triggers/TriggerDialog.tsx';
import { useTenant } from '../tenant.ts';
import { LiveTriggers } from './LiveTriggers.tsx';
import { kinds, states, type TriggersSearch, whereOf } from './search.ts';

const query = graphql`
  query TriggersQuery(
    $tenant: String!
    $where: TriggerWhere
    $orderBy: TriggerOrder
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    tenant(key: $tenant) {
      triggers(where: $where, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
        nodes {
          ...row_trigger
        }
        pageInfo {
          ...DataTable_pageInfo
        }
      }
    }
  }
`;

const filtersOf = (tenant: string) => [
  choiceFilter('is', 'State', Object.fromEntries(Object.entries(states).map(([name, { title }]) => [name, title]))),
  choiceFilter('kind', 'Kind', kinds),
  underFilter(tenant),
  flowFilter,
];

const order = ['TRIGGER_ID', 'NEXT_EXECUTION_AT', 'LAST_TRIGGERED_AT', 'FLOW_ID'] as const;

/** The triggers of the tenant, with the state in effect: why, by whom, and when they are due. */
export function Triggers() {
  const tenant = useTenant();
  const search: TriggersSearch = useSearch({ from: '/t/$tenant/triggers' });
  const [acting, setActing] = useState<{ readonly act: TriggerAct; readonly chosen: Chosen<TriggerRow> }>();
  const where = whereOf(search);
  const useTriggers = (asked: Asked) => {
    const orderBy = orderOf(search.sort, order);
    const found = useAnswer<TriggersQuery>(query, { ...asked, where, orderBy }).tenant?.triggers;
    return found && { nodes: rowsOf(found.nodes), pageInfo: found.pageInfo };
  };
  return (
    <>
      <ListPage<TriggerRow>
        title="Triggers"
        section="Orchestration"
        icon="bolt"
        search={search}
        isSearched
        isFiltered={Object.keys(where).length > 0}
        sort={search.sort}
        filters={<Filters filters={filtersOf(tenant)} search={search} />}
        actions={<LiveTriggers tenant={tenant} where={where} />}
        columns={triggerColumns}
        nameOf={({ flowId, triggerId }) => `${flowId} / ${triggerId}`}
        bulk={(chosen) =>
          triggerActs.map((act) => (
            <ActionButton
              key={act.name}
              permission={act.permission}
              icon={act.icon}
              className={act.isDanger ? 'danger' : ''}
              onPress={() => setActing({ act, chosen })}
            >
              {act.title}…
            </ActionButton>
          ))
        }
        purpose="A trigger starts a flow: on dates, by a webhook, after other flows, or when something happens. Flows declare them in their source."
        useList={useTriggers}
      />
      {acting && (
        <TriggerDialog
          tenant={tenant}
          act={acting.act}
          triggers={acting.chosen.rows}
          done={acting.chosen.clear}
          close={() => setActing(undefined)}
        />
      )}
    </>
  );
}
