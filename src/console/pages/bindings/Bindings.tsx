import { useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { BindingsQuery } from '../../generated/BindingsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { type Column, DataTable, pageOf } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Page } from '../../ui/Page.tsx';
import { Subject } from '../../ui/Subject.tsx';
import { Time } from '../../ui/Time.tsx';
import { type ListSearch, useTenant } from '../tenant.ts';

const query = graphql`
  query BindingsQuery($tenant: String!, $first: Int, $after: String, $last: Int, $before: String) {
    tenant(key: $tenant) {
      bindings(first: $first, after: $after, last: $last, before: $before) {
        nodes {
          id
          namespaceName
          createdAt
          role {
            name
          }
          subject {
            ...Subject_subject
          }
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

type Binding = NonNullable<NonNullable<BindingsQuery['response']['tenant']>['bindings']>['nodes'][number];

const columns: readonly Column<Binding>[] = [
  { title: 'Who', className: 'main-cell', cell: ({ subject }) => <Subject subject={subject} /> },
  { title: 'Role', cell: ({ role }) => role?.name ?? <span className="quiet">not for you to see</span> },
  {
    title: 'Where',
    className: 'fluid p2',
    cell: ({ namespaceName }) =>
      namespaceName === null || namespaceName === undefined ? (
        'the whole tenant'
      ) : (
        <code>{namespaceName} and below</code>
      ),
  },
  { title: 'Since', className: 'end p3', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

export function Bindings() {
  const tenant = useTenant();
  const search = useSearch({ from: '/t/$tenant/bindings' });
  return (
    <Page title="Bindings" crumbs={[{ title: tenant }, { title: 'Access' }]}>
      <List tenant={tenant} search={search} />
    </Page>
  );
}

function List({ tenant: key, search }: { tenant: string; search: ListSearch }) {
  const variables = { tenant: key, ...pageOf(search) };
  const { tenant } = useAnswer<BindingsQuery>(query, variables);
  const found = tenant?.bindings;
  if (!found) return <Empty icon="link" title="Bindings are not for you to see" />;
  return (
    <DataTable
      caption="Bindings"
      columns={columns}
      rows={found.nodes}
      keyOf={({ id }) => id}
      pageInfo={found.pageInfo}
      empty={{
        icon: 'link',
        title: 'No bindings yet',
        text: (
          <p>A binding gives a role to a person, a group or a service account, in the tenant or below a namespace.</p>
        ),
      }}
    />
  );
}
