import type { Worker } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { releaseClaims } from '../trigger/claims.ts';

/** Gives what these services had locked to others. Called in the transaction that ends them; may come twice. */
export async function workersGone(tx: Tx, workers: readonly Worker[]): Promise<void> {
  await releaseClaims(
    tx,
    workers.map(({ serviceId }) => serviceId),
  );
}
