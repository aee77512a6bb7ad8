import { Link, useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { UsersQuery } from '../../generated/UsersQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { type Column, DataTable, pageOf } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Page } from '../../ui/Page.tsx';
import { SearchBox } from '../../ui/SearchBox.tsx';
import { Time } from '../../ui/Time.tsx';
import { Who } from '../../ui/Who.tsx';
import { type ListSearch, useTenant } from '../tenant.ts';

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

export function Users() {
  const tenant = useTenant();
  const search = useSearch({ from: '/t/$tenant/users' });
  return (
    <Page
      title="Users"
      crumbs={[{ title: tenant }, { title: 'Access' }]}
      filters={<SearchBox label="Search users" text={search.text} />}
    >
      <List tenant={tenant} search={search} />
    </Page>
  );
}

function List({ tenant: key, search }: { tenant: string; search: ListSearch }) {
  const variables = { tenant: key, where: search.text ? { text: search.text } : null, ...pageOf(search) };
  const { tenant } = useAnswer<UsersQuery>(query, variables);
  const users = tenant?.users;
  if (!users) return <Empty icon="user" title="Users are not for you to see" />;
  return (
    <DataTable
      caption="Users"
      columns={columnsOf(key)}
      rows={users.nodes}
      keyOf={({ id }) => id}
      pageInfo={users.pageInfo}
      empty={{
        icon: 'user',
        title: search.text ? 'No user matches' : 'No users yet',
        text: (
          <p>
            {search.text ? 'Search for another name or address.' : 'People with access to this tenant are listed here.'}
          </p>
        ),
      }}
    />
  );
}
