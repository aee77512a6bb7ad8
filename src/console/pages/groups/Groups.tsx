import { useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { GroupsQuery } from '../../generated/GroupsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { type Column, DataTable, pageOf } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Page } from '../../ui/Page.tsx';
import { SearchBox } from '../../ui/SearchBox.tsx';
import { Time } from '../../ui/Time.tsx';
import { type ListSearch, useTenant } from '../tenant.ts';

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

export function Groups() {
  const tenant = useTenant();
  const search = useSearch({ from: '/t/$tenant/groups' });
  return (
    <Page
      title="Groups"
      crumbs={[{ title: tenant }, { title: 'Access' }]}
      filters={<SearchBox label="Search groups" text={search.text} />}
    >
      <List tenant={tenant} search={search} />
    </Page>
  );
}

function List({ tenant: key, search }: { tenant: string; search: ListSearch }) {
  const variables = { tenant: key, where: search.text ? { text: search.text } : null, ...pageOf(search) };
  const { tenant } = useAnswer<GroupsQuery>(query, variables);
  const found = tenant?.groups;
  if (!found) return <Empty icon="group" title="Groups are not for you to see" />;
  return (
    <DataTable
      caption="Groups"
      columns={columns}
      rows={found.nodes}
      keyOf={({ id }) => id}
      pageInfo={found.pageInfo}
      empty={{
        icon: 'group',
        title: search.text ? 'Nothing matches' : 'No groups yet',
        text: <p>Groups give roles to many people at once.</p>,
      }}
    />
  );
}
