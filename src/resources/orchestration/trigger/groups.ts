import { ancestorsOf } from '../../../access/where.ts';
import type { Tx } from '../../../db/transaction.ts';
import type { DeclaredTrigger } from './declared.ts';

/** Worker group of a trigger ('' for none) and its fallback. */
export interface EffectiveGroup {
  readonly workerGroup: string;
  readonly workerGroupFallback: string | null;
}

/**
 * The worker group of triggers in a namespace: their own, else that of the nearest namespace, else that of the tenant.
 */
export async function effectiveGroups(
  tx: Tx,
  tenantId: string,
  namespace: string,
): Promise<(declared: DeclaredTrigger['workerGroup']) => EffectiveGroup> {
  const select = { workerGroupFallback: true, workerGroup: { select: { key: true } } } as const;
  const chain = await tx.namespace.findMany({
    where: { tenantId, namespace: { in: [...ancestorsOf(namespace), namespace] }, workerGroupId: { not: null } },
    select: { namespace: true, ...select },
  });
  const nearest = chain.sort((a, b) => b.namespace.length - a.namespace.length)[0];
  const inherited = nearest ?? (await tx.tenant.findUniqueOrThrow({ where: { id: tenantId }, select }));
  return (declared) =>
    declared
      ? { workerGroup: declared.key, workerGroupFallback: declared.fallback }
      : { workerGroup: inherited.workerGroup?.key ?? '', workerGroupFallback: inherited.workerGroupFallback };
}

interface Placed {
  readonly workerGroupId: string | null;
  readonly workerGroupFallback: string | null;
}

/** Updates the triggers after the group of a tenant or a namespace changed, in all namespaces below it. */
export async function regroupTriggers(
  tx: Tx,
  tenantId: string,
  namespace: string | undefined,
  before: Placed,
  after: Placed,
): Promise<void> {
  if (before.workerGroupId === after.workerGroupId && before.workerGroupFallback === after.workerGroupFallback) return;
  const below =
    namespace === undefined
      ? {}
      : { OR: [{ namespace }, { namespace: { gte: `${namespace}.`, lt: `${namespace}/` } }] };
  // The lock order of all bulk operations.
  const from = namespace ?? '';
  await tx.$executeRaw`
    SELECT 1 FROM "Trigger" WHERE "tenantId" = ${tenantId}
      AND (${from} = '' OR namespace = ${from} OR (namespace >= ${`${from}.`} AND namespace < ${`${from}/`}))
    ORDER BY id FOR UPDATE`;
  const rows = await tx.trigger.findMany({
    where: { tenantId, ...below },
    select: { id: true, namespace: true, definition: true, workerGroup: true, workerGroupFallback: true },
    orderBy: { id: 'asc' },
  });
  for (const [name, own] of Map.groupBy(rows, (row) => row.namespace)) {
    const { workerGroup, workerGroupFallback } = (await effectiveGroups(tx, tenantId, name))(null);
    const moved = own.filter(
      (row) =>
        (row.definition as { workerGroup?: unknown }).workerGroup == null &&
        (row.workerGroup !== workerGroup || row.workerGroupFallback !== workerGroupFallback),
    );
    await tx.trigger.updateMany({
      where: { id: { in: moved.map(({ id }) => id) } },
      data: { workerGroup, workerGroupFallback },
    });
  }
}
