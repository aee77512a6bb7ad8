import type { Worker } from '../../db/generated/client.ts';
import type { Tx } from '../../db/transaction.ts';

/** Gives what these services had locked to others. Called in the transaction that ends them; may come twice. */
export async function workersGone(_tx: Tx, _workers: readonly Worker[]): Promise<void> {}
