import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { EditAndDelete } from '../../access/EditAndDelete.tsx';
import { permissionsOf } from '../../access/permissions.ts';
import { needs } from '../../access/viewer.ts';
import type { deleteRoleMutation } from '../../generated/deleteRoleMutation.graphql.ts';
import type { RoleQuery } from '../../generated/RoleQuery.graphql.ts';
import type { RoleUpdateMutation } from '../../generated/RoleUpdateMutation.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Absent } from '../../ui/Absent.tsx';
import { BindingTable } from '../../ui/bindings/BindingTable.tsx';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { pageOf } from '../../ui/DataTable.tsx';
import { Activity } from '../../ui/events/Activity.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { CheckField, TextField } from '../../ui/fields.tsx';
import { Page } from '../../ui/Page.tsx';
import { TabLink } from '../../ui/TabLink.tsx';
import { toast } from '../../ui/toast.ts';
import { useTenant } from '../tenant.ts';
import { CreateRole } from './CreateRole.tsx';
import { deleteRole } from './delete-role.ts';
import { LeastPrivilege } from './LeastPrivilege.tsx';
import { RoleEditor } from './RoleEditor.tsx';

const query = graphql`
  query RoleQuery(
    $id: ID!
    $hasCatalog: Boolean!
    $hasBindings: Boolean!
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    permissionCatalog @include(if: $hasCatalog) {
      ...RoleEditor_catalog
    }
    node(id: $id) {
      __typename
      ... on Role {
        name
        description
        isManaged
        isDefault
        viewerPermissions
        permissions {
          resource
          actions
        }
        ...RoleEditor_role @alias(as: "edited")
        bindings(first: $first, after: $after, last: $last, before: $before) @include(if: $hasBindings) {
          ...BindingTable_bindings
        }
      }
    }
  }
`;

const update = graphql`
  mutation RoleUpdateMutation($input: UpdateRoleInput!) {
    updateRole(input: $input) {
      impact {
        principalCount
      }
    }
  }
`;

/** A role: what it permits, who holds it, what of it is used, and what happened to it. */
export function Role() {
  const tenant = useTenant();
  const { role: id } = useParams({ from: '/t/$tenant/roles/$role' });
  return <Loaded key={id} tenant={tenant} id={id} />;
}

const managed = 'Gatehouse manages this role. Create one like it instead.';

function Loaded({ tenant, id }: { tenant: string; id: string }) {
  const search = useSearch({ from: '/t/$tenant/roles/$role' });
  const { tab } = search;
  const navigate = useNavigate();
  const [open, setOpen] = useState<'edit' | 'delete' | 'copy'>();
  const close = () => setOpen(undefined);
  const { node, permissionCatalog } = useAnswer<RoleQuery>(query, {
    id,
    hasCatalog: tab === undefined,
    hasBindings: tab === 'bindings',
    ...pageOf(search),
  });
  const crumbs = [{ title: tenant }, { title: 'Roles', to: `/t/${tenant}/roles` }];
  if (node?.__typename !== 'Role') return <Absent kind="Role" icon="role" crumbs={crumbs} />;
  const { name, isManaged, viewerPermissions } = node;
  const why = isManaged ? managed : undefined;
  return (
    <Page
      title={name}
      crumbs={crumbs}
      beside={
        <>
          <span className="badge">{isManaged ? 'managed' : 'custom'}</span>
          {node.isDefault && <span className="badge accent">default</span>}
          {node.description && <span className="quiet p2">{node.description}</span>}
        </>
      }
      actions={
        <>
          <ActionButton permission={needs.createRole} onPress={() => setOpen('copy')}>
            Duplicate
          </ActionButton>
          <EditAndDelete
            needs={{ edit: needs.updateRole, delete: needs.deleteRole }}
            viewerPermissions={viewerPermissions}
            why={why}
            onPress={setOpen}
          />
        </>
      }
      tabs={
        <>
          <TabLink title="Permissions" tab={undefined} open={tab} />
          <TabLink title="Bindings" tab="bindings" open={tab} />
          <TabLink title="Least privilege" tab="least-privilege" open={tab} />
          <TabLink title="Activity" tab="activity" open={tab} />
        </>
      }
    >
      {tab === undefined && node.edited && permissionCatalog && (
        <RoleEditor catalog={permissionCatalog} role={node.edited} />
      )}
      {tab === 'bindings' && (
        <BindingTable
          tenant={tenant}
          bindings={node.bindings}
          role={{ id, title: name }}
          purpose="Give the role to a person, a group or a service account."
        />
      )}
      {tab === 'least-privilege' && <LeastPrivilege id={id} name={name} why={why} permissions={viewerPermissions} />}
      {tab === 'activity' && <Activity tenant={tenant} object={id} />}
      {open === 'copy' && (
        <CreateRole tenant={tenant} like={{ name, permissions: permissionsOf(node.permissions) }} close={close} />
      )}
      {open === 'edit' && (
        <FormDialog<RoleUpdateMutation>
          title={`Edit ${name}`}
          mutation={update}
          submit="Save"
          inputOf={(values) => ({
            id,
            name: values.text('name') ?? '',
            description: values.text('description') ?? '',
            isDefault: values.isOn('isDefault'),
          })}
          done={() => {
            close();
            toast('Role saved');
          }}
          close={close}
        >
          <TextField name="name" label="Name" value={name} autoFocus />
          <TextField name="description" label="Description" value={node.description ?? ''} isOptional />
          <CheckField
            name="isDefault"
            label="Default role of the tenant"
            hint="Offered to each user who gets access. A tenant has at most one."
            isChecked={node.isDefault}
          />
        </FormDialog>
      )}
      {open === 'delete' && (
        <ConfirmDialog<deleteRoleMutation>
          title={`Delete the role ${name}`}
          mutation={deleteRole}
          input={{ id }}
          impactOf={(answer) => answer.deleteRole?.impact}
          submit="Delete"
          isDanger
          done={() => {
            toast(`Role ${name} deleted`);
            void navigate({ to: '/t/$tenant/roles', params: { tenant } });
          }}
          close={close}
        />
      )}
    </Page>
  );
}
