import { type TabSearch, tabSearch, textsOf } from '../tenant.ts';

/** The open part of the page of a flow, and what is chosen there. */
export interface FlowSearch extends TabSearch {
  /** Revisions to compare. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** A task of the topology. */
  readonly task?: string | undefined;
  /** Path of the open file. */
  readonly file?: string | undefined;
  readonly level?: string | undefined;
  readonly since?: string | undefined;
  readonly state?: string | undefined;
  readonly metric?: string | undefined;
  readonly aggregation?: string | undefined;
}

export const flowSearch = (given: Record<string, unknown>): FlowSearch => ({
  ...tabSearch(given),
  ...textsOf(given, ['from', 'to', 'task', 'file', 'level', 'since', 'state', 'metric', 'aggregation']),
});

/** What a new flow starts with. */
export interface NewFlowSearch {
  readonly namespace?: string | undefined;
  readonly blueprint?: string | undefined;
  /** A flow to copy, as NAMESPACE/FLOW. */
  readonly copy?: string | undefined;
}
export const newFlowSearch = (given: Record<string, unknown>): NewFlowSearch =>
  textsOf(given, ['namespace', 'blueprint', 'copy']);

/** The filters of the list of flows. */
export interface FlowsSearch {
  readonly text?: string | undefined;
  readonly after?: string | undefined;
  readonly before?: string | undefined;
  readonly under?: string | undefined;
  readonly label?: string | undefined;
  readonly source?: string | undefined;
  /** Type of a task. */
  readonly type?: string | undefined;
  /** `yes` or `no`. */
  readonly disabled?: string | undefined;
  readonly sort?: string | undefined;
}
export const flowsSearch = (given: Record<string, unknown>): FlowsSearch =>
  textsOf(given, ['text', 'after', 'before', 'under', 'label', 'source', 'type', 'disabled', 'sort']);

/** The same as the API takes them. */
export const whereOf = ({ text, under, label, source, type, disabled }: FlowsSearch) => ({
  ...(text !== undefined && { text }),
  ...(under !== undefined && { under }),
  ...(source !== undefined && { source }),
  ...(type !== undefined && { taskType: type }),
  ...(label !== undefined && {
    labels: label
      .split(',')
      .map((one) => one.trim())
      .filter(Boolean),
  }),
  ...(disabled !== undefined && { disabled: disabled === 'yes' }),
});
