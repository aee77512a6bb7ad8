import type { ResourceName } from '../../access/catalog.ts';
import type { Grant, Row } from '../../access/grant.ts';
import { resourceDefinition } from '../../access/resource.ts';
import type { Tx } from '../../db/transaction.ts';
import { notFound } from '../../errors.ts';
import { lowerFirst } from '../../lib/text.ts';

/**
 * Locks a row, then reads it. Whoever changes a row gets it here.
 * @throws NOT_FOUND, or FORBIDDEN where the doer may read it but not this.
 */
export async function find<R extends Row>(tx: Tx, grant: Grant, resource: ResourceName, id: string): Promise<R> {
  const model = resourceDefinition(resource)!.model!;
  await tx.$executeRawUnsafe(`SELECT 1 FROM "${model}" WHERE id = $1 FOR UPDATE`, id);
  const rows = (tx as unknown as Record<string, { findUnique(args: object): Promise<R | null> }>)[lowerFirst(model)]!;
  const row = await rows.findUnique({ where: { id } });
  if (!row) throw notFound('The object');
  if (!grant.matches(row)) {
    const refused = grant.refusalOf(row);
    throw grant.mayRead(row) ? refused : Object.assign(notFound('The object'), { evidence: refused.evidence });
  }
  return row;
}
