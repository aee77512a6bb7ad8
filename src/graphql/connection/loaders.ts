import DataLoader from 'dataloader';
import type { Row } from '../../access/grant.ts';
import { canonicalJson } from '../../lib/json.ts';
import { remember } from '../../lib/remember.ts';
import type { Context } from '../context.ts';
import { delegate } from './connection.ts';
import type { Condition } from './connection-type.ts';

/** Column values that identify a row. */
export type Names = Readonly<Record<string, string | number>>;

/**
 * Loads single rows by their names, within a reach, in one statement for a response. Not with `findUnique`: Prisma
 * would batch those of several requests.
 */
export function loadByNames(context: Context, model: string, where: Condition, names: Names): Promise<Row | null> {
  const columns = Object.keys(names);
  const keyOf = (row: Row | Names): string => canonicalJson(columns.map((column) => row[column]));
  const [column, ...more] = columns;
  const among = (asked: readonly Names[]): Condition =>
    more.length === 0 ? { [column!]: { in: asked.map((one) => one[column!]) } } : { OR: asked };
  const name = `${model} by ${columns.join()} ${canonicalJson(where)}`;
  const loaders = context.loaders as Map<string, DataLoader<Names, Row | null, string>>;
  const loader = remember(loaders, name, () => {
    return new DataLoader<Names, Row | null, string>(
      async (asked) => {
        const rows = await delegate(context, model).findMany({ where: { AND: [among(asked), where] } });
        const byKey = new Map(rows.map((row) => [keyOf(row), row]));
        return asked.map((one) => byKey.get(keyOf(one)) ?? null);
      },
      { cacheKeyFn: keyOf },
    );
  });
  return loader.load(names);
}

/** The same by ID. */
export const loadWithin = (context: Context, model: string, where: Condition, id: string): Promise<Row | null> =>
  loadByNames(context, model, where, { id });

/** The row with this ID, without a decision of its own. */
export const loadRow = async <R extends object>(context: Context, model: string, id: string): Promise<R | null> =>
  (await loadWithin(context, model, {}, id)) as R | null;
