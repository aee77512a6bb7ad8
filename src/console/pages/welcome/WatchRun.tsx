import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { graphql, useRelayEnvironment } from 'react-relay/hooks';
import type { WatchRunQuery } from '../../generated/WatchRunQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Gantt } from '../../ui/executions/gantt/Gantt.tsx';
import { useTaskRuns } from '../../ui/executions/gantt/useTaskRuns.ts';
import { executionLog } from '../../ui/logs/execution-source.ts';
import { LogView } from '../../ui/logs/LogView.tsx';
import { StateBadge } from '../../ui/StateBadge.tsx';
import { isEnded } from '../../ui/state.ts';
import { LiveExecution } from '../execution/LiveExecution.tsx';

const query = graphql`
  query WatchRunQuery($tenant: String!, $execution: String!) {
    tenant(key: $tenant) {
      execution(executionId: $execution) {
        id
        executionId
        state
        sequence
      }
    }
  }
`;

type Shown = NonNullable<NonNullable<WatchRunQuery['response']['tenant']>['execution']>;

/** An execution while it runs: the times of its tasks, and what they write. */
export function WatchRun({ tenant: key, executionId }: { tenant: string; executionId: string }) {
  const { tenant } = useAnswer<WatchRunQuery>(query, { tenant: key, execution: executionId });
  const execution = tenant?.execution;
  return (
    <>
      <LiveExecution tenant={key} executionId={executionId} />
      {execution && <Watched tenant={key} execution={execution} />}
    </>
  );
}

function Watched({ tenant, execution }: { tenant: string; execution: Shown }) {
  const environment = useRelayEnvironment();
  const { id, executionId, state, sequence } = execution;
  const { runs, isComplete } = useTaskRuns(id, sequence);
  const source = useMemo(() => executionLog(environment, tenant, id, {}), [environment, tenant, id]);
  return (
    <>
      <p className="row" role="status">
        <StateBadge state={state} />
        <Link to="/t/$tenant/executions/$execution" params={{ tenant, execution: executionId }}>
          Everything about this execution
        </Link>
      </p>
      <Gantt runs={runs} isComplete={isComplete} />
      <div className="welcome-log">
        <LogView
          key={source.key}
          label="Log of the execution"
          source={source}
          begin="end"
          canGrow={!isEnded(state)}
          isFiltered={false}
          purpose="What the tasks write appears here."
        />
      </div>
    </>
  );
}
