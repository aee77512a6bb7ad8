import { type ReactNode, useState } from 'react';
import { useViewer } from '../access/viewer.ts';
import { type ListSearch, useTenant } from '../pages/tenant.ts';
import { type Column, DataTable, type PageInfo, pageOf } from './DataTable.tsx';
import type { IconName } from './drawings.tsx';
import { Empty } from './Empty.tsx';
import { Page } from './Page.tsx';
import { SavedViews } from './SavedViews.tsx';
import { SearchBox } from './SearchBox.tsx';

/** The variables of a list: its tenant, its filter and its page. */
export type Asked = ReturnType<typeof askedBy>;
const askedBy = (tenant: string, search: ListSearch, size: number | undefined) => ({
  tenant,
  where: search.text ? { text: search.text } : null,
  ...pageOf(search, size),
});

export interface Chosen<Row> {
  readonly rows: readonly Row[];
  readonly clear: () => void;
}

export interface ListPageProps<Row> {
  readonly title: string;
  readonly section?: string;
  readonly icon: IconName;
  readonly search: ListSearch;
  /** True if the list can be filtered by a text. */
  readonly isSearched?: boolean;
  readonly searchLabel?: string;
  /** Further filters. */
  readonly filters?: ReactNode;
  /** True if a filter besides the text is set. */
  readonly isFiltered?: boolean;
  /** How the list is sorted, by the address. */
  readonly sort?: string | undefined;
  readonly actions?: ReactNode;
  readonly columns: (tenant: string) => readonly Column<Row>[];
  readonly nameOf?: (row: Row) => string;
  /** Acts on many rows at once. */
  readonly bulk?: (chosen: Chosen<Row>) => ReactNode;
  /** What the page is for, while it has nothing to show. */
  readonly purpose: ReactNode;
  /** Asks for a page. Null if the viewer cannot read the list. */
  readonly useList: (
    asked: Asked,
  ) => { readonly nodes: readonly Row[]; readonly pageInfo: PageInfo } | null | undefined;
}

/** A page with one list of a tenant. */
export function ListPage<Row extends { readonly id: string }>(props: ListPageProps<Row>): ReactNode {
  const tenant = useTenant();
  const { title, section = 'Access', search, isSearched = false, filters, actions } = props;
  const { searchLabel = `Search ${title.toLowerCase()}` } = props;
  return (
    <Page
      title={title}
      crumbs={[{ title: tenant }, { title: section }]}
      actions={actions}
      filters={
        (isSearched || filters) && (
          <SearchBox label={searchLabel} text={search.text} isSearched={isSearched}>
            {filters}
            <span className="grow" />
            <SavedViews />
          </SearchBox>
        )
      }
    >
      <List {...props} tenant={tenant} />
    </Page>
  );
}

function List<Row extends { readonly id: string }>(props: ListPageProps<Row> & { readonly tenant: string }) {
  const { title, icon, search, columns, purpose, useList, tenant, nameOf, bulk, actions, sort } = props;
  const isFiltered = props.isFiltered === true || search.text !== undefined;
  const { settings } = useViewer();
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const found = useList(askedBy(tenant, search, settings.pageSize));
  if (!found) return <Empty icon={icon} title={`You do not have permission to see ${title.toLowerCase()}`} />;
  // A row that is gone meanwhile is not chosen any more.
  const rows = found.nodes.filter(({ id }) => chosen.has(id));
  return (
    <>
      <DataTable
        caption={title}
        columns={columns(tenant)}
        rows={found.nodes}
        keyOf={({ id }) => id}
        nameOf={nameOf}
        pageInfo={found.pageInfo}
        selection={bulk && { chosen, choose }}
        sort={sort}
        empty={{
          icon,
          title: isFiltered ? 'Nothing matches' : `No ${title.toLowerCase()} yet`,
          text: isFiltered ? (
            <p>Search for another name, or remove a filter.</p>
          ) : (
            <>
              <p>{purpose}</p>
              {actions}
            </>
          ),
        }}
      />
      {bulk && rows.length > 0 && (
        <section className="bulk" aria-label="Chosen rows">
          <span className="strong">{rows.length} chosen</span>
          {bulk({ rows, clear: () => choose(new Set()) })}
          <button type="button" className="btn plain" onClick={() => choose(new Set())}>
            Clear
          </button>
        </section>
      )}
    </>
  );
}
