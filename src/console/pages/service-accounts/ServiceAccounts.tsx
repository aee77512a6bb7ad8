import { useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { ServiceAccountsQuery } from '../../generated/ServiceAccountsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import type { Column } from '../../ui/DataTable.tsx';
import { type Asked, ListPage } from '../../ui/ListPage.tsx';
import { Time } from '../../ui/Time.tsx';
import { Who } from '../../ui/Who.tsx';

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

const useServiceAccounts = (asked: Asked) => useAnswer<ServiceAccountsQuery>(query, asked).tenant?.serviceAccounts;

export function ServiceAccounts() {
  const search = useSearch({ from: '/t/$tenant/service-accounts' });
  return (
    <ListPage
      title="Service accounts"
      icon="bot"
      search={search}
      isSearched
      columns={() => columns}
      purpose="Programs sign in as service accounts, by API tokens."
      useList={useServiceAccounts}
    />
  );
}
