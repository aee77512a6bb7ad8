import { useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { ServiceAccountsQuery } from '../../generated/ServiceAccountsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { type Column, DataTable, pageOf } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Page } from '../../ui/Page.tsx';
import { SearchBox } from '../../ui/SearchBox.tsx';
import { Time } from '../../ui/Time.tsx';
import { Who } from '../../ui/Who.tsx';
import { type ListSearch, useTenant } from '../tenant.ts';

const query = graphql`
  query ServiceAccountsQuery($tenant: String!, $where: ServiceAccountWhere, $first: Int, $after: String, $last: Int, $before: String) {
    tenant(key: $tenant) {
      serviceAccounts(where: $where, first: $first, after: $after, last: $last, before: $before) {
        nodes {
          id
          name
          description
          createdAt
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
      }
    }
  }
`;

type ServiceAccount = NonNullable<
  NonNullable<ServiceAccountsQuery['response']['tenant']>['serviceAccounts']
>['nodes'][number];

const columns: readonly Column<ServiceAccount>[] = [
  { title: 'Service account', className: 'main-cell', cell: ({ name }) => <Who name={name} isBot /> },
  { title: 'Description', className: 'fluid p2', cell: ({ description }) => description },
  { title: 'Since', className: 'end', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

export function ServiceAccounts() {
  const tenant = useTenant();
  const search = useSearch({ from: '/t/$tenant/service-accounts' });
  return (
    <Page
      title="Service accounts"
      crumbs={[{ title: tenant }, { title: 'Access' }]}
      filters={<SearchBox label="Search service accounts" text={search.text} />}
    >
      <List tenant={tenant} search={search} />
    </Page>
  );
}

function List({ tenant: key, search }: { tenant: string; search: ListSearch }) {
  const variables = { tenant: key, where: search.text ? { text: search.text } : null, ...pageOf(search) };
  const { tenant } = useAnswer<ServiceAccountsQuery>(query, variables);
  const found = tenant?.serviceAccounts;
  if (!found) return <Empty icon="bot" title="Service accounts are not for you to see" />;
  return (
    <DataTable
      caption="Service accounts"
      columns={columns}
      rows={found.nodes}
      keyOf={({ id }) => id}
      pageInfo={found.pageInfo}
      empty={{
        icon: 'bot',
        title: search.text ? 'Nothing matches' : 'No service accounts yet',
        text: <p>Programs sign in as service accounts, by API tokens.</p>,
      }}
    />
  );
}
