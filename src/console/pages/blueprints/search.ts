import { type ListSearch, listSearch, textsOf } from '../tenant.ts';

/** The filters of the blueprints. */
export interface BlueprintsSearch extends ListSearch {
  /** With commas between them. */
  readonly tag?: string | undefined;
  /** `own` for custom ones, `catalogue` for those that ship with Gatehouse. */
  readonly kind?: string | undefined;
}
export const blueprintsSearch = (given: Record<string, unknown>): BlueprintsSearch => ({
  ...listSearch(given),
  ...textsOf(given, ['tag', 'kind']),
});

/** The same as the API takes them. */
export const whereOf = ({ text, tag, kind }: BlueprintsSearch) => ({
  ...(text !== undefined && { text }),
  ...(tag !== undefined && { tags: tag.split(',') }),
  ...(kind === 'own' && { kind: 'CUSTOM' as const }),
  ...(kind === 'catalogue' && { kind: 'CATALOGUE' as const }),
});
