import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { RolesQuery } from '../../generated/RolesQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { BulkDialog } from '../../ui/BulkDialog.tsx';
import type { Column } from '../../ui/DataTable.tsx';
import { type Asked, type Chosen, ListPage } from '../../ui/ListPage.tsx';
import { Time } from '../../ui/Time.tsx';
import { useTenant } from '../tenant.ts';
import { CreateRole } from './CreateRole.tsx';
import { deleteRole } from './delete-role.ts';

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

const columnsOf = (tenant: string): readonly Column<Role>[] => [
  {
    title: 'Role',
    className: 'main-cell',
    cell: ({ id, name, isManaged, isDefault }) => (
      <span className="row">
        <Link to="/t/$tenant/roles/$role" params={{ tenant, role: id }}>
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
  const tenant = useTenant();
  const search = useSearch({ from: '/t/$tenant/roles' });
  const [isCreating, setIsCreating] = useState(false);
  const [deleting, setDeleting] = useState<Chosen<Role>>();
  return (
    <>
      <ListPage
        title="Roles"
        icon="role"
        search={search}
        isSearched
        actions={
          <ActionButton
            permission={needs.createRole}
            icon="plus"
            className="primary"
            onPress={() => setIsCreating(true)}
          >
            Create a role
          </ActionButton>
        }
        columns={columnsOf}
        nameOf={({ name }) => name}
        bulk={(chosen) => (
          <ActionButton permission={needs.deleteRole} className="danger" onPress={() => setDeleting(chosen)}>
            Delete…
          </ActionButton>
        )}
        purpose="A role names permissions. A binding gives it to a person, a group or a service account."
        useList={useRoles}
      />
      {isCreating && <CreateRole tenant={tenant} close={() => setIsCreating(false)} />}
      {deleting && (
        <BulkDialog
          title="Delete roles"
          items={deleting.rows.map(({ id, name }) => ({ id, name }))}
          mutation={deleteRole}
          inputOf={(id) => ({ id })}
          submit="Delete all"
          isDanger
          close={() => {
            deleting.clear();
            setDeleting(undefined);
          }}
        >
          <p>A role that still has bindings, and one that Gatehouse manages, cannot be deleted.</p>
        </BulkDialog>
      )}
    </>
  );
}
