import { fieldsOf, type Where } from '../../../access/where.ts';
import type { Condition } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';

/** The columns that the counts by day have as the rows have them. */
const rolledUp = new Set(['tenantId', 'namespace', 'state']);

/**
 * How many executions there are, from the counts by day: only where each filter speaks of tenant, namespace and state alone.
 * @returns undefined where the rows themselves have to be counted.
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
