import { useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useRelayEnvironment } from 'react-relay/hooks';
import { DownloadButton } from '../../ui/DownloadButton.tsx';
import { Filters } from '../../ui/Filters.tsx';
import { executionLog, logWhereOf } from '../../ui/logs/execution-source.ts';
import { levelFilter, taskFilter } from '../../ui/logs/filters.tsx';
import { LogView } from '../../ui/logs/LogView.tsx';
import { SearchBox } from '../../ui/SearchBox.tsx';
import { isEnded } from '../../ui/state.ts';
import type { ShownExecution } from './Execution.tsx';

const filters = [levelFilter, taskFilter];

/** The log of an execution. One that runs is followed from its end. */
export function LogsTab({ tenant, execution }: { tenant: string; execution: ShownExecution }) {
  const environment = useRelayEnvironment();
  const search = useSearch({ from: '/t/$tenant/executions/$execution' });
  const { level, task, text } = search;
  const { id, executionId, state } = execution;
  const source = useMemo(
    () => executionLog(environment, tenant, id, { level, task, text }),
    [environment, tenant, id, level, task, text],
  );
  const where = { execution: id, ...logWhereOf({ level, task, text }) };
  return (
    <>
      <SearchBox label="Search the messages" text={text}>
        <Filters filters={filters} search={search} />
      </SearchBox>
      <LogView
        key={source.key}
        label={`Log of ${executionId}`}
        source={source}
        begin={isEnded(state) ? 'start' : 'end'}
        canGrow={!isEnded(state)}
        marked={text}
        isFiltered={level !== undefined || task !== undefined || text !== undefined}
        purpose="What the tasks write appears here."
        tools={<DownloadButton tenant={tenant} list="logs" where={where} className="sm" />}
      />
    </>
  );
}
