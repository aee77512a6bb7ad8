import type { Permission } from '../../access/catalog.ts';
import { type Rows, rowsOf } from '../../db/rows/rows.ts';
import type { Scope } from '../../policy/decide/decision.ts';
import type { Context } from '../context.ts';
import type { Condition } from './connection-type.ts';

/** The reader of this request's rows. In a mutation, it reads what the mutation has written. */
export const rows = (context: Context): Rows => rowsOf(context.db);

export { everyRow } from '../../access/where.ts';

/** Matches nothing. Not an empty OR, which Prisma drops when nested. */
export const nothing: Condition = { id: { in: [] } };

/** Any of these; undefined if there is none. An empty condition matches every row; Prisma would drop it from an OR. */
export function anyCondition(conditions: readonly Condition[]): Condition | undefined {
  if (conditions.some((condition) => Object.keys(condition).length === 0)) return {};
  return conditions.length > 1 ? { OR: conditions } : conditions[0];
}

/** What the viewer can read in these scopes, as one condition; undefined if nothing. */
export async function reachOf(
  context: Context,
  permission: Permission,
  scopes: Scope | readonly Scope[],
): Promise<Condition | undefined> {
  if (!Array.isArray(scopes)) return context.session.grant(permission, scopes as Scope).where as Condition;
  const filters: Condition[] = [];
  for (const scope of scopes as readonly Scope[]) {
    const grant = context.session.may(permission, scope);
    if (grant) filters.push(grant.where as Condition);
  }
  return anyCondition(filters);
}
