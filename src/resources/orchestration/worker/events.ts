import { wakeFollowers } from '../../../db/change-source.ts';
import type { Worker } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { newId } from '../../../lib/ids.ts';

/** Records a state of a service and notifies followers. reason: null if the service reported it. */
export async function noteState(tx: Tx, worker: Worker, reason: string | null = null): Promise<void> {
  const { id: workerId, state, stateAt: at } = worker;
  wakeFollowers(tx, 'Worker');
  await tx.workerEvent.create({ data: { id: newId(), workerId, at, state, reason } });
}
