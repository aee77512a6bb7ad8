import { useSearch } from '@tanstack/react-router';
import { Gantt } from '../../ui/executions/gantt/Gantt.tsx';
import { useTaskRuns } from '../../ui/executions/gantt/useTaskRuns.ts';
import { Faults } from '../../ui/Faults.tsx';
import type { ShownExecution } from './Execution.tsx';
import { TaskRunPanel } from './TaskRunPanel.tsx';

/** All task runs over time. One that is chosen shows its details and what can be done from there. */
export function GanttTab({ tenant, execution }: { tenant: string; execution: ShownExecution }) {
  const { run: open } = useSearch({ from: '/t/$tenant/executions/$execution' });
  const { runs, isComplete, faults } = useTaskRuns(execution.id, execution.sequence);
  const chosen = runs.find(({ taskRunId }) => taskRunId === open);
  if (faults.length > 0) return <Faults faults={faults} />;
  return (
    <div className={chosen ? 'split' : ''}>
      <div className="body">
        <Gantt
          runs={runs}
          isComplete={isComplete}
          open={open}
          searchOf={({ taskRunId }) => ({ run: open === taskRunId ? undefined : taskRunId })}
        />
      </div>
      {chosen && <TaskRunPanel key={chosen.id} tenant={tenant} execution={execution} run={chosen} />}
    </div>
  );
}
