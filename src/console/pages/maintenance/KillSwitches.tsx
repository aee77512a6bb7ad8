import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { needs, useViewer } from '../../access/viewer.ts';
import type { KillSwitchesDeleteMutation } from '../../generated/KillSwitchesDeleteMutation.graphql.ts';
import type { KillSwitchesQuery } from '../../generated/KillSwitchesQuery.graphql.ts';
import type { KillSwitchFormUpdateMutation } from '../../generated/KillSwitchFormUpdateMutation.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { type Column, DataTable, pageOf } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { toast } from '../../ui/toast.ts';
import { CreateButton } from './CreateButton.tsx';
import { EditKillSwitch, updateKillSwitch } from './KillSwitchForm.tsx';
import { InWords, phaseOf, useNow } from './Period.tsx';
import { PhaseBadge } from './PhaseBadge.tsx';
import { RowActs } from './RowActs.tsx';
import type { MaintenanceSearch } from './search.ts';

const query = graphql`
  query KillSwitchesQuery(
    $tenant: String!
    $ofInstance: Boolean!
    $where: KillSwitchWhere
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    tenant(key: $tenant) @skip(if: $ofInstance) {
      killSwitches(where: $where, first: $first, after: $after, last: $last, before: $before) {
        ...KillSwitches_list @relay(mask: false)
      }
    }
    instanceKillSwitches(where: $where, first: $first, after: $after, last: $last, before: $before)
      @include(if: $ofInstance) {
      ...KillSwitches_list @relay(mask: false)
    }
  }
`;

graphql`
  fragment KillSwitches_list on KillSwitchConnection {
    nodes {
      id
      title
      description
      behavior
      namespaceName
      flowId
      startsAt
      endsAt
      viewerPermissions
    }
    pageInfo {
      ...DataTable_pageInfo
    }
  }
`;

const remove = graphql`
  mutation KillSwitchesDeleteMutation($input: DeleteKillSwitchInput!) {
    deleteKillSwitch(input: $input) {
      deletedId
    }
  }
`;

type KillSwitch = NonNullable<KillSwitchesQuery['response']['instanceKillSwitches']>['nodes'][number];
interface Act {
  readonly kind: 'edit' | 'end' | 'delete';
  readonly one: KillSwitch;
}

export function KillSwitches({ tenant: key, search }: { tenant: string; search: MaintenanceSearch }) {
  const { settings } = useViewer();
  const now = useNow();
  const [act, setAct] = useState<Act>();
  const close = () => setAct(undefined);
  const ofInstance = search.of === 'instance';
  const { tenant, instanceKillSwitches } = useAnswer<KillSwitchesQuery>(query, {
    tenant: key,
    ofInstance,
    where: search.now ? { at: now } : null,
    ...pageOf(search, settings.pageSize),
  });
  const found = ofInstance ? instanceKillSwitches : tenant?.killSwitches;
  if (!found) return <Empty icon="pause" title="You do not have permission to see kill switches" />;
  return (
    <>
      <DataTable
        caption="Kill switches, newest first"
        columns={columnsOf(key, ofInstance, setAct)}
        rows={found.nodes}
        keyOf={({ id }) => id}
        pageInfo={found.pageInfo}
        empty={{
          icon: 'pause',
          title: search.now ? 'No kill switch is in effect' : 'No kill switches yet',
          text: search.now ? (
            <p>Remove the filter to see those that are planned or over.</p>
          ) : (
            <>
              <p>A kill switch stops the executions of a tenant, a namespace or a flow, now or at a planned time.</p>
              <CreateButton tenant={key} tab={undefined} />
            </>
          ),
        }}
      />
      {act?.kind === 'edit' && <EditKillSwitch given={act.one} close={close} />}
      {act?.kind === 'end' && <EndNow one={act.one} close={close} />}
      {act?.kind === 'delete' && (
        <ConfirmDialog<KillSwitchesDeleteMutation>
          title={`Delete ${act.one.title}`}
          mutation={remove}
          input={{ id: act.one.id }}
          submit="Delete"
          isDanger
          done={() => {
            close();
            toast('Kill switch deleted');
          }}
          close={close}
        >
          <p>If it is in effect, its flows can start executions again at once.</p>
        </ConfirmDialog>
      )}
    </>
  );
}

function EndNow({ one, close }: { one: KillSwitch; close: () => void }) {
  const [now] = useState(() => new Date().toISOString());
  return (
    <ConfirmDialog<KillSwitchFormUpdateMutation>
      title={`End ${one.title} now`}
      mutation={updateKillSwitch}
      input={{ id: one.id, endsAt: now }}
      submit="End it now"
      done={() => {
        close();
        toast('Kill switch ended');
      }}
      close={close}
    >
      <p>Executions that wait start, and triggers are claimed again.</p>
    </ConfirmDialog>
  );
}

function Scope({ tenant, one, ofInstance }: { tenant: string; one: KillSwitch; ofInstance: boolean }) {
  const { namespaceName: namespace, flowId: flow } = one;
  if (namespace != null && flow != null)
    return (
      <Link to="/t/$tenant/flows/$namespace/$flow" params={{ tenant, namespace, flow }}>
        {namespace}.{flow}
      </Link>
    );
  if (namespace != null)
    return (
      <span>
        <Link to="/t/$tenant/namespaces/$namespace" params={{ tenant, namespace }}>
          {namespace}
        </Link>{' '}
        <span className="quiet">and below</span>
      </span>
    );
  return ofInstance ? 'All tenants' : 'The whole tenant';
}

const columnsOf = (tenant: string, ofInstance: boolean, act: (act: Act) => void): readonly Column<KillSwitch>[] => [
  {
    title: 'Kill switch',
    className: 'main-cell fluid',
    cell: (one) => (
      <>
        {one.title}
        {one.description && <span className="sub p2">{one.description}</span>}
        <InWords {...one} />
      </>
    ),
  },
  {
    title: 'State',
    cell: (one) => (
      <PhaseBadge
        phase={phaseOf(one, Date.now())}
        inEffect={one.behavior === 'KILL' ? 'Killing' : 'Holding'}
        family={one.behavior === 'KILL' ? 'fail' : 'warn'}
      />
    ),
  },
  { title: 'Does', className: 'p3', cell: ({ behavior }) => (behavior === 'KILL' ? 'Kill' : 'Hold') },
  { title: 'Stops', className: 'p2', cell: (one) => <Scope tenant={tenant} one={one} ofInstance={ofInstance} /> },
  {
    title: 'Actions',
    className: 'end',
    cell: (one) => (
      <RowActs
        name={one.title}
        phase={phaseOf(one, Date.now())}
        needs={{ update: needs.updateKillSwitch, delete: needs.deleteKillSwitch }}
        viewerPermissions={one.viewerPermissions}
        act={(kind) => act({ kind, one })}
      />
    ),
  },
];
