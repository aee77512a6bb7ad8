import { useParams } from '@tanstack/react-router';

/** The key of the tenant in the address. */
export function useTenant(): string {
  const { tenant } = useParams({ strict: false });
  return tenant ?? '';
}

/** The part of the address that chooses a page of a list. */
export interface ListSearch {
  readonly text?: string | undefined;
  readonly after?: string | undefined;
  readonly before?: string | undefined;
}

export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;

/** Texts of the address, without the ones that are not there. */
export const textsOf = <Name extends string>(
  given: Record<string, unknown>,
  names: readonly Name[],
): { [N in Name]?: string } =>
  Object.fromEntries(
    names.map((name) => [name, textOf(given[name])] as const).filter(([, value]) => value !== undefined),
  ) as { [N in Name]?: string };

export const listSearch = (given: Record<string, unknown>): ListSearch => textsOf(given, ['text', 'after', 'before']);

/** The open part of a page, and the place in the list there. */
export interface TabSearch extends ListSearch {
  readonly tab?: string | undefined;
}
export const tabSearch = (given: Record<string, unknown>): TabSearch =>
  textsOf(given, ['tab', 'text', 'after', 'before']);

/** A list that belongs to a user or a service account; without one, to the viewer. */
export interface OwnerSearch extends ListSearch {
  readonly owner?: string | undefined;
}
export const ownerSearch = (given: Record<string, unknown>): OwnerSearch =>
  textsOf(given, ['owner', 'text', 'after', 'before']);
