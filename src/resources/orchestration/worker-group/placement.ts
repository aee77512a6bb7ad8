import type { WorkerGroup } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput } from '../../../errors.ts';
import { allows } from './allowed.ts';

export type Fallback = 'WAIT' | 'FAIL' | 'CANCEL';

/** What a tenant or a namespace says of its worker group. */
export interface Placement {
  readonly workerGroupId: string | null;
  readonly workerGroupFallback: string | null;
}
export interface PlacementInput {
  /** Key of the group; null: none. */
  readonly workerGroup?: string | null | undefined;
  readonly workerGroupFallback?: Fallback | null | undefined;
}

export const noPlacement: Placement = { workerGroupId: null, workerGroupFallback: null };

/**
 * The placement after a change, with the group held until the end of the transaction. Nothing where nothing is said.
 * @throws BAD_INPUT where the tenant may not use such a group: it looks the same whether there is one.
 */
export async function placementOf(
  tx: Tx,
  tenantId: string,
  before: Placement,
  { workerGroup, workerGroupFallback }: PlacementInput,
): Promise<Placement | undefined> {
  if (workerGroup === undefined && workerGroupFallback === undefined) return undefined;
  if (workerGroup === null || (workerGroup === undefined && before.workerGroupId === null)) {
    if (workerGroupFallback != null)
      throw badInput(['input', 'workerGroupFallback'], 'A fallback belongs to a worker group: name one.');
    return noPlacement;
  }
  const groupId = workerGroup === undefined ? before.workerGroupId : (await usable(tx, tenantId, workerGroup)).id;
  const kept = workerGroupFallback === undefined ? before.workerGroupFallback : workerGroupFallback;
  return { workerGroupId: groupId, workerGroupFallback: kept ?? 'WAIT' };
}

async function usable(tx: Tx, tenantId: string, key: string): Promise<WorkerGroup> {
  const [group] = await tx.$queryRaw<WorkerGroup[]>`SELECT * FROM "WorkerGroup" WHERE key = ${key} FOR SHARE`;
  if (!group || !allows(group, tenantId))
    throw badInput(['input', 'workerGroup'], 'There is no worker group of this key that the tenant may use.');
  return group;
}

/** A row as audit events tell it: the worker group by its key. */
export async function withGroupKey<R extends Placement>(tx: Tx, row: R): Promise<R & { workerGroup: string | null }> {
  const { workerGroupId } = row;
  if (workerGroupId === null) return { ...row, workerGroup: null };
  const group = await tx.workerGroup.findUnique({ where: { id: workerGroupId }, select: { key: true } });
  return { ...row, workerGroup: group?.key ?? null };
}

/** The worker group in effect, with where it is from. */
export interface InheritedWorkerGroup {
  readonly workerGroupId: string;
  readonly fallback: Fallback;
  /** The namespace that names it; null: the tenant. */
  readonly namespace: string | null;
}

/**
 * The worker group of what runs in a namespace and names none itself: the nearest namespace's, then the tenant's.
 * @param chain the namespace and those above it, in any order.
 * @returns undefined where nobody names one: any worker without a group takes it.
 */
export function workerGroupOf(
  chain: readonly (Placement & { readonly namespace: string })[],
  tenant: Placement,
): InheritedWorkerGroup | undefined {
  const nearest = [...chain]
    .sort((a, b) => b.namespace.length - a.namespace.length)
    .find(({ workerGroupId }) => workerGroupId !== null);
  const { workerGroupId, workerGroupFallback } = nearest ?? tenant;
  if (workerGroupId === null) return undefined;
  const fallback = (workerGroupFallback ?? 'WAIT') as Fallback;
  return { workerGroupId, fallback, namespace: nearest?.namespace ?? null };
}
