import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { ServiceAccountsQuery } from '../../generated/ServiceAccountsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { BulkDialog } from '../../ui/BulkDialog.tsx';
import type { Column } from '../../ui/DataTable.tsx';
import { type Asked, type Chosen, ListPage } from '../../ui/ListPage.tsx';
import { Time } from '../../ui/Time.tsx';
import { Who } from '../../ui/Who.tsx';
import { useTenant } from '../tenant.ts';
import { CreateAccount } from './CreateAccount.tsx';
import { deleteAccount } from './delete-account.ts';

const query = graphql`
  query ServiceAccountsQuery(
    $tenant: String!
    $where: ServiceAccountWhere
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    tenant(key: $tenant) {
      serviceAccounts(where: $where, first: $first, after: $after, last: $last, before: $before) {
        nodes {
          id
          name
          description
          createdAt
        }
        pageInfo {
          ...DataTable_pageInfo
        }
      }
    }
  }
`;

type ServiceAccount = NonNullable<
  NonNullable<ServiceAccountsQuery['response']['tenant']>['serviceAccounts']
>['nodes'][number];

const columnsOf = (tenant: string): readonly Column<ServiceAccount>[] => [
  {
    title: 'Service account',
    className: 'main-cell',
    cell: ({ id, name }) => (
      <Link to="/t/$tenant/service-accounts/$account" params={{ tenant, account: id }}>
        <Who name={name} isBot />
      </Link>
    ),
  },
  { title: 'Description', className: 'fluid p2', cell: ({ description }) => description },
  { title: 'Since', className: 'end', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

const useServiceAccounts = (asked: Asked) => useAnswer<ServiceAccountsQuery>(query, asked).tenant?.serviceAccounts;

export function ServiceAccounts() {
  const tenant = useTenant();
  const search = useSearch({ from: '/t/$tenant/service-accounts' });
  const [isCreating, setIsCreating] = useState(false);
  const [deleting, setDeleting] = useState<Chosen<ServiceAccount>>();
  return (
    <>
      <ListPage
        title="Service accounts"
        icon="bot"
        search={search}
        isSearched
        actions={
          <ActionButton
            permission={needs.createServiceAccount}
            icon="plus"
            className="primary"
            onPress={() => setIsCreating(true)}
          >
            Create an account
          </ActionButton>
        }
        columns={columnsOf}
        nameOf={({ name }) => name}
        bulk={(chosen) => (
          <ActionButton permission={needs.deleteServiceAccount} className="danger" onPress={() => setDeleting(chosen)}>
            Delete…
          </ActionButton>
        )}
        purpose="Programs sign in as service accounts, by API tokens."
        useList={useServiceAccounts}
      />
      {isCreating && <CreateAccount tenant={tenant} close={() => setIsCreating(false)} />}
      {deleting && (
        <BulkDialog
          title="Delete service accounts"
          items={deleting.rows.map(({ id, name }) => ({ id, name }))}
          mutation={deleteAccount}
          inputOf={(id) => ({ id })}
          submit="Delete all"
          isDanger
          close={() => {
            deleting.clear();
            setDeleting(undefined);
          }}
        >
          <p>Their tokens stop working at once.</p>
        </BulkDialog>
      )}
    </>
  );
}
