import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { EditAndDelete } from '../../access/EditAndDelete.tsx';
import { needs, useMay } from '../../access/viewer.ts';
import type { WorkerGroupDeleteMutation } from '../../generated/WorkerGroupDeleteMutation.graphql.ts';
import type { WorkerGroupQuery } from '../../generated/WorkerGroupQuery.graphql.ts';
import type { WorkerGroupUpdateMutation } from '../../generated/WorkerGroupUpdateMutation.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Absent } from '../../ui/Absent.tsx';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { Activity } from '../../ui/events/Activity.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { CheckField, TextField } from '../../ui/fields.tsx';
import { Page } from '../../ui/Page.tsx';
import { TabLink } from '../../ui/TabLink.tsx';
import { Ago, Time } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import { useTenant } from '../tenant.ts';
import { keysIn } from './keys.ts';
import { LiveWorkers } from './LiveWorkers.tsx';
import { ServiceState } from './state.tsx';

const query = graphql`
  query WorkerGroupQuery($id: ID!) {
    node(id: $id) {
      __typename
      ... on WorkerGroup {
        key
        description
        open
        allowedTenantKeys
        expectedTenantKeys
        usingTenantKeys
        createdAt
        viewerPermissions
        workers(first: 50) {
          nodes {
            id
            serviceId
            state
            hostname
            lastHeartbeatAt
          }
        }
      }
    }
  }
`;

const update = graphql`
  mutation WorkerGroupUpdateMutation($input: UpdateWorkerGroupInput!) {
    updateWorkerGroup(input: $input) {
      workerGroup {
        id
      }
    }
  }
`;

const remove = graphql`
  mutation WorkerGroupDeleteMutation($input: DeleteWorkerGroupInput!) {
    deleteWorkerGroup(input: $input) {
      deletedId
    }
  }
`;

/** A worker group: its services, and the tenants that can use it. */
export function WorkerGroup() {
  const tenant = useTenant();
  const { group: id } = useParams({ from: '/t/$tenant/worker-groups/$group' });
  return <Loaded key={id} tenant={tenant} id={id} />;
}

function Loaded({ tenant, id }: { tenant: string; id: string }) {
  const { tab } = useSearch({ from: '/t/$tenant/worker-groups/$group' });
  const navigate = useNavigate();
  const atInstance = useMay('AUDITLOG:READ', 'instance');
  const [open, setOpen] = useState<'edit' | 'delete'>();
  const close = () => setOpen(undefined);
  const { node } = useAnswer<WorkerGroupQuery>(query, { id });
  const crumbs = [{ title: tenant }, { title: 'Worker groups', to: `/t/${tenant}/worker-groups` }];
  if (node?.__typename !== 'WorkerGroup') return <Absent kind="Worker group" icon="tasks" crumbs={crumbs} />;
  const key = node.key ?? '';
  const workers = node.workers?.nodes;
  const existing = node.allowedTenantKeys?.filter((one) => node.expectedTenantKeys?.includes(one) === false);
  const list = (keys: readonly string[] | undefined, none: string) =>
    keys && keys.length > 0 ? keys.join(', ') : <span className="quiet">{none}</span>;
  return (
    <Page
      title={key}
      crumbs={crumbs}
      beside={node.description && <span className="quiet">{node.description}</span>}
      actions={
        <>
          <LiveWorkers />
          <EditAndDelete
            needs={{ edit: needs.updateWorkerGroup, delete: needs.deleteWorkerGroup }}
            viewerPermissions={node.viewerPermissions}
            onPress={setOpen}
          />
        </>
      }
      tabs={
        <>
          <TabLink title="Services" tab={undefined} open={tab} />
          <TabLink title="Activity" tab="activity" open={tab} />
        </>
      }
    >
      {tab === 'activity' ? (
        <Activity tenant={tenant} object={id} atInstance={atInstance} />
      ) : (
        <div className="body two">
          <section aria-label="Services">
            <div className="section">
              <h2>Services</h2>
              <span className="count">{workers?.length}</span>
            </div>
            {!workers && <p className="quiet">You do not have permission to see workers.</p>}
            {workers?.length === 0 && <p className="quiet">No worker has joined this group. Tasks for it wait.</p>}
            {workers && workers.length > 0 && (
              <ul className="card list">
                {workers.map((worker) => (
                  <li key={worker.id}>
                    <span className="grow cut">
                      {worker.serviceId} <span className="quiet">{worker.hostname}</span>
                    </span>
                    <ServiceState state={worker.state} />
                    <span className="quiet p2">
                      <Ago at={worker.lastHeartbeatAt} />
                    </span>
                  </li>
                ))}
              </ul>
            )}
          </section>
          <dl className="facts">
            <dt>For</dt>
            <dd>{node.open ? 'every tenant' : list(existing, 'no tenant')}</dd>
            {!node.open && (
              <>
                <dt>Expected</dt>
                <dd>
                  {list(node.expectedTenantKeys, 'no other tenant')}
                  {(node.expectedTenantKeys?.length ?? 0) > 0 && (
                    <span className="quiet">, once a tenant with this key is created</span>
                  )}
                </dd>
              </>
            )}
            <dt>Used by</dt>
            <dd>{list(node.usingTenantKeys, 'no tenant')}</dd>
            <dt>Since</dt>
            <dd>
              <Time at={node.createdAt ?? ''} />
            </dd>
          </dl>
        </div>
      )}
      {open === 'edit' && (
        <FormDialog<WorkerGroupUpdateMutation>
          title={`Edit ${key}`}
          mutation={update}
          submit="Save"
          inputOf={(values) => ({
            id,
            description: values.text('description') ?? '',
            open: values.isOn('open'),
            ...(!values.isOn('open') && { allowedTenantKeys: keysIn(values.text('allowedTenantKeys')) }),
          })}
          done={() => {
            close();
            toast('Worker group saved');
          }}
          close={close}
        >
          <TextField name="description" label="Description" value={node.description ?? ''} isOptional autoFocus />
          <CheckField name="open" label="Every tenant can use it" isChecked={node.open} />
          <TextField
            name="allowedTenantKeys"
            label="Otherwise only these tenants"
            isOptional
            value={node.allowedTenantKeys?.join(', ')}
            hint="Keys, separated by commas. A tenant can be named before it exists."
          />
        </FormDialog>
      )}
      {open === 'delete' && (
        <ConfirmDialog<WorkerGroupDeleteMutation>
          title={`Delete the worker group ${key}`}
          mutation={remove}
          input={{ id }}
          submit="Delete"
          isDanger
          done={() => {
            toast(`Worker group ${key} deleted`);
            void navigate({ to: '/t/$tenant/worker-groups', params: { tenant } });
          }}
          close={close}
        >
          <p>Tenants and namespaces that name it must name another group first.</p>
        </ConfirmDialog>
      )}
    </Page>
  );
}
