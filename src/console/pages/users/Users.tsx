import { Link, useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { UsersQuery } from '../../generated/UsersQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import type { Column } from '../../ui/DataTable.tsx';
import { type Asked, ListPage } from '../../ui/ListPage.tsx';
import { Time } from '../../ui/Time.tsx';
import { Who } from '../../ui/Who.tsx';

const query = graphql`
  query UsersQuery($tenant: String!, $where: UserWhere, $first: Int, $after: String, $last: Int, $before: String) {
    tenant(key: $tenant) {
      users(where: $where, first: $first, after: $after, last: $last, before: $before) {
        nodes {
          id
          username
          email
          firstName
          lastName
          disabled
          superAdmin
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

type User = NonNullable<NonNullable<UsersQuery['response']['tenant']>['users']>['nodes'][number];

const columnsOf = (tenant: string): readonly Column<User>[] => [
  {
    title: 'User',
    className: 'main-cell',
    cell: ({ id, username }) => (
      <Link to="/t/$tenant/users/$user" params={{ tenant, user: id }}>
        <Who name={username} />
      </Link>
    ),
  },
  {
    title: 'Name',
    className: 'p2',
    cell: ({ firstName, lastName }) => [firstName, lastName].filter(Boolean).join(' '),
  },
  { title: 'E-mail', className: 'fluid p2', cell: ({ email }) => email },
  {
    title: 'State',
    cell: ({ disabled, superAdmin }) => (
      <span className="row">
        {disabled && <span className="badge fail">Disabled</span>}
        {superAdmin && <span className="badge accent">Super admin</span>}
        {!disabled && !superAdmin && <span className="quiet">Active</span>}
      </span>
    ),
  },
  { title: 'Since', className: 'end p3', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

const useUsers = (asked: Asked) => useAnswer<UsersQuery>(query, asked).tenant?.users;

export function Users() {
  const search = useSearch({ from: '/t/$tenant/users' });
  return (
    <ListPage
      title="Users"
      icon="user"
      search={search}
      isSearched
      columns={columnsOf}
      purpose="People with access to this tenant are listed here."
      useList={useUsers}
    />
  );
}
