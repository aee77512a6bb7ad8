import type { Doer } from '../../../access/grant.ts';
import type { Worker } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict, GatehouseError } from '../../../errors.ts';
import { endedStates, type ServiceState } from './states.ts';

/** The same message as for a service of another account, so that it does not reveal which services exist. */
export const notYours = () =>
  new GatehouseError(
    'FORBIDDEN',
    'Only the account that registered a service can report for it. Call registerService first.',
  );

/** True if the doer registered it. Services report only for themselves. */
export const isOwn = (doer: Doer, worker: Pick<Worker, 'principalId'>): boolean =>
  worker.principalId === doer.id && !doer.impersonator;

/**
 * The reporting or claiming service, locked so that it is not evicted before the end of the transaction: its claims
 * would never be released. Only the account that registered a service can report, which requires a binding at the
 * instance level. A user who can start and change executions cannot report their results.
 * @throws FORBIDDEN if the doer did not register it, CONFLICT if it was evicted or has ended.
 */
export async function reportingService(tx: Tx, doer: Doer, serviceId: string): Promise<Worker> {
  const [worker] = await tx.$queryRaw<Worker[]>`SELECT * FROM "Worker" WHERE "serviceId" = ${serviceId} FOR SHARE`;
  if (!worker || !isOwn(doer, worker)) throw notYours();
  if (worker.evictedAt) throw conflict('This service was evicted and cannot return. Register a new one.');
  if (endedStates.includes(worker.state as ServiceState))
    throw conflict(`This service is ${worker.state} and cannot return. Register a new one.`);
  return worker;
}
