import { useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useRelayEnvironment } from 'react-relay/hooks';
import { useMay } from '../../access/viewer.ts';
import { DownloadButton } from '../../ui/DownloadButton.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Filters } from '../../ui/Filters.tsx';
import { levelFilter } from '../../ui/logs/filters.tsx';
import { LogView } from '../../ui/logs/LogView.tsx';
import { tenantLog } from '../../ui/logs/tenant-source.ts';
import { windowFilter } from '../../ui/run-filters.tsx';
import { SearchBox } from '../../ui/SearchBox.tsx';
import { useOpenedAt } from '../../ui/useOpenedAt.ts';
import { startOf } from '../../ui/windows.ts';
import type { FlowPart } from './Flow.tsx';

const usual = 'day';
const filters = [windowFilter(usual, ['hour', 'day', 'week', 'month']), levelFilter];

/** What all executions of the flow write, newest last. It is followed as it is written. */
export function FlowLogs({ tenant, flow: { namespaceName, flowId } }: FlowPart) {
  const environment = useRelayEnvironment();
  const { since, level, text } = useSearch({ from: '/t/$tenant/flows/$namespace/$flow' });
  const mayRead = useMay('EXECUTION:READ');
  const from = startOf(since ?? usual, useOpenedAt());
  const where = useMemo(
    () => ({
      namespaceName,
      flowId,
      ...(from !== undefined && { from }),
      ...(level !== undefined && { minLevel: level }),
      ...(text !== undefined && { text }),
    }),
    [namespaceName, flowId, from, level, text],
  );
  const source = useMemo(() => tenantLog(environment, tenant, where as never), [environment, tenant, where]);
  if (!mayRead) return <Empty icon="logs" title="You do not have permission to see logs" />;
  return (
    <>
      <SearchBox label="Search the messages" text={text}>
        <Filters filters={filters} search={{ since, level }} />
      </SearchBox>
      <LogView
        key={source.key}
        label={`Log of ${flowId}`}
        source={source}
        begin="end"
        canGrow
        tenant={tenant}
        marked={text}
        isFiltered={level !== undefined || text !== undefined}
        purpose="What the tasks of the flow write appears here, as they write it."
        tools={<DownloadButton tenant={tenant} list="logs" where={where} className="sm" />}
      />
    </>
  );
}
