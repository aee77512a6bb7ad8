import type { AccessSnapshot } from '../../db/generated/client.ts';
import type { Tx } from '../../db/transaction.ts';
import { newId } from '../../lib/ids.ts';
import { projectionAt } from './read-projection.ts';

/**
 * Stores a snapshot of a chain ('' for the instance) at an instant, before its events up to then are pruned. Questions
 * about that instant and later ones keep their answers. Earlier ones return EXPIRED.
 * @returns the snapshot. Events up to and including its `seq` are no longer needed for past access.
 * @throws EXPIRED if the events of that instant are no longer kept.
 */
export async function storeAccessSnapshot(tx: Tx, chain: string, instant: Date): Promise<AccessSnapshot> {
  const { projection, seq } = await projectionAt(tx, chain, instant);
  const content = projection.toJson() as never;
  return tx.accessSnapshot.create({ data: { id: newId(), tenantId: chain, seq, at: instant, content } });
}
