import { useNavigate, useSearch } from '@tanstack/react-router';
import { Suspense, useMemo } from 'react';
import { graphql } from 'react-relay/hooks';
import type { TopologyTabQuery } from '../../generated/TopologyTabQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import type { Run } from '../../ui/executions/gantt/runs.ts';
import { useTaskRuns } from '../../ui/executions/gantt/useTaskRuns.ts';
import { Faults } from '../../ui/Faults.tsx';
import { Topology } from '../../ui/graph/Topology.tsx';
import { Skeleton } from '../../ui/Skeleton.tsx';
import { StateBadge } from '../../ui/StateBadge.tsx';
import { states } from '../../ui/state.ts';
import type { ShownExecution } from './Execution.tsx';
import { TaskRunPanel } from './TaskRunPanel.tsx';

const query = graphql`
  query TopologyTabQuery($execution: ID!) {
    node(id: $execution) {
      ... on Execution {
        topology {
          nodes {
            id
            kind
            name
            type
            parent
            branch
          }
          edges {
            from
            to
            kind
            label
          }
        }
      }
    }
  }
`;

export interface TopologyTabProps {
  readonly tenant: string;
  readonly execution: ShownExecution;
}

/** The graph of the revision that ran, with the states of this execution. */
export function TopologyTab(props: TopologyTabProps) {
  return (
    <Suspense fallback={<Skeleton />}>
      <Loaded {...props} />
    </Suspense>
  );
}

interface OfTask {
  readonly last: Run;
  readonly count: number;
  /** The state that matters most: a failure of one run is a failure of the task. */
  readonly state: string;
}

const order = (state: string): number => states.indexOf(state as (typeof states)[number]);

function byTask(runs: readonly Run[]): ReadonlyMap<string, OfTask> {
  const found = new Map<string, OfTask>();
  for (const run of runs) {
    const before = found.get(run.taskId);
    found.set(run.taskId, {
      last: run,
      count: (before?.count ?? 0) + 1,
      state: before && order(before.state) < order(run.state) ? before.state : run.state,
    });
  }
  return found;
}

function Loaded({ tenant, execution }: TopologyTabProps) {
  const { task } = useSearch({ from: '/t/$tenant/executions/$execution' });
  const navigate = useNavigate();
  const { node } = useAnswer<TopologyTabQuery>(query, { execution: execution.id });
  const { runs, isComplete, faults } = useTaskRuns(execution.id, execution.sequence);
  const tasks = useMemo(() => byTask(runs), [runs]);
  const graph = node?.topology;
  if (faults.length > 0) return <Faults faults={faults} />;
  if (!graph)
    return (
      <Empty icon="flow" title="The graph of this execution is not available">
        <p>The revision that ran is not known, or you are not allowed to read the flow.</p>
      </Empty>
    );
  const choose = (id: string | undefined) => {
    const name = graph.nodes.find((one) => one.id === id)?.name;
    void navigate({
      to: '.',
      search: ((before: object) => ({ ...before, task: name === task ? undefined : name })) as never,
      replace: true,
      resetScroll: false,
    });
  };
  // The panel of a task in the address takes room from the graph: both are shown together.
  if (task !== undefined && !isComplete && runs.length === 0) return <Skeleton />;
  const chosen = task === undefined ? undefined : tasks.get(task);
  return (
    <div className={chosen ? 'split' : ''}>
      <Topology
        nodes={graph.nodes}
        edges={graph.edges}
        chosen={graph.nodes.find(({ name, kind }) => kind === 'TASK' && name === task)?.id}
        choose={choose}
        beside={({ kind, name }) => {
          const found = kind === 'TASK' ? tasks.get(name) : undefined;
          return (
            found && (
              <>
                <StateBadge state={found.state} isShort />
                {found.count > 1 && <small className="quiet num">×{found.count.toLocaleString()}</small>}
              </>
            )
          );
        }}
      />
      {chosen && <TaskRunPanel key={chosen.last.id} tenant={tenant} execution={execution} run={chosen.last} />}
    </div>
  );
}
