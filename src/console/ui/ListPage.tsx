import type { ReactNode } from 'react';
import { type ListSearch, useTenant } from '../pages/tenant.ts';
import { type Column, DataTable, type PageInfo, pageOf } from './DataTable.tsx';
import type { IconName } from './drawings.tsx';
import { Empty } from './Empty.tsx';
import { Page } from './Page.tsx';
import { SearchBox } from './SearchBox.tsx';

/** The variables of a list: its tenant, its filter and its page. */
export type Asked = ReturnType<typeof askedBy>;
const askedBy = (tenant: string, search: ListSearch) => ({
  tenant,
  where: search.text ? { text: search.text } : null,
  ...pageOf(search),
});

export interface ListPageProps<Row> {
  readonly title: string;
  readonly icon: IconName;
  readonly search: ListSearch;
  /** True if the list can be filtered by a text. */
  readonly isSearched?: boolean;
  readonly columns: (tenant: string) => readonly Column<Row>[];
  /** What the page is for, while it has nothing to show. */
  readonly purpose: string;
  /** Asks for a page. Null if the viewer cannot read the list. */
  readonly useList: (
    asked: Asked,
  ) => { readonly nodes: readonly Row[]; readonly pageInfo: PageInfo } | null | undefined;
}

/** A page with one list of a tenant. */
export function ListPage<Row extends { readonly id: string }>(props: ListPageProps<Row>): ReactNode {
  const tenant = useTenant();
  const { title, search, isSearched = false } = props;
  return (
    <Page
      title={title}
      crumbs={[{ title: tenant }, { title: 'Access' }]}
      filters={isSearched && <SearchBox label={`Search ${title.toLowerCase()}`} text={search.text} />}
    >
      <List {...props} tenant={tenant} />
    </Page>
  );
}

function List<Row extends { readonly id: string }>(props: ListPageProps<Row> & { readonly tenant: string }) {
  const { title, icon, search, columns, purpose, useList, tenant } = props;
  const found = useList(askedBy(tenant, search));
  if (!found) return <Empty icon={icon} title={`You do not have permission to see ${title.toLowerCase()}`} />;
  return (
    <DataTable
      caption={title}
      columns={columns(tenant)}
      rows={found.nodes}
      keyOf={({ id }) => id}
      pageInfo={found.pageInfo}
      empty={{
        icon,
        title: search.text ? 'Nothing matches' : `No ${title.toLowerCase()} yet`,
        text: <p>{search.text ? 'Search for another name.' : purpose}</p>,
      }}
    />
  );
}
