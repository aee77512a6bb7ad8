import type { AccessSnapshot } from '../../db/generated/client.ts';
import type { Tx } from '../../db/transaction.ts';
import { newId } from '../../lib/ids.ts';
import { standOf } from './read.ts';

/**
 * Keeps what a chain ('' is the instance's) tells of an instant, before its events up to then are pruned: what is asked
 * about that instant and later ones is told as before, and about earlier ones EXPIRED.
 * @returns its seq: events up to and including it are no longer needed for this.
 * @throws EXPIRED where the events do not tell it any more.
 */
export async function storeAccessSnapshot(tx: Tx, chain: string, instant: Date): Promise<AccessSnapshot> {
  const { picture, seq } = await standOf(tx, chain, instant);
  const content = picture.toJson() as never;
  return tx.accessSnapshot.create({ data: { id: newId(), tenantId: chain, seq, at: instant, content } });
}
