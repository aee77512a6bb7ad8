import { type ListSearch, listSearch, type TabSearch, tabSearch, textsOf } from '../tenant.ts';

/** The filters of the list of triggers. */
export interface TriggersSearch extends ListSearch {
  readonly under?: string | undefined;
  readonly flow?: string | undefined;
  readonly kind?: string | undefined;
  /** One of `states`. */
  readonly is?: string | undefined;
  readonly sort?: string | undefined;
}
export const triggersSearch = (given: Record<string, unknown>): TriggersSearch => ({
  ...listSearch(given),
  ...textsOf(given, ['under', 'flow', 'kind', 'is', 'sort']),
});

/** The open part of the page of a trigger, and the dates that it shows. */
export interface TriggerSearch extends TabSearch {
  readonly from?: string | undefined;
  readonly until?: string | undefined;
}
export const triggerSearch = (given: Record<string, unknown>): TriggerSearch => ({
  ...tabSearch(given),
  ...textsOf(given, ['from', 'until']),
});

export const kinds: Readonly<Record<string, string>> = {
  SCHEDULE: 'Schedule',
  WEBHOOK: 'Webhook',
  FLOW: 'After flows',
  POLLING: 'Polling',
  REALTIME: 'Real time',
};

/** What a trigger is now, and the filter for it. */
export const states: Readonly<Record<string, { readonly title: string; readonly where: object }>> = {
  on: { title: 'On', where: { disabled: false } },
  off: { title: 'Off', where: { disabled: true } },
  locked: { title: 'Locked', where: { locked: true } },
  backfilling: { title: 'With a backfill', where: { backfilling: true } },
};

/** The same as the API takes them. */
export const whereOf = ({ text, under, flow, kind, is }: TriggersSearch) => ({
  ...(text !== undefined && { text }),
  ...(under !== undefined && { under }),
  ...(flow !== undefined && { flowId: flow }),
  ...(kind !== undefined && kind in kinds && { kind: kind as 'SCHEDULE' }),
  ...(is !== undefined && states[is]?.where),
});
