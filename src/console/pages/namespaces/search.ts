import { type ListSearch, listSearch, type TabSearch, tabSearch, textsOf } from '../tenant.ts';

export interface NamespacesSearch extends ListSearch {
  readonly under?: string | undefined;
}
export const namespacesSearch = (given: Record<string, unknown>): NamespacesSearch => ({
  ...listSearch(given),
  ...textsOf(given, ['under']),
});

/** The open part of the page of a namespace, and the open file there. */
export interface NamespaceSearch extends TabSearch {
  readonly file?: string | undefined;
}
export const namespaceSearch = (given: Record<string, unknown>): NamespaceSearch => ({
  ...tabSearch(given),
  ...textsOf(given, ['file']),
});
