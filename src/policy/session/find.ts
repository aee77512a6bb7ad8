import type { ResourceName } from '../../access/catalog.ts';
import type { Grant, Row } from '../../access/grant.ts';
import { resourceDefinition } from '../../access/resource.ts';
import { rowsOf } from '../../db/rows/rows.ts';
import type { Tx } from '../../db/transaction.ts';
import { notFound } from '../../errors.ts';

/**
 * Locks a row and reads it. Every change of a row loads it through this function.
 * @throws NOT_FOUND, or FORBIDDEN if the caller can read the row but not perform this operation.
 */
export async function find<R extends Row>(tx: Tx, grant: Grant, resource: ResourceName, id: string): Promise<R> {
  const model = resourceDefinition(resource)!.model!;
  const row = (await rowsOf(tx).locked(model, id)) as R | undefined;
  if (!row) throw notFound('The object');
  if (!grant.matches(row)) {
    const refused = grant.refusalOf(row);
    throw grant.mayRead(row) ? refused : Object.assign(notFound('The object'), { evidence: refused.evidence });
  }
  return row;
}
