import { textsOf } from '../tenant.ts';

/** The window of the charts, which is in the address. */
export interface HomeSearch {
  readonly since?: string | undefined;
}

export const usualWindow = 'day';
export const homeWindows = ['day', 'week', 'month', 'quarter'];
export const homeSearch = (given: Record<string, unknown>): HomeSearch => textsOf(given, ['since']);
