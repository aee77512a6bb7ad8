import { Link, useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { RolesQuery } from '../../generated/RolesQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import type { Column } from '../../ui/DataTable.tsx';
import { type Asked, ListPage } from '../../ui/ListPage.tsx';
import { Time } from '../../ui/Time.tsx';

const query = graphql`
  query RolesQuery($tenant: String!, $where: RoleWhere, $first: Int, $after: String, $last: Int, $before: String) {
    tenant(key: $tenant) {
      roles(where: $where, first: $first, after: $after, last: $last, before: $before) {
        nodes {
          id
          name
          tenantKey
          description
          isManaged
          isDefault
          permissions {
            actions
          }
          createdAt
        }
        pageInfo {
          ...DataTable_pageInfo
        }
      }
    }
  }
`;

type Role = NonNullable<NonNullable<RolesQuery['response']['tenant']>['roles']>['nodes'][number];

const columns: readonly Column<Role>[] = [
  {
    title: 'Role',
    className: 'main-cell',
    cell: ({ id, name, isManaged, isDefault, tenantKey }) => (
      <span className="row">
        <Link to="/t/$tenant/roles/$role" params={{ tenant: tenantKey ?? '', role: id }}>
          {name}
        </Link>
        <span className="badge">{isManaged ? 'managed' : 'custom'}</span>
        {isDefault && <span className="badge accent">default</span>}
      </span>
    ),
  },
  { title: 'Description', className: 'fluid p2', cell: ({ description }) => description },
  {
    title: 'Permissions',
    className: 'end',
    cell: ({ permissions }) => permissions.reduce((sum, { actions }) => sum + actions.length, 0),
  },
  { title: 'Since', className: 'end p3', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

const useRoles = (asked: Asked) => useAnswer<RolesQuery>(query, asked).tenant?.roles;

export function Roles() {
  const search = useSearch({ from: '/t/$tenant/roles' });
  return (
    <ListPage
      title="Roles"
      icon="role"
      search={search}
      isSearched
      columns={() => columns}
      purpose="A role names permissions. A binding gives it to a person, a group or a service account."
      useList={useRoles}
    />
  );
}
