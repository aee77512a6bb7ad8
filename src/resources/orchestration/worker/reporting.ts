import type { Doer } from '../../../access/grant.ts';
import type { Worker } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict, GatehouseError } from '../../../errors.ts';
import { endedStates, type ServiceState } from './states.ts';

/** The words are the same for a service of somebody else: who asks does not learn which there are. */
export const notYours = () =>
  new GatehouseError('FORBIDDEN', 'Only who registered a service may report for it: registerService first.');

/** Did the doer register it? Nobody reports in the place of another. */
export const isOwn = (doer: Doer, worker: Pick<Worker, 'principalId'>): boolean =>
  worker.principalId === doer.id && !doer.impersonator;

/**
 * The service that reports or claims, held so that it is not evicted before the end of the transaction: what it takes
 * meanwhile would be released by nobody. What an engine says is taken from who registered a service only, which takes a
 * binding at the instance level: somebody who may start and change executions cannot say what came of them.
 * @throws FORBIDDEN where the doer did not register it, CONFLICT where it was evicted or has ended.
 */
export async function reportingService(tx: Tx, doer: Doer, serviceId: string): Promise<Worker> {
  const [worker] = await tx.$queryRaw<Worker[]>`SELECT * FROM "Worker" WHERE "serviceId" = ${serviceId} FOR SHARE`;
  if (!worker || !isOwn(doer, worker)) throw notYours();
  if (worker.evictedAt) throw conflict('This service was evicted. It may not come back: register a new one.');
  if (endedStates.includes(worker.state as ServiceState))
    throw conflict(`This service is ${worker.state}. It may not come back: register a new one.`);
  return worker;
}
