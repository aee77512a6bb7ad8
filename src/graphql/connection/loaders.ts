import DataLoader from 'dataloader';
import type { Row } from '../../access/grant.ts';
import type { Names } from '../../db/rows/select.ts';
import { atPath } from '../../lib/remember.ts';
import type { Context } from '../context.ts';
import type { Condition } from './connection-type.ts';
import { everyRow, rows } from './reach.ts';

export type { Names } from '../../db/rows/select.ts';

/**
 * Loads single rows by their names (with the tenant, where a name is unique in its tenant), within a reach, in one
 * statement for a response.
 * @param where the filter of a grant: rows with the same object load together.
 * @param asked columns of the row. Omit for all.
 */
export function loadByNames(
  context: Context,
  model: string,
  where: Condition,
  names: Names,
  asked?: readonly string[],
): Promise<Row | null> {
  const keys = Object.keys(names);
  const keyOf = (row: Row | Names): string => keys.map((key) => row[key]).join('\0');
  const loader = atPath(context.loaders, [model, keys.join(), asked?.join(), where], () => {
    const columns = asked && [...new Set([...asked, ...keys])];
    return new DataLoader<Names, Row | null, string>(
      async (wanted) => {
        const found = await rows(context).byNames({ model, where, columns }, wanted);
        const byKey = new Map(found.map((row) => [keyOf(row), row]));
        return wanted.map((one) => byKey.get(keyOf(one)) ?? null);
      },
      { cacheKeyFn: keyOf },
    );
  });
  return loader.load(names);
}

/** The same by ID. */
export const loadWithin = (
  context: Context,
  model: string,
  where: Condition,
  id: string,
  asked?: readonly string[],
): Promise<Row | null> => loadByNames(context, model, where, { id }, asked);

/** The row with this ID, without a decision of its own. */
export const loadRow = async <R extends object>(context: Context, model: string, id: string): Promise<R | null> =>
  (await loadWithin(context, model, everyRow, id)) as R | null;
