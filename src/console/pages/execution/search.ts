import { type TabSearch, tabSearch, textsOf } from '../tenant.ts';

/** The open part of the page of an execution, with its filters. */
export interface RunSearch extends TabSearch {
  /** taskId of a filter of logs and metrics. */
  readonly task?: string | undefined;
  readonly level?: string | undefined;
  /** taskRunId of the open task run. */
  readonly run?: string | undefined;
}

export const runSearch = (given: Record<string, unknown>): RunSearch => ({
  ...tabSearch(given),
  ...textsOf(given, ['task', 'level', 'run']),
});
