import { logWhereOf } from '../../ui/logs/execution-source.ts';
import { type Times, timesOf } from '../../ui/windows.ts';
import { type ListSearch, listSearch, textsOf } from '../tenant.ts';

export const usualWindow = 'day';

/** The filters of the page of logs, as they are in the address. */
export interface LogSearch extends ListSearch, Times {
  readonly level?: string | undefined;
  readonly under?: string | undefined;
  readonly flow?: string | undefined;
  readonly task?: string | undefined;
}

export const logSearch = (given: Record<string, unknown>): LogSearch => ({
  ...listSearch(given),
  ...textsOf(given, ['level', 'under', 'flow', 'task', 'since', 'from', 'until']),
});

/** The filters as the API takes them. @param now the time when the view was opened. */
export function whereOf(search: LogSearch, now: number) {
  const { under, flow } = search;
  return {
    ...logWhereOf(search),
    ...(under !== undefined && { under }),
    ...(flow !== undefined && { flowId: flow }),
    ...timesOf(search, usualWindow, now),
  };
}
