import type { Doer } from '../../access/grant.ts';
import type { Worker } from '../../db/generated/client.ts';
import type { Tx } from '../../db/transaction.ts';
import { conflict, GatehouseError } from '../../errors.ts';

/**
 * The service that reports or claims. What an engine says is taken from who registered a service only, which takes a
 * binding at the instance level: somebody who may start and change executions cannot say what came of them.
 * @throws FORBIDDEN where the doer did not register it, CONFLICT where it was evicted.
 */
export async function reportingService(tx: Tx, doer: Doer, serviceId: string): Promise<Worker> {
  const worker = await tx.worker.findUnique({ where: { serviceId } });
  // The same words for a service of somebody else: who asks does not learn which there are.
  if (!worker || worker.principalId !== doer.id || doer.impersonator)
    throw new GatehouseError('FORBIDDEN', 'Only who registered a service may report for it: registerService first.');
  if (worker.evictedAt) throw conflict('This service was evicted. It may not come back: register a new one.');
  return worker;
}
