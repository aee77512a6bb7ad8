import { record } from '../../../audit/record.ts';
import type { Liveness } from '../../../config.ts';
import type { Worker } from '../../../db/generated/client.ts';
import { rowsOf } from '../../../db/rows/rows.ts';
import type { Tx } from '../../../db/transaction.ts';
import { asSystem } from '../../../policy/session/system.ts';
import { noteState } from './events.ts';
import { type Calm, type Judged, judgement, parametersOf } from './liveness-verdicts.ts';
import { workersGone } from './release-work.ts';
import { removeWorkers } from './service.ts';

const reasons: Readonly<Record<string, string>> = {
  DISCONNECTED: 'no heartbeat within its timeout',
  TERMINATING: 'in state ERROR, and no heartbeat within its timeout',
  NOT_RUNNING: 'ended, or its termination grace period is over',
  INACTIVE: 'settled',
};

/**
 * One round: changes the state of services that are silent, ended or long gone. An eviction is audited; every new state
 * is an event of the service.
 * @returns the number of changed services.
 */
export async function judgeServices(tx: Tx, settings: Liveness, calm: Calm): Promise<number> {
  const rows = await tx.$queryRawUnsafe<(Judged & { now: Date })[]>(judgement, ...parametersOf(settings, calm));
  const gone: Worker[] = [];
  for (const { verdict, now, ...before } of rows) {
    if (verdict === 'PURGE') continue;
    const evicts = verdict === 'DISCONNECTED' || verdict === 'TERMINATING';
    const data = { state: verdict, stateAt: now, ...(evicts && { evictedAt: now }) };
    const after = await rowsOf(tx).update('Worker', before.id, data);
    const reason = reasons[verdict]!;
    await noteState(tx, after, reason);
    if (evicts) record(tx, asSystem('WORKER:UPDATE', reason), { before, after, tenant: null, verb: 'evict' });
    if (releases(settings, verdict)) gone.push(after);
  }
  if (gone.length > 0) await workersGone(tx, gone);
  const purged = rows.filter(({ verdict }) => verdict === 'PURGE').map(({ id }) => id);
  if (purged.length > 0) await removeWorkers(tx, purged);
  return rows.length;
}

/** True if the work of a service is released in this state. */
const releases = ({ restartStrategy }: Liveness, state: string): boolean =>
  restartStrategy !== 'NEVER' &&
  (state === 'NOT_RUNNING' || (restartStrategy === 'IMMEDIATELY' && state === 'DISCONNECTED'));
