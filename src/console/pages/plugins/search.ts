import { type ListSearch, listSearch, textsOf } from '../tenant.ts';

/** The filters of the plugins. */
export interface PluginsSearch extends ListSearch {
  readonly kind?: string | undefined;
  /** `yes` for types that flows use, `no` for the others. */
  readonly used?: string | undefined;
}
export const pluginsSearch = (given: Record<string, unknown>): PluginsSearch => ({
  ...listSearch(given),
  ...textsOf(given, ['kind', 'used']),
});

export const kinds: Readonly<Record<string, string>> = {
  TASK: 'Task',
  TRIGGER: 'Trigger',
  CONDITION: 'Condition',
  TASK_RUNNER: 'Task runner',
  OTHER: 'Other',
};

/** The same as the API takes them. */
export const whereOf = ({ text, kind, used }: PluginsSearch) => ({
  ...(text !== undefined && { text }),
  ...(kind !== undefined && kind in kinds && { kind: [kind as 'TASK'] }),
  ...(used !== undefined && { inUse: used === 'yes' }),
});
