import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { EditAndDelete } from '../../access/EditAndDelete.tsx';
import { needs } from '../../access/viewer.ts';
import type { TenantDeleteMutation } from '../../generated/TenantDeleteMutation.graphql.ts';
import type { TenantQuery } from '../../generated/TenantQuery.graphql.ts';
import type { TenantUpdateMutation } from '../../generated/TenantUpdateMutation.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Absent } from '../../ui/Absent.tsx';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { Activity } from '../../ui/events/Activity.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { CheckField, SelectField, TextField } from '../../ui/fields.tsx';
import { Page } from '../../ui/Page.tsx';
import { TabLink } from '../../ui/TabLink.tsx';
import { Time } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import { useTenant } from '../tenant.ts';
import { TenantSettings } from './TenantSettings.tsx';

const query = graphql`
  query TenantQuery($key: String!) {
    tenant(key: $key) {
      id
      name
      description
      createdAt
      workerGroupKey
      workerGroupFallback
      requireSecondFactor
      viewerPermissions
      users {
        totalCount
      }
      groups {
        totalCount
      }
      roles {
        totalCount
      }
      serviceAccounts {
        totalCount
      }
      namespaces {
        totalCount
      }
      flows {
        totalCount
      }
    }
  }
`;

const update = graphql`
  mutation TenantUpdateMutation($input: UpdateTenantInput!) {
    updateTenant(input: $input) {
      impact {
        principalCount
      }
    }
  }
`;

const remove = graphql`
  mutation TenantDeleteMutation($input: DeleteTenantInput!) {
    deleteTenant(input: $input) {
      deletedId
      impact {
        ...Impact_impact
      }
    }
  }
`;

const fallbacks: Readonly<Record<string, string>> = {
  WAIT: 'executions wait',
  FAIL: 'executions fail',
  CANCEL: 'executions are cancelled',
};

/** A tenant: what it holds, where its executions run, and what happened to it. */
export function Tenant() {
  const here = useTenant();
  const { key } = useParams({ from: '/t/$tenant/tenants/$key' });
  return <Loaded key={key} here={here} tenant={key} />;
}

function Loaded({ here, tenant: key }: { here: string; tenant: string }) {
  const { tab } = useSearch({ from: '/t/$tenant/tenants/$key' });
  const navigate = useNavigate();
  const [open, setOpen] = useState<'edit' | 'delete'>();
  const close = () => setOpen(undefined);
  const { tenant } = useAnswer<TenantQuery>(query, { key });
  const crumbs = [{ title: here }, { title: 'Tenants', to: `/t/${here}/tenants` }];
  if (!tenant)
    return (
      <Absent kind="Tenant" icon="tenant" crumbs={crumbs}>
        It was deleted, or you have no access to it.
      </Absent>
    );
  const counts = [
    ['Users', tenant.users],
    ['Groups', tenant.groups],
    ['Roles', tenant.roles],
    ['Service accounts', tenant.serviceAccounts],
    ['Namespaces', tenant.namespaces],
    ['Flows', tenant.flows],
  ] as const;
  return (
    <Page
      title={key}
      crumbs={crumbs}
      beside={<span className="quiet">{tenant.name}</span>}
      actions={
        <>
          {key !== here && (
            <Link className="btn" to="/t/$tenant" params={{ tenant: key }}>
              Go there
            </Link>
          )}
          <EditAndDelete
            needs={{ edit: needs.updateTenant, delete: needs.deleteTenant }}
            viewerPermissions={tenant.viewerPermissions}
            onPress={setOpen}
          />
        </>
      }
      tabs={
        <>
          <TabLink title="Overview" tab={undefined} open={tab} />
          <TabLink title="Settings" tab="settings" open={tab} />
          <TabLink title="Activity" tab="activity" open={tab} />
        </>
      }
    >
      {tab === 'settings' ? (
        <TenantSettings key={key} tenant={key} />
      ) : tab === 'activity' ? (
        <Activity tenant={key} object={tenant.id} />
      ) : (
        <div className="body">
          <ul className="cards">
            {counts.map(([title, list]) => (
              <li className="card tile" key={title}>
                <span className="quiet">{title}</span>
                {list ? <b>{list.totalCount.toLocaleString()}</b> : <span className="quiet">hidden from you</span>}
              </li>
            ))}
          </ul>
          <dl className="facts gap">
            <dt>Description</dt>
            <dd>{tenant.description || <span className="quiet">none</span>}</dd>
            <dt>Worker group</dt>
            <dd>
              {tenant.workerGroupKey ?? 'any open group'}
              {tenant.workerGroupFallback && (
                <span className="quiet">, without a worker {fallbacks[tenant.workerGroupFallback]}</span>
              )}
            </dd>
            <dt>Second factor</dt>
            <dd>{tenant.requireSecondFactor ? 'required of users with a password' : 'as each user decides'}</dd>
            <dt>Since</dt>
            <dd>
              <Time at={tenant.createdAt} />
            </dd>
          </dl>
        </div>
      )}
      {open === 'edit' && (
        <FormDialog<TenantUpdateMutation>
          title={`Edit ${key}`}
          mutation={update}
          submit="Save"
          inputOf={(values) => ({
            id: tenant.id,
            name: values.text('name') ?? '',
            description: values.text('description') ?? '',
            workerGroupKey: values.text('workerGroupKey') ?? null,
            requireSecondFactor: values.isOn('requireSecondFactor'),
            ...(values.text('workerGroupFallback') !== undefined && {
              workerGroupFallback: values.text('workerGroupFallback') as 'WAIT',
            }),
          })}
          done={() => {
            close();
            toast('Tenant saved');
          }}
          close={close}
        >
          <TextField name="name" label="Name" value={tenant.name} autoFocus />
          <TextField name="description" label="Description" value={tenant.description ?? ''} isOptional />
          <TextField
            name="workerGroupKey"
            label="Worker group"
            value={tenant.workerGroupKey ?? ''}
            isOptional
            hint="Key of the group that runs the executions of the tenant."
          />
          <SelectField
            name="workerGroupFallback"
            label="Without a worker in it"
            value={tenant.workerGroupFallback ?? ''}
            options={[
              { value: '', title: 'As it is' },
              ...Object.entries(fallbacks).map(([value, title]) => ({ value, title })),
            ]}
          />
          <CheckField
            name="requireSecondFactor"
            label="Require a second factor"
            hint="Users who sign in by password and have none set one up at their next sign-in."
            isChecked={tenant.requireSecondFactor ?? false}
          />
        </FormDialog>
      )}
      {open === 'delete' && (
        <ConfirmDialog<TenantDeleteMutation>
          title={`Delete the tenant ${key}`}
          mutation={remove}
          input={{ id: tenant.id }}
          impactOf={(answer) => answer.deleteTenant?.impact}
          submit="Delete the tenant"
          isDanger
          done={() => {
            toast(`Tenant ${key} deleted`);
            void navigate(key === here ? { to: '/' } : { to: '/t/$tenant/tenants', params: { tenant: here } });
          }}
          close={close}
        >
          <p>
            Everything in it is deleted: roles, groups, bindings, namespaces, flows and executions. This cannot be
            undone.
          </p>
        </ConfirmDialog>
      )}
    </Page>
  );
}
