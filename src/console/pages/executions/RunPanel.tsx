import { Link } from '@tanstack/react-router';
import { Suspense } from 'react';
import { graphql } from 'react-relay/hooks';
import type { RunPanelQuery } from '../../generated/RunPanelQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import { ExecutionActs } from '../../ui/executions/ExecutionActs.tsx';
import { Gantt } from '../../ui/executions/gantt/Gantt.tsx';
import { useTaskRuns } from '../../ui/executions/gantt/useTaskRuns.ts';
import { FaultBoundary } from '../../ui/FaultBoundary.tsx';
import { Faults } from '../../ui/Faults.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { ResizablePanel } from '../../ui/ResizablePanel.tsx';
import { Skeleton } from '../../ui/Skeleton.tsx';
import { StateBadge } from '../../ui/StateBadge.tsx';
import { Moment } from '../../ui/Time.tsx';
import { Took } from '../../ui/Took.tsx';

const query = graphql`
  query RunPanelQuery($tenant: String!, $execution: String!) {
    tenant(key: $tenant) {
      execution(executionId: $execution) {
        id
        executionId
        state
        flowId
        namespaceName
        revision
        startedAt
        endedAt
        duration
        triggerId
        sequence
        viewerPermissions
        errors: logs(last: 1, where: { minLevel: ERROR }) {
          nodes {
            message
            taskId
          }
        }
      }
    }
  }
`;

const parts = [
  ['overview', 'Overview'],
  ['logs', 'Logs'],
  ['outputs', 'Outputs'],
  ['activity', 'Activity'],
] as const;

/** One execution next to the list: where it failed, and what to do about it. */
export function RunPanel({ tenant, executionId }: { tenant: string; executionId: string }) {
  return (
    <ResizablePanel label={`Execution ${executionId}`}>
      <FaultBoundary>
        <Suspense fallback={<Skeleton />}>
          <Loaded tenant={tenant} executionId={executionId} />
        </Suspense>
      </FaultBoundary>
    </ResizablePanel>
  );
}

const Close = () => (
  <Link
    className="btn plain icon sm"
    to="."
    search={((before: object) => ({ ...before, run: undefined })) as never}
    replace
    resetScroll={false}
    aria-label="Close the panel"
  >
    <Icon name="x" />
  </Link>
);

function Loaded({ tenant: key, executionId }: { tenant: string; executionId: string }) {
  const { tenant } = useAnswer<RunPanelQuery>(query, { tenant: key, execution: executionId });
  const execution = tenant?.execution;
  if (!execution)
    return (
      <>
        <div className="panel-head">
          <span className="grow" />
          <Close />
        </div>
        <Empty icon="play" title="This execution does not exist">
          <p>It was deleted, or you are not allowed to see it.</p>
        </Empty>
      </>
    );
  const to = { to: '/t/$tenant/executions/$execution', params: { tenant: key, execution: executionId } } as const;
  const [error] = execution.errors?.nodes ?? [];
  return (
    <>
      <div className="panel-head">
        <h2 className="cut">
          <Link {...to}>{execution.flowId}</Link>
        </h2>
        <StateBadge state={execution.state} />
        <span className="grow" />
        <Close />
      </div>
      <div className="panel-body">
        <nav className="tabs line" aria-label={`Parts of execution ${executionId}`}>
          <Link to="." search={((before: object) => before) as never} aria-current="page">
            Gantt
          </Link>
          {parts.map(([tab, title]) => (
            <Link key={tab} {...to} search={tab === 'overview' ? {} : { tab }}>
              {title}
            </Link>
          ))}
        </nav>
        <dl className="facts">
          <dt>Execution</dt>
          <dd>
            <code>{executionId}</code>{' '}
            {execution.revision != null && <span className="quiet">revision {execution.revision}</span>}
          </dd>
          <dt>Started</dt>
          <dd>
            {execution.triggerId && <>by {execution.triggerId} at </>}
            <Moment at={execution.startedAt} />, {execution.endedAt ? 'ran' : 'runs for'} <Took {...execution} />
          </dd>
        </dl>
        <Runs execution={execution.id} version={`${execution.sequence} ${execution.state}`} />
        {error && execution.state !== 'SUCCESS' && (
          <div className="note fail">
            <span className="fail">
              <Icon name="st-failed" />
            </span>
            <div>
              {error.taskId && <b>{error.taskId} </b>}
              {error.taskId ? 'failed' : 'Error'}
              <br />
              <code className="wrap">{error.message}</code>
              <br />
              <Link {...to} search={{ tab: 'logs', ...(error.taskId && { task: error.taskId }) }}>
                Its log
              </Link>
            </div>
          </div>
        )}
        <div className="row">
          <ExecutionActs tenant={key} execution={execution} />
        </div>
      </div>
    </>
  );
}

function Runs({ execution, version }: { execution: string; version: string }) {
  const { runs, isComplete, faults } = useTaskRuns(execution, version);
  if (faults.length > 0) return <Faults faults={faults} />;
  return <Gantt runs={runs} isComplete={isComplete} isSmall />;
}
