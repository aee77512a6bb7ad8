import { useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { BindingsQuery } from '../../generated/BindingsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import type { Column } from '../../ui/DataTable.tsx';
import { type Asked, ListPage } from '../../ui/ListPage.tsx';
import { Subject } from '../../ui/Subject.tsx';
import { Time } from '../../ui/Time.tsx';

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
  { title: 'Role', cell: ({ role }) => role?.name ?? <span className="quiet">hidden from you</span> },
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

const useBindings = ({ where: _where, ...asked }: Asked) => useAnswer<BindingsQuery>(query, asked).tenant?.bindings;

export function Bindings() {
  const search = useSearch({ from: '/t/$tenant/bindings' });
  return (
    <ListPage
      title="Bindings"
      icon="link"
      search={search}
      columns={() => columns}
      purpose="A binding gives a role to a person, a group or a service account, in the tenant or below a namespace."
      useList={useBindings}
    />
  );
}
