import { type ListSearch, listSearch } from '../tenant.ts';

export interface MaintenanceSearch extends ListSearch {
  readonly tab?: 'banners' | undefined;
  /** Set for those of the instance, which concern all tenants. */
  readonly of?: 'instance' | undefined;
  /** Set for those that are in effect now. */
  readonly now?: 'yes' | undefined;
}

export const maintenanceSearch = (given: Record<string, unknown>): MaintenanceSearch => ({
  ...listSearch(given),
  ...(given['tab'] === 'banners' && { tab: 'banners' }),
  ...(given['of'] === 'instance' && { of: 'instance' }),
  ...(given['now'] === 'yes' && { now: 'yes' }),
});
