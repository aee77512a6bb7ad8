import { Link, useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { RolesQuery } from '../../generated/RolesQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { type Column, DataTable, pageOf } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Page } from '../../ui/Page.tsx';
import { SearchBox } from '../../ui/SearchBox.tsx';
import { Time } from '../../ui/Time.tsx';
import { type ListSearch, useTenant } from '../tenant.ts';

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
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
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

export function Roles() {
  const tenant = useTenant();
  const search = useSearch({ from: '/t/$tenant/roles' });
  return (
    <Page
      title="Roles"
      crumbs={[{ title: tenant }, { title: 'Access' }]}
      filters={<SearchBox label="Search roles" text={search.text} />}
    >
      <List tenant={tenant} search={search} />
    </Page>
  );
}

function List({ tenant: key, search }: { tenant: string; search: ListSearch }) {
  const variables = { tenant: key, where: search.text ? { text: search.text } : null, ...pageOf(search) };
  const { tenant } = useAnswer<RolesQuery>(query, variables);
  const found = tenant?.roles;
  if (!found) return <Empty icon="role" title="Roles are not for you to see" />;
  return (
    <DataTable
      caption="Roles"
      columns={columns}
      rows={found.nodes}
      keyOf={({ id }) => id}
      pageInfo={found.pageInfo}
      empty={{
        icon: 'role',
        title: search.text ? 'Nothing matches' : 'No roles yet',
        text: <p>A role names permissions. A binding gives it to a person, a group or a service account.</p>,
      }}
    />
  );
}
