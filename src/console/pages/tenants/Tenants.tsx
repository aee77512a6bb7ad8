import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { TenantsCreateMutation } from '../../generated/TenantsCreateMutation.graphql.ts';
import type { TenantsQuery } from '../../generated/TenantsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import type { Column } from '../../ui/DataTable.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { type Asked, ListPage } from '../../ui/ListPage.tsx';
import { Time } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import { useTenant } from '../tenant.ts';

const query = graphql`
  query TenantsQuery($where: TenantWhere, $first: Int, $after: String, $last: Int, $before: String) {
    tenants(where: $where, first: $first, after: $after, last: $last, before: $before) {
      nodes {
        id
        key
        name
        description
        createdAt
      }
      pageInfo {
        ...DataTable_pageInfo
      }
    }
  }
`;

const create = graphql`
  mutation TenantsCreateMutation($input: CreateTenantInput!) {
    createTenant(input: $input) {
      tenant {
        id
        key
      }
    }
  }
`;

type Tenant = NonNullable<TenantsQuery['response']['tenants']>['nodes'][number];

const columnsOf = (here: string): readonly Column<Tenant>[] => [
  {
    title: 'Tenant',
    className: 'main-cell',
    cell: ({ key }) => (
      <span className="row">
        <Link to="/t/$tenant/tenants/$key" params={{ tenant: here, key }}>
          {key}
        </Link>
        {key === here && <span className="badge accent">you are here</span>}
      </span>
    ),
  },
  { title: 'Name', cell: ({ name }) => name },
  { title: 'Description', className: 'fluid p2', cell: ({ description }) => description },
  { title: 'Since', className: 'p3', cell: ({ createdAt }) => <Time at={createdAt} /> },
  {
    title: 'Open',
    className: 'end',
    cell: ({ key }) => (
      <Link className="btn sm" to="/t/$tenant" params={{ tenant: key }}>
        Go there <span className="sr">: {key}</span>
      </Link>
    ),
  },
];

const useTenants = ({ tenant: _tenant, ...asked }: Asked) => useAnswer<TenantsQuery>(query, asked).tenants;

/** Every tenant that the viewer can see. */
export function Tenants() {
  const here = useTenant();
  const navigate = useNavigate();
  const search = useSearch({ from: '/t/$tenant/tenants' });
  const [isCreating, setIsCreating] = useState(false);
  return (
    <>
      <ListPage
        title="Tenants"
        section="Oversight"
        icon="tenant"
        search={search}
        isSearched
        actions={
          <ActionButton
            permission={needs.createTenant}
            icon="plus"
            className="primary"
            onPress={() => setIsCreating(true)}
          >
            Create a tenant
          </ActionButton>
        }
        columns={columnsOf}
        purpose="A tenant has its own users, roles, namespaces and flows."
        useList={useTenants}
      />
      {isCreating && (
        <FormDialog<TenantsCreateMutation>
          title="Create a tenant"
          mutation={create}
          submit="Create"
          inputOf={(values) => ({
            key: values.text('key') ?? '',
            ...(values.text('name') !== undefined && { name: values.text('name')! }),
            ...(values.text('description') !== undefined && { description: values.text('description')! }),
          })}
          done={({ createTenant }) => {
            setIsCreating(false);
            toast('Tenant created');
            const key = createTenant?.tenant?.key;
            if (key) void navigate({ to: '/t/$tenant/tenants/$key', params: { tenant: here, key } });
          }}
          close={() => setIsCreating(false)}
        >
          <TextField
            name="key"
            label="Key"
            hint="Small letters, figures and dashes. It is part of every address, and stays."
            autoFocus
          />
          <TextField name="name" label="Name" isOptional />
          <TextField name="description" label="Description" isOptional />
        </FormDialog>
      )}
    </>
  );
}
