import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { GroupsCreateMutation } from '../../generated/GroupsCreateMutation.graphql.ts';
import type { GroupsQuery } from '../../generated/GroupsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { BulkDialog } from '../../ui/BulkDialog.tsx';
import type { Column } from '../../ui/DataTable.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { type Asked, type Chosen, ListPage } from '../../ui/ListPage.tsx';
import { Time } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import { useTenant } from '../tenant.ts';
import { deleteGroup } from './delete-group.ts';

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
          ...DataTable_pageInfo
        }
      }
    }
  }
`;

const create = graphql`
  mutation GroupsCreateMutation($input: CreateGroupInput!) {
    createGroup(input: $input) {
      group {
        id
      }
    }
  }
`;

type Group = NonNullable<NonNullable<GroupsQuery['response']['tenant']>['groups']>['nodes'][number];

const columnsOf = (tenant: string): readonly Column<Group>[] => [
  {
    title: 'Group',
    className: 'main-cell',
    cell: ({ id, name }) => (
      <Link to="/t/$tenant/groups/$group" params={{ tenant, group: id }}>
        {name}
      </Link>
    ),
  },
  { title: 'Description', className: 'fluid p2', cell: ({ description }) => description },
  { title: 'Since', className: 'end', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

const useGroups = (asked: Asked) => useAnswer<GroupsQuery>(query, asked).tenant?.groups;

export function Groups() {
  const tenant = useTenant();
  const navigate = useNavigate();
  const search = useSearch({ from: '/t/$tenant/groups' });
  const [isCreating, setIsCreating] = useState(false);
  const [deleting, setDeleting] = useState<Chosen<Group>>();
  return (
    <>
      <ListPage
        title="Groups"
        icon="group"
        search={search}
        isSearched
        actions={
          <ActionButton
            permission={needs.createGroup}
            icon="plus"
            className="primary"
            onPress={() => setIsCreating(true)}
          >
            Create a group
          </ActionButton>
        }
        columns={columnsOf}
        nameOf={({ name }) => name}
        bulk={(chosen) => (
          <ActionButton permission={needs.deleteGroup} className="danger" onPress={() => setDeleting(chosen)}>
            Delete…
          </ActionButton>
        )}
        purpose="Groups give roles to many people at once."
        useList={useGroups}
      />
      {isCreating && (
        <FormDialog<GroupsCreateMutation>
          title="Create a group"
          mutation={create}
          submit="Create"
          inputOf={(values) => ({
            tenantKey: tenant,
            name: values.text('name') ?? '',
            ...(values.text('description') !== undefined && { description: values.text('description')! }),
          })}
          done={({ createGroup }) => {
            setIsCreating(false);
            toast('Group created', 'Add members to it, and give it roles.');
            const group = createGroup?.group?.id;
            if (group) void navigate({ to: '/t/$tenant/groups/$group', params: { tenant, group } });
          }}
          close={() => setIsCreating(false)}
        >
          <TextField name="name" label="Name" autoFocus />
          <TextField name="description" label="Description" isOptional />
        </FormDialog>
      )}
      {deleting && (
        <BulkDialog
          title="Delete groups"
          items={deleting.rows.map(({ id, name }) => ({ id, name }))}
          mutation={deleteGroup}
          inputOf={(id) => ({ id })}
          submit="Delete all"
          isDanger
          close={() => {
            deleting.clear();
            setDeleting(undefined);
          }}
        >
          <p>Their members lose what the groups give them. Each group is deleted, or refused, alone.</p>
        </BulkDialog>
      )}
    </>
  );
}
