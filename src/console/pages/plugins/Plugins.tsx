import { Link, useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { PluginsQuery } from '../../generated/PluginsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { choiceFilter } from '../../ui/choice-filter.tsx';
import type { Column } from '../../ui/DataTable.tsx';
import { Filters } from '../../ui/Filters.tsx';
import { type Asked, ListPage } from '../../ui/ListPage.tsx';
import { Ago } from '../../ui/Time.tsx';
import { kinds, type PluginsSearch, whereOf } from './search.ts';

const query = graphql`
  query PluginsQuery($tenant: String!, $where: PluginWhere, $first: Int, $after: String, $last: Int, $before: String) {
    tenant(key: $tenant) {
      plugins(where: $where, first: $first, after: $after, last: $last, before: $before) {
        nodes {
          type
          kind
          title
          deprecated
          isReported
          version
          flowCount
          lastRunAt
        }
        pageInfo {
          ...DataTable_pageInfo
        }
      }
    }
  }
`;

type Plugin = NonNullable<NonNullable<PluginsQuery['response']['tenant']>['plugins']>['nodes'][number];
type Row = Plugin & { readonly id: string };

const columnsOf = (tenant: string): readonly Column<Row>[] => [
  {
    title: 'Type',
    className: 'main-cell',
    cell: ({ type, title, deprecated }) => (
      <>
        <Link to="/t/$tenant/plugins/$type" params={{ tenant, type }}>
          {title ?? type.split('.').at(-1)}
        </Link>{' '}
        {deprecated && <span className="badge warn">Deprecated</span>}
        <span className="sub">{type}</span>
      </>
    ),
  },
  { title: 'Kind', className: 'p2', cell: ({ kind }) => kinds[kind] ?? kind },
  {
    title: 'Known to an engine',
    className: 'fluid p2',
    cell: ({ isReported, version }) =>
      isReported ? (
        <>Yes {version && <span className="quiet">{version}</span>}</>
      ) : (
        <span className="badge warn">no engine reports it</span>
      ),
  },
  {
    title: 'Flows',
    className: 'end num',
    cell: ({ type, kind, flowCount }) =>
      flowCount === 0 ? (
        <span className="quiet">0</span>
      ) : kind === 'TASK' ? (
        <Link to="/t/$tenant/flows" params={{ tenant }} search={{ type }}>
          {flowCount.toLocaleString()}
        </Link>
      ) : (
        flowCount.toLocaleString()
      ),
  },
  {
    title: 'Last run',
    className: 'end p2',
    cell: ({ lastRunAt }) => (lastRunAt ? <Ago at={lastRunAt} /> : <span className="quiet">never</span>),
  },
];

const filters = [choiceFilter('kind', 'Kind', kinds), choiceFilter('used', 'Used by flows', { yes: 'Yes', no: 'No' })];

/** Types of tasks and triggers: those in use, and those that engines know. */
export function Plugins() {
  const search: PluginsSearch = useSearch({ from: '/t/$tenant/plugins' });
  const where = whereOf(search);
  const usePlugins = (asked: Asked) => {
    const found = useAnswer<PluginsQuery>(query, { ...asked, where }).tenant?.plugins;
    return found && { nodes: found.nodes.map((one) => ({ ...one, id: one.type })), pageInfo: found.pageInfo };
  };
  return (
    <ListPage<Row>
      title="Plugins"
      section="Orchestration"
      icon="book"
      search={search}
      isSearched
      isFiltered={Object.keys(where).length > 0}
      filters={<Filters filters={filters} search={search} />}
      columns={columnsOf}
      purpose="Types of tasks and triggers appear here when an engine reports them, or a flow uses them."
      useList={usePlugins}
    />
  );
}
