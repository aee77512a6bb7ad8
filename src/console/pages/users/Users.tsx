import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { UsersQuery } from '../../generated/UsersQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { BulkDialog } from '../../ui/BulkDialog.tsx';
import type { Column } from '../../ui/DataTable.tsx';
import { Hidden } from '../../ui/Hidden.tsx';
import { type Asked, type Chosen, ListPage } from '../../ui/ListPage.tsx';
import { Time } from '../../ui/Time.tsx';
import { Who } from '../../ui/Who.tsx';
import { useTenant } from '../tenant.ts';
import { AddUser } from './AddUser.tsx';

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
          hiddenFields {
            reason
          }
        }
        pageInfo {
          ...DataTable_pageInfo
        }
      }
    }
  }
`;

const revoke = graphql`
  mutation UsersRevokeMutation($input: RevokeTenantAccessInput!) {
    revokeTenantAccess(input: $input) {
      impact {
        ...Impact_impact
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
    cell: ({ disabled, superAdmin, hiddenFields }) => (
      <span className="row">
        {hiddenFields && <Hidden reason={hiddenFields.reason} />}
        {disabled && <span className="badge fail">Disabled</span>}
        {superAdmin && <span className="badge accent">Super admin</span>}
        {!hiddenFields && !disabled && !superAdmin && <span className="quiet">Active</span>}
      </span>
    ),
  },
  { title: 'Since', className: 'end p3', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

const useUsers = (asked: Asked) => useAnswer<UsersQuery>(query, asked).tenant?.users;

export function Users() {
  const tenant = useTenant();
  const search = useSearch({ from: '/t/$tenant/users' });
  const [isAdding, setIsAdding] = useState(false);
  const [removing, setRemoving] = useState<Chosen<User>>();
  return (
    <>
      <ListPage
        title="Users"
        icon="user"
        search={search}
        isSearched
        actions={
          <ActionButton
            permission={needs.grantTenantAccess}
            icon="plus"
            className="primary"
            onPress={() => setIsAdding(true)}
          >
            Add a user
          </ActionButton>
        }
        columns={columnsOf}
        nameOf={({ username }) => username}
        bulk={(chosen) => (
          <ActionButton permission={needs.revokeTenantAccess} className="danger" onPress={() => setRemoving(chosen)}>
            Remove from the tenant…
          </ActionButton>
        )}
        purpose="People with access to this tenant are listed here."
        useList={useUsers}
      />
      {isAdding && <AddUser tenant={tenant} close={() => setIsAdding(false)} />}
      {removing && (
        <BulkDialog
          title="Remove users from the tenant"
          items={removing.rows.map(({ id, username }) => ({ id, name: username }))}
          mutation={revoke}
          inputOf={(subject) => ({ tenantKey: tenant, subject })}
          submit="Remove all"
          isDanger
          close={() => {
            removing.clear();
            setRemoving(undefined);
          }}
        >
          <p>They lose their roles and groups here, and keep their accounts.</p>
        </BulkDialog>
      )}
    </>
  );
}
