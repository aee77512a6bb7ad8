import type { ResourceName } from '../../access/catalog.ts';
import type { Grant, Row } from '../../access/grant.ts';
import { resourceDefinition } from '../../access/resource.ts';
import { rowsOf } from '../../db/rows/rows.ts';
import type { Tx } from '../../db/transaction.ts';
import { notFound } from '../../errors.ts';
import { started } from '../../lib/started.ts';

const ahead = new WeakMap<Tx, { readonly key: string; readonly row: Promise<Row | undefined> }>();
const keyOf = (model: string, id: string): string => `${model} ${id}`;

/** Locks and reads a row that `find` asks for later, in the round trip of the statement before. */
export function lockAhead(tx: Tx, resource: ResourceName, id: string): void {
  const model = resourceDefinition(resource)!.model!;
  ahead.set(tx, { key: keyOf(model, id), row: started(rowsOf(tx).locked(model, id)) });
}

function locked(tx: Tx, model: string, id: string): Promise<Row | undefined> {
  const known = ahead.get(tx);
  // Only once: the transaction can have changed the row since.
  ahead.delete(tx);
  return known?.key === keyOf(model, id) ? known.row : rowsOf(tx).locked(model, id);
}

/**
 * Locks a row and reads it. Every change of a row loads it through this function.
 * @throws NOT_FOUND, or FORBIDDEN if the caller can read the row but not perform this operation.
 */
export async function find<R extends Row>(tx: Tx, grant: Grant, resource: ResourceName, id: string): Promise<R> {
  const model = resourceDefinition(resource)!.model!;
  const row = (await locked(tx, model, id)) as R | undefined;
  if (!row) throw notFound('The object');
  if (!grant.matches(row)) {
    const refused = grant.refusalOf(row);
    throw grant.mayRead(row) ? refused : Object.assign(notFound('The object'), { evidence: refused.evidence });
  }
  return row;
}
