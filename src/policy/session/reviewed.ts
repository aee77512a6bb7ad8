import type { ResourceName } from '../../access/catalog.ts';
import type { Row, RowChange } from '../../access/grant.ts';
import type { Tx } from '../../db/transaction.ts';
import { remember } from '../../lib/remember.ts';

interface Reviewed {
  /** For each resource, the future rows by id. null: the row will be deleted. */
  readonly rows: Map<ResourceName, Map<string, Row | null>>;
  /** Functions that undo each entry, in order. */
  readonly undo: (() => void)[];
}

const transactions = new WeakMap<Tx, Reviewed>();
const none: ReadonlyMap<string, Row | null> = new Map();

/** Returns the rows of a resource that the transaction has reviewed so far, written or not. */
export const reviewedIn = (tx: Tx, resource: ResourceName): ReadonlyMap<string, Row | null> =>
  transactions.get(tx)?.rows.get(resource) ?? none;

/** Adds a change that is about to be reviewed. */
export function noteReviewed(tx: Tx, resource: ResourceName, { before, after }: RowChange): void {
  const { rows, undo } = remember(transactions, tx, (): Reviewed => ({ rows: new Map(), undo: [] }));
  const own = remember(rows, resource, () => new Map<string, Row | null>());
  const id = String((after ?? before)?.['id']);
  const earlier = own.get(id);
  own.set(id, after);
  undo.push(() => (earlier === undefined ? own.delete(id) : own.set(id, earlier)));
}

/** Runs one item of a batch. If it fails, the changes reviewed for it are removed, because they are not written. */
export async function attempt<T>(tx: Tx, work: () => Promise<T>): Promise<T> {
  const mark = transactions.get(tx)?.undo.length ?? 0;
  try {
    return await work();
  } catch (error) {
    for (const undo of transactions.get(tx)?.undo.splice(mark).reverse() ?? []) undo();
    throw error;
  }
}
