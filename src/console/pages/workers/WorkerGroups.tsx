import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { WorkerGroupsCreateMutation } from '../../generated/WorkerGroupsCreateMutation.graphql.ts';
import type { WorkerGroupsQuery } from '../../generated/WorkerGroupsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import type { Column } from '../../ui/DataTable.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { type Asked, ListPage } from '../../ui/ListPage.tsx';
import { Time } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import { useTenant } from '../tenant.ts';
import { keysIn } from './keys.ts';

const query = graphql`
  query WorkerGroupsQuery($where: WorkerGroupWhere, $first: Int, $after: String, $last: Int, $before: String) {
    workerGroups(where: $where, first: $first, after: $after, last: $last, before: $before) {
      nodes {
        id
        key
        description
        open
        allowedTenantKeys
        createdAt
        workers {
          totalCount
        }
      }
      pageInfo {
        ...DataTable_pageInfo
      }
    }
  }
`;

const create = graphql`
  mutation WorkerGroupsCreateMutation($input: CreateWorkerGroupInput!) {
    createWorkerGroup(input: $input) {
      workerGroup {
        id
      }
    }
  }
`;

type WorkerGroup = NonNullable<WorkerGroupsQuery['response']['workerGroups']>['nodes'][number];

const columnsOf = (tenant: string): readonly Column<WorkerGroup>[] => [
  {
    title: 'Worker group',
    className: 'main-cell',
    cell: ({ id, key }) => (
      <Link to="/t/$tenant/worker-groups/$group" params={{ tenant, group: id }}>
        {key}
      </Link>
    ),
  },
  { title: 'Description', className: 'fluid p2', cell: ({ description }) => description },
  {
    title: 'For',
    cell: ({ open, allowedTenantKeys }) =>
      open ? <span className="quiet">every tenant</span> : allowedTenantKeys.join(', '),
  },
  { title: 'Services', className: 'end', cell: ({ workers }) => workers?.totalCount.toLocaleString() },
  { title: 'Since', className: 'end p3', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

const useWorkerGroups = ({ tenant: _tenant, ...asked }: Asked) =>
  useAnswer<WorkerGroupsQuery>(query, asked).workerGroups;

export function WorkerGroups() {
  const tenant = useTenant();
  const navigate = useNavigate();
  const search = useSearch({ from: '/t/$tenant/worker-groups' });
  const [isCreating, setIsCreating] = useState(false);
  return (
    <>
      <ListPage
        title="Worker groups"
        section="Oversight"
        icon="tasks"
        search={search}
        isSearched
        actions={
          <ActionButton
            permission={needs.createWorkerGroup}
            place="instance"
            icon="plus"
            className="primary"
            onPress={() => setIsCreating(true)}
          >
            Create a group
          </ActionButton>
        }
        columns={columnsOf}
        purpose="Worker groups keep the tasks of some tenants or namespaces on workers of their own."
        useList={useWorkerGroups}
      />
      {isCreating && (
        <FormDialog<WorkerGroupsCreateMutation>
          title="Create a worker group"
          mutation={create}
          submit="Create"
          inputOf={(values) => ({
            key: values.text('key') ?? '',
            ...(values.text('description') !== undefined && { description: values.text('description')! }),
            allowedTenantKeys: keysIn(values.text('allowedTenantKeys')),
          })}
          done={({ createWorkerGroup }) => {
            setIsCreating(false);
            toast('Worker group created');
            const group = createWorkerGroup?.workerGroup?.id;
            if (group) void navigate({ to: '/t/$tenant/worker-groups/$group', params: { tenant, group } });
          }}
          close={() => setIsCreating(false)}
        >
          <TextField
            name="key"
            label="Key"
            hint="Letters, figures, _ and -. Work refers to the group by it."
            autoFocus
          />
          <TextField name="description" label="Description" isOptional />
          <TextField
            name="allowedTenantKeys"
            label="Tenants"
            isOptional
            hint="Keys of the tenants that can use it, separated by commas. Empty for every tenant."
          />
        </FormDialog>
      )}
    </>
  );
}
