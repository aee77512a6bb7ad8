import type { Row } from '../../../access/grant.ts';
import type { WorkerGroup } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput } from '../../../errors.ts';
import { allows } from './allowed.ts';

export type Fallback = 'WAIT' | 'FAIL' | 'CANCEL';

/** Worker group setting of a tenant or namespace. */
export interface Placement {
  readonly workerGroupId: string | null;
  readonly workerGroupFallback: string | null;
}
export interface PlacementInput {
  /** Key of the group; null if none. */
  readonly workerGroupKey?: string | null | undefined;
  readonly workerGroupFallback?: Fallback | null | undefined;
}

export const noPlacement: Placement = { workerGroupId: null, workerGroupFallback: null };

/**
 * The placement after a change, with the group locked until the end of the transaction. Empty if nothing is given.
 * @throws BAD_INPUT if the tenant is not allowed to use the group, with the same message as if it did not exist.
 */
export async function placementOf(
  tx: Tx,
  tenantId: string,
  before: Placement,
  { workerGroupKey: key, workerGroupFallback }: PlacementInput,
): Promise<Placement | undefined> {
  if (key === undefined && workerGroupFallback === undefined) return undefined;
  if (key === null || (key === undefined && before.workerGroupId === null)) {
    if (workerGroupFallback != null)
      throw badInput(['input', 'workerGroupFallback'], 'A fallback requires a worker group. Name one.');
    return noPlacement;
  }
  const groupId = key === undefined ? before.workerGroupId : (await usable(tx, tenantId, key)).id;
  const kept = workerGroupFallback === undefined ? before.workerGroupFallback : workerGroupFallback;
  return { workerGroupId: groupId, workerGroupFallback: kept ?? 'WAIT' };
}

async function usable(tx: Tx, tenantId: string, key: string): Promise<WorkerGroup> {
  const [group] = await tx.$queryRaw<WorkerGroup[]>`SELECT * FROM "WorkerGroup" WHERE key = ${key} FOR SHARE`;
  if (!group || !allows(group, tenantId))
    throw badInput(
      ['input', 'workerGroupKey'],
      'The worker group does not exist, or the tenant is not allowed to use it.',
    );
  return group;
}

/** A row in audit events: the worker group by its key. */
export async function withGroupKey<R extends Placement>(tx: Tx, row: R): Promise<R & { workerGroup: string | null }> {
  const { workerGroupId } = row;
  if (workerGroupId === null) return { ...row, workerGroup: null };
  const group = await tx.workerGroup.findUnique({ where: { id: workerGroupId }, select: { key: true } });
  return { ...row, workerGroup: group?.key ?? null };
}

/** Fields of an audit event, as an update accepts them. */
export function placedAs(fields: Row): Row {
  const { workerGroup, ...others } = fields;
  return workerGroup === undefined ? others : { ...others, workerGroupKey: workerGroup };
}

/** The worker group in effect, with its origin. */
export interface InheritedWorkerGroup {
  readonly workerGroupId: string;
  readonly fallback: Fallback;
  /** The namespace that sets it; null for the tenant. */
  readonly namespace: string | null;
}

/**
 * The worker group for work in a namespace that names none: that of the nearest namespace, then of the tenant.
 * @param chain the namespace and its ancestors, in any order.
 * @returns undefined if none is set: any worker without a group serves it.
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
