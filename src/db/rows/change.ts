import { statementsOf, type Tx } from '../tx.ts';
import { rowsOf } from './rows.ts';
import { type Changes, type ModelName, rowAfter, type Stored, updateRow } from './update.ts';

/**
 * Changes a row that is locked and was read. It waits for the answer only if the row after it is not known: an error then
 * fails the transaction later. @returns the whole row.
 */
export async function changeRow<M extends ModelName>(
  tx: Tx,
  model: M,
  before: Stored<M> & { readonly id: string },
  changes: Changes<M>,
): Promise<Stored<M>> {
  const after = rowAfter(model, before, changes);
  if (!after) return rowsOf(tx).update(model, before.id, changes);
  const statement = updateRow(model, before.id, changes, false);
  if (statement) statementsOf(tx).writeOn(statement);
  return after;
}
