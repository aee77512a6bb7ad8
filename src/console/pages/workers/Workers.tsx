import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { WorkersDeleteMutation } from '../../generated/WorkersDeleteMutation.graphql.ts';
import type { WorkersQuery } from '../../generated/WorkersQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import type { Column } from '../../ui/DataTable.tsx';
import { type Asked, ListPage } from '../../ui/ListPage.tsx';
import { Ago } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import { LiveWorkers } from './LiveWorkers.tsx';
import { isOver, ServiceState, typeInWords } from './state.tsx';

const query = graphql`
  query WorkersQuery($where: WorkerWhere, $first: Int, $after: String, $last: Int, $before: String) {
    workers(where: $where, first: $first, after: $after, last: $last, before: $before) {
      nodes {
        id
        serviceId
        type
        state
        hostname
        version
        lastHeartbeatAt
        startedAt
        viewerPermissions
        workerGroup {
          key
        }
      }
      pageInfo {
        ...DataTable_pageInfo
      }
    }
  }
`;

const remove = graphql`
  mutation WorkersDeleteMutation($input: DeleteWorkerInput!) {
    deleteWorker(input: $input) {
      deletedId
    }
  }
`;

type Worker = NonNullable<WorkersQuery['response']['workers']>['nodes'][number];

const useWorkers = ({ tenant: _tenant, ...asked }: Asked) => useAnswer<WorkersQuery>(query, asked).workers;

/** Workers and other services of the instance. Rows change in place as they report. */
export function Workers() {
  const search = useSearch({ from: '/t/$tenant/workers' });
  const [deleting, setDeleting] = useState<Worker>();
  const close = () => setDeleting(undefined);
  return (
    <>
      <ListPage
        title="Workers"
        section="Oversight"
        icon="server"
        search={search}
        isSearched
        actions={<LiveWorkers />}
        columns={() => columnsOf(setDeleting)}
        purpose="Workers run the tasks of flows. One appears here when it registers."
        useList={useWorkers}
      />
      {deleting && (
        <ConfirmDialog<WorkersDeleteMutation>
          title={`Delete ${deleting.serviceId}`}
          mutation={remove}
          input={{ id: deleting.id }}
          submit="Delete"
          isDanger
          done={() => {
            close();
            toast('Worker deleted');
          }}
          close={close}
        >
          <p>It leaves the list. A worker that still runs registers again.</p>
        </ConfirmDialog>
      )}
    </>
  );
}

const columnsOf = (remove: (worker: Worker) => void): readonly Column<Worker>[] => [
  {
    title: 'Service',
    className: 'main-cell fluid',
    cell: ({ serviceId, hostname, type }) => (
      <>
        {serviceId}
        <span className="sub">
          {typeInWords(type)} {hostname && `on ${hostname}`}
        </span>
      </>
    ),
  },
  { title: 'State', cell: ({ state }) => <ServiceState state={state} /> },
  { title: 'Group', className: 'p2', cell: ({ workerGroup }) => workerGroup?.key },
  { title: 'Version', className: 'p3', cell: ({ version }) => version },
  { title: 'Last report', className: 'p2', cell: ({ lastHeartbeatAt }) => <Ago at={lastHeartbeatAt} /> },
  { title: 'Started', className: 'p3', cell: ({ startedAt }) => <Ago at={startedAt} /> },
  {
    title: 'Actions',
    className: 'end',
    cell: (worker) => (
      <ActionButton
        permission={needs.deleteWorker}
        isAllowed={worker.viewerPermissions.includes('DELETE')}
        why={isOver(worker.state) ? undefined : 'It still reports. Stop it first.'}
        className="sm danger"
        icon="x"
        label={`Delete ${worker.serviceId}`}
        onPress={() => remove(worker)}
      >
        <span className="p2">Delete</span>
      </ActionButton>
    ),
  },
];
