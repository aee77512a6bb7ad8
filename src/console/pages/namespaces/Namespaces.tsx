import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { NamespacesQuery } from '../../generated/NamespacesQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import type { Column } from '../../ui/DataTable.tsx';
import { Filters } from '../../ui/Filters.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { type Asked, ListPage } from '../../ui/ListPage.tsx';
import { underFilter } from '../../ui/run-filters.tsx';
import { Ago } from '../../ui/Time.tsx';
import { useTenant } from '../tenant.ts';
import { CreateNamespace } from './CreateNamespace.tsx';
import type { NamespacesSearch } from './search.ts';

const query = graphql`
  query NamespacesQuery(
    $tenant: String!
    $where: NamespaceWhere
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    tenant(key: $tenant) {
      namespaces(
        where: $where
        orderBy: { field: NAME }
        first: $first
        after: $after
        last: $last
        before: $before
      ) {
        nodes {
          id
          name
          description
          declared
          createdAt
          inheritedWorkerGroup {
            key
          }
        }
        pageInfo {
          ...DataTable_pageInfo
        }
      }
    }
  }
`;

type Namespace = NonNullable<NonNullable<NamespacesQuery['response']['tenant']>['namespaces']>['nodes'][number];

const columnsOf = (tenant: string): readonly Column<Namespace>[] => [
  {
    title: 'Namespace',
    className: 'main-cell',
    cell: ({ name }) => {
      const parts = name.split('.');
      return (
        <Link
          className={`branch l${Math.min(6, parts.length - 1)}`}
          to="/t/$tenant/namespaces/$namespace"
          params={{ tenant, namespace: name }}
        >
          <Icon name="ns" />
          <span>
            {parts.length > 1 && <span className="quiet">{parts.slice(0, -1).join('.')}.</span>}
            {parts.at(-1)}
          </span>
        </Link>
      );
    },
  },
  { title: 'Description', className: 'fluid p2', cell: ({ description }) => description },
  {
    title: 'Kind',
    cell: ({ declared }) =>
      declared ? <span className="quiet">created</span> : <span className="badge">implied</span>,
  },
  { title: 'Worker group', className: 'p3', cell: ({ inheritedWorkerGroup }) => inheritedWorkerGroup?.key },
  { title: 'Since', className: 'end p2', cell: ({ createdAt }) => <Ago at={createdAt} /> },
];

/** The tree of namespaces, in the order of their names. */
export function Namespaces() {
  const tenant = useTenant();
  const navigate = useNavigate();
  const search: NamespacesSearch = useSearch({ from: '/t/$tenant/namespaces' });
  const [isCreating, setIsCreating] = useState(false);
  const where = {
    ...(search.text !== undefined && { text: search.text }),
    ...(search.under !== undefined && { under: search.under }),
  };
  const useNamespaces = (asked: Asked) => useAnswer<NamespacesQuery>(query, { ...asked, where }).tenant?.namespaces;
  return (
    <>
      <ListPage<Namespace>
        title="Namespaces"
        section="Orchestration"
        icon="ns"
        search={search}
        isSearched
        isFiltered={search.under !== undefined}
        filters={<Filters filters={[underFilter(tenant)]} search={search} />}
        actions={
          <ActionButton
            permission={needs.createNamespace}
            icon="plus"
            className="primary"
            onPress={() => setIsCreating(true)}
          >
            Create a namespace
          </ActionButton>
        }
        columns={columnsOf}
        purpose="A namespace holds flows, files, variables and secrets. Those below it inherit from it, and roles are given in it."
        useList={useNamespaces}
      />
      {isCreating && (
        <CreateNamespace
          tenant={tenant}
          done={(namespace) => void navigate({ to: '/t/$tenant/namespaces/$namespace', params: { tenant, namespace } })}
          close={() => setIsCreating(false)}
        />
      )}
    </>
  );
}
