import { useParams, useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { ExecutionQuery } from '../../generated/ExecutionQuery.graphql.ts';
import { lazyPart } from '../../relay/lazy.tsx';
import { useAnswer } from '../../relay/query.ts';
import { Absent } from '../../ui/Absent.tsx';
import { Activity } from '../../ui/events/Activity.tsx';
import { ExecutionActs } from '../../ui/executions/ExecutionActs.tsx';
import { Page } from '../../ui/Page.tsx';
import { StateBadge } from '../../ui/StateBadge.tsx';
import { TabLink } from '../../ui/TabLink.tsx';
import { useTenant } from '../tenant.ts';
import { GanttTab } from './GanttTab.tsx';
import { LiveExecution } from './LiveExecution.tsx';
import { Overview } from './Overview.tsx';

const Logs = lazyPart(async () => (await import('./LogsTab.tsx')).LogsTab);
const Topology = lazyPart(async () => (await import('./TopologyTab.tsx')).TopologyTab);
const Outputs = lazyPart(async () => (await import('./OutputsTab.tsx')).OutputsTab);
const Metrics = lazyPart(async () => (await import('./MetricsTab.tsx')).MetricsTab);

const query = graphql`
  query ExecutionQuery($tenant: String!, $execution: String!) {
    tenant(key: $tenant) {
      execution(executionId: $execution) {
        id
        executionId
        flowId
        namespaceName
        ...LiveExecution_execution @relay(mask: false)
        deletionAsked
        viewerPermissions
      }
    }
  }
`;

export type ShownExecution = NonNullable<NonNullable<ExecutionQuery['response']['tenant']>['execution']>;

const tabs = [
  [undefined, 'Overview'],
  ['gantt', 'Gantt'],
  ['logs', 'Logs'],
  ['topology', 'Topology'],
  ['outputs', 'Outputs'],
  ['metrics', 'Metrics'],
  ['activity', 'Activity'],
] as const;

/** One run of a flow: what happened when, what it wrote, and what can be done about it. */
export function Execution() {
  const tenant = useTenant();
  const { execution } = useParams({ from: '/t/$tenant/executions/$execution' });
  return <Loaded key={execution} tenant={tenant} executionId={execution} />;
}

function Loaded({ tenant: key, executionId }: { tenant: string; executionId: string }) {
  const { tab } = useSearch({ from: '/t/$tenant/executions/$execution' });
  const { tenant } = useAnswer<ExecutionQuery>(query, { tenant: key, execution: executionId });
  const crumbs = [{ title: key }, { title: 'Executions', to: `/t/${key}/executions` }];
  const execution = tenant?.execution;
  if (!execution) return <Absent kind="Execution" icon="play" crumbs={crumbs} />;
  const { flowId, state, deletionAsked } = execution;
  return (
    <Page
      title={flowId}
      crumbs={[...crumbs, { title: executionId }]}
      beside={
        <>
          <StateBadge state={state} />
          {deletionAsked && <span className="badge warn">is being deleted</span>}
        </>
      }
      actions={<ExecutionActs tenant={key} execution={execution} />}
      tabs={tabs.map(([name, title]) => <TabLink key={title} title={title} tab={name} open={tab} />)}
    >
      <LiveExecution tenant={key} executionId={executionId} />
      {tab === undefined && <Overview tenant={key} execution={execution} />}
      {tab === 'gantt' && <GanttTab tenant={key} execution={execution} />}
      {tab === 'logs' && <Logs tenant={key} execution={execution} />}
      {tab === 'topology' && <Topology tenant={key} execution={execution} />}
      {tab === 'outputs' && <Outputs execution={execution} />}
      {tab === 'metrics' && <Metrics execution={execution} />}
      {tab === 'activity' && (
        <div className="body">
          <Activity tenant={key} object={execution.id} />
        </div>
      )}
    </Page>
  );
}
