import { fieldsOf, type Where } from '../../../access/where.ts';
import type { Condition } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';

/** Columns that the counts by day share with the rows. */
const rolledUp = new Set(['tenantId', 'namespace', 'state']);

/**
 * Counts executions from the counts by day, if each filter uses only tenant, namespace and state.
 * @returns undefined if the rows must be counted.
 */
export async function countByDays(
  { db }: Context,
  tenantId: string,
  conditions: readonly Condition[],
): Promise<number | undefined> {
  if (conditions.some((one) => [...fieldsOf(one as Where)].some((field) => !rolledUp.has(field)))) return undefined;
  const { _sum } = await db.executionDay.aggregate({
    where: { AND: [{ tenantId }, ...conditions] } as object,
    _sum: { count: true },
  });
  return Number(_sum.count ?? 0n);
}
