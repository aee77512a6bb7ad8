import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { type ReactNode, Suspense } from 'react';
import { graphql } from 'react-relay/hooks';
import type { FlowQuery } from '../../generated/FlowQuery.graphql.ts';
import { lazyPart } from '../../relay/lazy.tsx';
import { useAnswer } from '../../relay/query.ts';
import { Absent } from '../../ui/Absent.tsx';
import { Activity } from '../../ui/events/Activity.tsx';
import { Page } from '../../ui/Page.tsx';
import { Skeleton } from '../../ui/Skeleton.tsx';
import { TabLink } from '../../ui/TabLink.tsx';
import { useTenant } from '../tenant.ts';
import { FlowActions } from './FlowActions.tsx';

const query = graphql`
  query FlowQuery($tenant: String!, $namespace: String!, $flow: String!) {
    tenant(key: $tenant) {
      flow(namespaceName: $namespace, flowId: $flow) {
        id
        flowId
        namespaceName
        description
        disabled
        declaredDisabled
        inputs
        revision
        activeKillSwitch {
          behavior
          title
        }
        viewerPermissions
      }
    }
  }
`;

type Answer = NonNullable<NonNullable<FlowQuery['response']['tenant']>['flow']>;

/** What all parts of the page know of the flow. */
export interface FlowPart {
  readonly tenant: string;
  readonly flow: Answer;
}

// The parts with an editor, a graph or a chart are loaded when they are opened.
const FlowOverview = lazyPart(async () => (await import('./FlowOverview.tsx')).FlowOverview);
const FlowTopology = lazyPart(async () => (await import('./FlowTopology.tsx')).FlowTopology);
const SavedEditor = lazyPart(async () => (await import('./SavedEditor.tsx')).SavedEditor);
const Revisions = lazyPart(async () => (await import('./Revisions.tsx')).Revisions);
const FlowExecutions = lazyPart(async () => (await import('./FlowExecutions.tsx')).FlowExecutions);
const FlowLogs = lazyPart(async () => (await import('./FlowLogs.tsx')).FlowLogs);
const FlowMetrics = lazyPart(async () => (await import('./FlowMetrics.tsx')).FlowMetrics);
const Dependencies = lazyPart(async () => (await import('./Dependencies.tsx')).Dependencies);
const FlowTriggers = lazyPart(async () => (await import('./FlowTriggers.tsx')).FlowTriggers);
const Files = lazyPart(async () => (await import('../../ui/files/Files.tsx')).Files);

const tabs: readonly {
  readonly tab: string | undefined;
  readonly title: string;
  readonly part: (props: FlowPart) => ReactNode;
}[] = [
  { tab: undefined, title: 'Overview', part: (props) => <FlowOverview {...props} /> },
  { tab: 'topology', title: 'Topology', part: (props) => <FlowTopology {...props} /> },
  { tab: 'editor', title: 'Editor', part: (props) => <SavedEditor {...props} /> },
  { tab: 'revisions', title: 'Revisions', part: (props) => <Revisions {...props} /> },
  { tab: 'executions', title: 'Executions', part: (props) => <FlowExecutions {...props} /> },
  { tab: 'logs', title: 'Logs', part: (props) => <FlowLogs {...props} /> },
  { tab: 'metrics', title: 'Metrics', part: (props) => <FlowMetrics {...props} /> },
  { tab: 'dependencies', title: 'Dependencies', part: (props) => <Dependencies {...props} /> },
  { tab: 'triggers', title: 'Triggers', part: (props) => <FlowTriggers {...props} /> },
  {
    tab: 'files',
    title: 'Files',
    part: ({ tenant, flow }) => <Files tenant={tenant} namespace={flow.namespaceName} />,
  },
  { tab: 'activity', title: 'Activity', part: ({ tenant, flow }) => <Activity tenant={tenant} object={flow.id} /> },
];

/** A flow with everything about it. */
export function Flow() {
  const tenant = useTenant();
  const { namespace, flow } = useParams({ from: '/t/$tenant/flows/$namespace/$flow' });
  return <Loaded key={`${namespace}/${flow}`} tenant={tenant} namespace={namespace} flow={flow} />;
}

function Loaded({ tenant: key, namespace, flow: flowId }: { tenant: string; namespace: string; flow: string }) {
  const { tab } = useSearch({ from: '/t/$tenant/flows/$namespace/$flow' });
  const navigate = useNavigate();
  const { tenant } = useAnswer<FlowQuery>(query, { tenant: key, namespace, flow: flowId });
  const crumbs = [
    { title: key },
    { title: 'Flows', to: `/t/${key}/flows` },
    { title: namespace, to: `/t/${key}/namespaces/${namespace}` },
  ];
  const flow = tenant?.flow;
  if (!flow) return <Absent kind="Flow" icon="flow" crumbs={crumbs} />;
  const open = tabs.find((one) => one.tab === tab) ?? tabs[0]!;
  return (
    <Page
      title={flow.flowId}
      crumbs={crumbs}
      beside={
        flow.activeKillSwitch ? (
          <span className={`badge ${flow.activeKillSwitch.behavior === 'KILL' ? 'fail' : 'warn'}`}>
            Stopped: {flow.activeKillSwitch.title}
          </span>
        ) : flow.disabled ? (
          <span className="badge fail">Disabled</span>
        ) : (
          flow.description && <span className="quiet cut p2">{flow.description}</span>
        )
      }
      actions={
        <FlowActions
          tenant={key}
          flow={flow}
          deleted={() => void navigate({ to: '/t/$tenant/flows', params: { tenant: key } })}
        />
      }
      tabs={tabs.map((one) => <TabLink key={one.title} title={one.title} tab={one.tab} open={open.tab} />)}
    >
      <Suspense key={open.title} fallback={<Skeleton />}>
        {open.part({ tenant: key, flow })}
      </Suspense>
    </Page>
  );
}
