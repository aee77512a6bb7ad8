import { isState } from '../../ui/state.ts';
import type { Times } from '../../ui/windows.ts';
import { type ListSearch, listSearch, textsOf } from '../tenant.ts';

/** Without a choice, the list shows what started in this window. */
export const usualWindow = 'day';

/** The filters of executions, as they are in the address. Several values are separated by commas. */
export interface ExecutionSearch extends ListSearch, Times {
  readonly state?: string | undefined;
  /** A namespace and all below it. */
  readonly under?: string | undefined;
  readonly flow?: string | undefined;
  readonly trigger?: string | undefined;
  readonly label?: string | undefined;
  /** `yes` for executions that others started, `no` for the others. */
  readonly child?: string | undefined;
  readonly sort?: string | undefined;
  /** executionId of the execution in the panel. */
  readonly run?: string | undefined;
}

export const executionSearch = (given: Record<string, unknown>): ExecutionSearch => ({
  ...listSearch(given),
  ...textsOf(given, ['state', 'under', 'flow', 'trigger', 'label', 'since', 'from', 'until', 'child', 'sort', 'run']),
});

export const sortFields = [
  'STARTED_AT',
  'ENDED_AT',
  'DURATION',
  'STATE',
  'FLOW_ID',
  'NAMESPACE_NAME',
  'TRIGGER_ID',
] as const;

/** The filters as the API takes them, without the times. */
export const filterOf = ({ text, state, under, flow, trigger, label, child }: ExecutionSearch) => ({
  ...(text !== undefined && { text }),
  ...(state !== undefined && { state: state.split(',').filter(isState) }),
  ...(under !== undefined && { under }),
  ...(flow !== undefined && { flowId: flow }),
  ...(trigger !== undefined && { triggerId: trigger }),
  ...(label !== undefined && { labels: label.split(',').map((one) => one.trim()) }),
  ...(child !== undefined && { child: child === 'yes' }),
});
