import { wakeFollowers } from '../../../db/change-source.ts';
import type { Worker } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { newId } from '../../../lib/ids.ts';

/** Writes down that a service is in its state now, and tells who follows. reason: null where it said so itself. */
export async function noteState(tx: Tx, worker: Worker, reason: string | null = null): Promise<void> {
  const { id: workerId, state, stateAt: at } = worker;
  wakeFollowers(tx, 'Worker');
  await tx.workerEvent.create({ data: { id: newId(), workerId, at, state, reason } });
}
