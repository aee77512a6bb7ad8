import { isState } from '../../ui/state.ts';
import type { Times } from '../../ui/windows.ts';
import { type ListSearch, listSearch, textsOf } from '../tenant.ts';

export const usualWindow = 'day';

/** The filters of task runs, as they are in the address. */
export interface TaskRunSearch extends ListSearch, Times {
  readonly state?: string | undefined;
  readonly under?: string | undefined;
  readonly flow?: string | undefined;
  readonly task?: string | undefined;
  readonly sort?: string | undefined;
}

export const taskRunSearch = (given: Record<string, unknown>): TaskRunSearch => ({
  ...listSearch(given),
  ...textsOf(given, ['state', 'under', 'flow', 'task', 'since', 'from', 'until', 'sort']),
});

export const sortFields = [
  'STARTED_AT',
  'ENDED_AT',
  'DURATION',
  'STATE',
  'TASK_ID',
  'FLOW_ID',
  'NAMESPACE_NAME',
] as const;

/** The filters as the API takes them, without the times. */
export const filterOf = ({ text, state, under, flow, task }: TaskRunSearch) => ({
  ...(text !== undefined && { text }),
  ...(state !== undefined && { state: state.split(',').filter(isState) }),
  ...(under !== undefined && { under }),
  ...(flow !== undefined && { flowId: flow }),
  ...(task !== undefined && { taskId: task }),
});
