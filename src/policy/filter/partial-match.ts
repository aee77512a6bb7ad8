import type { Row } from '../../access/grant.ts';
import type { Where } from '../../access/where.ts';
import { matches } from './portable.ts';

export type Certainty = 'yes' | 'no' | 'unknown';

/**
 * Evaluates a filter on a row of which only these columns are known. Returns 'unknown' if the result depends on other
 * columns. For a complete row, the result equals that of `matches`.
 */
export function reaches(where: Where | undefined, known: Row): Certainty {
  if (where === undefined) return 'yes';
  return every(
    Object.entries(where).map(([key, value]) => {
      if (key === 'AND') return every((value as Where[]).map((part) => reaches(part, known)));
      if (key === 'OR') return some((value as Where[]).map((part) => reaches(part, known)));
      if (known[key] === undefined) return 'unknown';
      return matches({ [key]: value }, known) ? 'yes' : 'no';
    }),
  );
}

const every = (parts: readonly Certainty[]): Certainty =>
  parts.includes('no') ? 'no' : parts.includes('unknown') ? 'unknown' : 'yes';
const some = (parts: readonly Certainty[]): Certainty =>
  parts.includes('yes') ? 'yes' : parts.includes('unknown') ? 'unknown' : 'no';

/**
 * Returns true if the filter matches no namespace. The result can change only at the names in the filter, so it is
 * enough to test these names, one name directly after each, and the first of all.
 */
export function isEmpty(where: Where | undefined, known: Row): boolean {
  const names = [...namesIn(where ?? {})];
  const points = ['', ...names.flatMap((name) => [name, `${name}\u0001`])];
  return points.every((namespace) => reaches(where, { ...known, namespace }) === 'no');
}

function* namesIn(where: Where): Generator<string> {
  for (const [key, value] of Object.entries(where)) {
    if (key === 'AND' || key === 'OR') for (const part of value as Where[]) yield* namesIn(part);
    else if (key === 'namespace')
      for (const one of typeof value === 'string' ? [value] : Object.values(value ?? {}).flat())
        if (typeof one === 'string') yield one;
  }
}
