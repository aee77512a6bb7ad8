import type { Worker } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { releaseClaims } from '../trigger/claims.ts';

/** Releases what these services had locked. Called in the transaction that ends them; idempotent. */
export async function workersGone(tx: Tx, workers: readonly Worker[]): Promise<void> {
  await releaseClaims(
    tx,
    workers.map(({ serviceId }) => serviceId),
  );
}
