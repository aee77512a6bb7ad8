import { useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { GroupsQuery } from '../../generated/GroupsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import type { Column } from '../../ui/DataTable.tsx';
import { type Asked, ListPage } from '../../ui/ListPage.tsx';
import { Time } from '../../ui/Time.tsx';

const query = graphql`
  query GroupsQuery($tenant: String!, $where: GroupWhere, $first: Int, $after: String, $last: Int, $before: String) {
    tenant(key: $tenant) {
      groups(where: $where, first: $first, after: $after, last: $last, before: $before) {
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

type Group = NonNullable<NonNullable<GroupsQuery['response']['tenant']>['groups']>['nodes'][number];

const columns: readonly Column<Group>[] = [
  { title: 'Group', className: 'main-cell', cell: ({ name }) => name },
  { title: 'Description', className: 'fluid p2', cell: ({ description }) => description },
  { title: 'Since', className: 'end', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

const useGroups = (asked: Asked) => useAnswer<GroupsQuery>(query, asked).tenant?.groups;

export function Groups() {
  const search = useSearch({ from: '/t/$tenant/groups' });
  return (
    <ListPage
      title="Groups"
      icon="group"
      search={search}
      isSearched
      columns={() => columns}
      purpose="Groups give roles to many people at once."
      useList={useGroups}
    />
  );
}
