import { useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useRelayEnvironment } from 'react-relay/hooks';
import { useMay } from '../../access/viewer.ts';
import { DownloadButton } from '../../ui/DownloadButton.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Filters } from '../../ui/Filters.tsx';
import { levelFilter, taskFilter } from '../../ui/logs/filters.tsx';
import { LogView } from '../../ui/logs/LogView.tsx';
import { tenantLog } from '../../ui/logs/tenant-source.ts';
import { Page } from '../../ui/Page.tsx';
import { flowFilter, timeFilter, underFilter, windowFilter } from '../../ui/run-filters.tsx';
import { SavedViews } from '../../ui/SavedViews.tsx';
import { SearchBox } from '../../ui/SearchBox.tsx';
import { useOpenedAt } from '../../ui/useOpenedAt.ts';
import { useTenant } from '../tenant.ts';
import { usualWindow, whereOf } from './search.ts';

/** What all executions write, newest last: it is followed like a terminal. */
export function Logs() {
  const tenant = useTenant();
  const environment = useRelayEnvironment();
  const search = useSearch({ from: '/t/$tenant/logs' });
  const mayRead = useMay('EXECUTION:READ');
  const opened = useOpenedAt();
  const { text, level, under, flow, task, since, from, until } = search;
  const where = useMemo(
    () => whereOf({ text, level, under, flow, task, since, from, until }, opened),
    [text, level, under, flow, task, since, from, until, opened],
  );
  const source = useMemo(() => tenantLog(environment, tenant, where), [environment, tenant, where]);
  const filters = [
    ...(from === undefined ? [windowFilter(usualWindow, ['hour', 'day', 'week', 'month'])] : []),
    timeFilter('from', 'From'),
    timeFilter('until', 'Until'),
    levelFilter,
    underFilter(tenant),
    flowFilter,
    taskFilter,
  ];
  return (
    <Page
      title="Logs"
      crumbs={[{ title: tenant }, { title: 'Orchestration' }]}
      actions={mayRead && <DownloadButton tenant={tenant} list="logs" where={where} />}
      filters={
        <SearchBox label="Search the messages" text={text}>
          <Filters filters={filters} search={search} />
          <span className="grow" />
          <SavedViews />
        </SearchBox>
      }
    >
      {mayRead ? (
        <LogView
          key={source.key}
          label="Log of all executions"
          source={source}
          begin="end"
          canGrow={until === undefined}
          tenant={tenant}
          marked={text}
          isFiltered={Object.keys(where).some((name) => name !== 'from')}
          purpose="What the tasks of all executions write appears here, as they write it."
        />
      ) : (
        <Empty icon="logs" title="You do not have permission to see logs" />
      )}
    </Page>
  );
}
