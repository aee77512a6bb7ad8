import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { EditAndDelete } from '../../access/EditAndDelete.tsx';
import { needs } from '../../access/viewer.ts';
import type { deleteGroupMutation } from '../../generated/deleteGroupMutation.graphql.ts';
import type { GroupQuery } from '../../generated/GroupQuery.graphql.ts';
import type { GroupUpdateMutation } from '../../generated/GroupUpdateMutation.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Absent } from '../../ui/Absent.tsx';
import { BindingTable } from '../../ui/bindings/BindingTable.tsx';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { pageOf } from '../../ui/DataTable.tsx';
import { Activity } from '../../ui/events/Activity.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Page } from '../../ui/Page.tsx';
import { TabLink } from '../../ui/TabLink.tsx';
import { toast } from '../../ui/toast.ts';
import { useTenant } from '../tenant.ts';
import { deleteGroup } from './delete-group.ts';
import { Members } from './Members.tsx';

const query = graphql`
  query GroupQuery(
    $id: ID!
    $hasMembers: Boolean!
    $hasBindings: Boolean!
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    node(id: $id) {
      __typename
      ... on Group {
        name
        description
        viewerPermissions
        members(first: $first, after: $after, last: $last, before: $before) @include(if: $hasMembers) {
          ...Members_members
        }
        bindings(first: $first, after: $after, last: $last, before: $before) @include(if: $hasBindings) {
          ...BindingTable_bindings
        }
      }
    }
  }
`;

const update = graphql`
  mutation GroupUpdateMutation($input: UpdateGroupInput!) {
    updateGroup(input: $input) {
      impact {
        principalCount
      }
    }
  }
`;

/** A group: its members, what it gives them, and what happened to it. */
export function Group() {
  const tenant = useTenant();
  const { group: id } = useParams({ from: '/t/$tenant/groups/$group' });
  return <Loaded key={id} tenant={tenant} id={id} />;
}

function Loaded({ tenant, id }: { tenant: string; id: string }) {
  const search = useSearch({ from: '/t/$tenant/groups/$group' });
  const { tab } = search;
  const navigate = useNavigate();
  const [open, setOpen] = useState<'edit' | 'delete'>();
  const close = () => setOpen(undefined);
  const { node } = useAnswer<GroupQuery>(query, {
    id,
    hasMembers: tab === undefined,
    hasBindings: tab === 'roles',
    ...pageOf(search),
  });
  const crumbs = [{ title: tenant }, { title: 'Groups', to: `/t/${tenant}/groups` }];
  if (node?.__typename !== 'Group') return <Absent kind="Group" icon="group" crumbs={crumbs} />;
  const { name, description, viewerPermissions } = node;
  return (
    <Page
      title={name}
      crumbs={crumbs}
      beside={description && <span className="quiet">{description}</span>}
      actions={
        <EditAndDelete
          needs={{ edit: needs.updateGroup, delete: needs.deleteGroup }}
          viewerPermissions={viewerPermissions}
          onPress={setOpen}
        />
      }
      tabs={
        <>
          <TabLink title="Members" tab={undefined} open={tab} />
          <TabLink title="Roles" tab="roles" open={tab} />
          <TabLink title="Activity" tab="activity" open={tab} />
        </>
      }
    >
      {tab === undefined && (
        <Members tenant={tenant} group={id} members={node.members} mayChange={viewerPermissions.includes('UPDATE')} />
      )}
      {tab === 'roles' && (
        <BindingTable
          tenant={tenant}
          bindings={node.bindings}
          subject={{ id, title: name }}
          purpose="Give the group a role, and all its members have it."
        />
      )}
      {tab === 'activity' && <Activity tenant={tenant} object={id} />}
      {open === 'edit' && (
        <FormDialog<GroupUpdateMutation>
          title={`Edit ${name}`}
          mutation={update}
          submit="Save"
          inputOf={(values) => ({
            id,
            name: values.text('name') ?? '',
            description: values.text('description') ?? '',
          })}
          done={() => {
            close();
            toast('Group saved');
          }}
          close={close}
        >
          <TextField name="name" label="Name" value={name} autoFocus />
          <TextField name="description" label="Description" value={description ?? ''} isOptional />
        </FormDialog>
      )}
      {open === 'delete' && (
        <ConfirmDialog<deleteGroupMutation>
          title={`Delete the group ${name}`}
          mutation={deleteGroup}
          input={{ id }}
          impactOf={(answer) => answer.deleteGroup?.impact}
          submit="Delete"
          isDanger
          done={() => {
            toast(`Group ${name} deleted`);
            void navigate({ to: '/t/$tenant/groups', params: { tenant } });
          }}
          close={close}
        >
          <p>Its members keep their accounts, and lose what the group gives them.</p>
        </ConfirmDialog>
      )}
    </Page>
  );
}
