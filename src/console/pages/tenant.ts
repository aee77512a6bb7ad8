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

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;

export const listSearch = ({ text, after, before }: Record<string, unknown>): ListSearch => ({
  ...(textOf(text) && { text: textOf(text) }),
  ...(textOf(after) && { after: textOf(after) }),
  ...(textOf(before) && { before: textOf(before) }),
});
