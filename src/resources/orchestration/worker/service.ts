import type { Grant } from '../../../access/grant.ts';
import { record } from '../../../audit/record.ts';
import type { Liveness } from '../../../config.ts';
import { wakeFollowers } from '../../../db/change-source.ts';
import type { Worker } from '../../../db/generated/client.ts';
import { rowsOf } from '../../../db/rows/rows.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, conflict, GatehouseError } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { find } from '../../../policy/session/find.ts';
import { noteState } from './events.ts';
import { workersGone } from './release-work.ts';
import { isOwn, notYours } from './reporting.ts';
import { endedStates, mayFollow, type ServiceState, type ServiceType } from './states.ts';

/** Timings of a service, in milliseconds. */
export interface Timings {
  readonly heartbeatTimeoutMs?: number | null | undefined;
  readonly initialDelayMs?: number | null | undefined;
  readonly terminationGraceMs?: number | null | undefined;
}

export interface NewService {
  readonly serviceId: string;
  readonly type: ServiceType;
  /** Key of the worker group. */
  readonly workerGroupKey?: string | null | undefined;
  readonly hostname?: string | null | undefined;
  readonly version?: string | null | undefined;
  readonly startedAt?: Date | null | undefined;
  readonly timings?: Timings | null | undefined;
}

/** The database's clock, in its stored precision. Liveness is based on it. */
async function databaseNow(tx: Tx): Promise<Date> {
  const [row] = await tx.$queryRaw<{ now: Date }[]>`SELECT date_trunc('milliseconds', now()) AS now`;
  return row!.now;
}

/** @throws BAD_INPUT for a time beyond the max clock skew. */
function assertPast(at: Date | null | undefined, field: string, now: Date, { skewMs }: Liveness): void {
  if (at != null && at.getTime() > now.getTime() + skewMs)
    throw badInput(['input', field], 'The time is in the future. Check the clock of the service.');
}

async function groupOf(tx: Tx, key: string | null | undefined): Promise<string | null> {
  if (key == null) return null;
  const group = await tx.workerGroup.findUnique({ where: { key }, select: { id: true } });
  if (!group) throw badInput(['input', 'workerGroupKey'], 'The worker group does not exist.');
  return group.id;
}

/** Registers a service that has started. @throws CONFLICT if the ID exists, even if that service has ended. */
export async function registerService(
  tx: Tx,
  grant: Grant<'WORKER:CREATE'>,
  liveness: Liveness,
  { serviceId, type, workerGroupKey, hostname = null, version = null, startedAt, timings }: NewService,
): Promise<Worker> {
  // Its reports would come from an impersonated account.
  if (grant.doer.impersonator)
    throw new GatehouseError('FORBIDDEN', 'A service cannot be registered while impersonating.');
  const now = await databaseNow(tx);
  assertPast(startedAt, 'startedAt', now, liveness);
  const given = Object.entries(timings ?? {}).filter(([, value]) => value != null);
  const worker = {
    id: newId(),
    serviceId,
    principalId: grant.doer.id,
    type,
    state: 'CREATED',
    groupId: await groupOf(tx, workerGroupKey),
    hostname,
    version,
    startedAt: startedAt ?? now,
    registeredAt: now,
    lastHeartbeatAt: now,
    stateAt: now,
    metrics: {},
    timings: Object.fromEntries(given) as Record<string, number>,
  };
  await grant.review(tx, { before: null, after: worker });
  if (await tx.worker.findUnique({ where: { serviceId }, select: { id: true } }))
    throw conflict('A service with this ID already exists. A service that restarts needs a new ID.');
  const row = await tx.worker.create({ data: worker });
  await noteState(tx, row);
  record(tx, grant, { before: null, after: { ...row, group: workerGroupKey ?? null }, tenant: null });
  return row;
}

export interface Heartbeat {
  readonly serviceId: string;
  /** Omit to keep it. */
  readonly state?: ServiceState | null | undefined;
  readonly sequence: bigint;
  readonly metrics?: unknown;
  /** When it was sent, by the clock of the service. */
  readonly at?: Date | null | undefined;
}

/**
 * Stores the heartbeat and state of a service. An outdated report changes nothing.
 * @returns the service as the gateway holds it, including an eviction.
 * @throws CONFLICT with the current state if the new state cannot follow it.
 */
export async function heartbeat(
  tx: Tx,
  grant: Grant<'WORKER:UPDATE'>,
  { restartStrategy, ...liveness }: Liveness,
  { serviceId, state, sequence, metrics, at }: Heartbeat,
): Promise<Worker> {
  const [locked] = await tx.$queryRaw<(Worker & { now: Date })[]>`
    SELECT *, date_trunc('milliseconds', clock_timestamp()) AS now FROM "Worker" WHERE "serviceId" = ${serviceId} FOR UPDATE`;
  if (!locked || !isOwn(grant.doer, locked)) throw notYours();
  const { now, ...before } = locked;
  assertPast(at, 'at', now, { restartStrategy, ...liveness });
  if (!grant.matches(before)) throw grant.refusalOf(before);
  if (sequence < before.sequence) return before;
  const from = before.state as ServiceState;
  const to = state ?? from;
  if (!mayFollow(from, to))
    throw conflict(`A service in state ${from} cannot change to ${to}.`, {
      issues: [{ path: ['input', 'state'], message: `${to} cannot follow ${from}.` }],
      state: from,
      evicted: before.evictedAt !== null,
    });
  const changed = to !== from;
  const data = {
    state: to,
    sequence,
    lastHeartbeatAt: now,
    ...(metrics != null && { metrics: metrics as object }),
    ...(changed && { stateAt: now }),
  };
  await grant.review(tx, { before, after: { ...before, ...data } });
  const after = await rowsOf(tx).update('Worker', before.id, data);
  if (changed) await noteState(tx, after);
  if (changed && to === 'NOT_RUNNING' && restartStrategy !== 'NEVER') await workersGone(tx, [after]);
  return after;
}

/** Deletes a service that has ended. @throws CONFLICT if it has not. */
export async function deleteWorker(tx: Tx, grant: Grant<'WORKER:DELETE'>, id: string): Promise<Worker> {
  const before = await find<Worker>(tx, grant, 'WORKER', id);
  if (!endedStates.includes(before.state as ServiceState))
    throw conflict(`This service is ${before.state}. Only ended services can be deleted.`);
  await grant.review(tx, { before, after: null });
  await removeWorkers(tx, [id]);
  record(tx, grant, { before, after: null, tenant: null });
  return before;
}

export async function removeWorkers(tx: Tx, ids: string[]): Promise<void> {
  wakeFollowers(tx, 'Worker');
  await tx.workerEvent.deleteMany({ where: { workerId: { in: ids } } });
  await tx.worker.deleteMany({ where: { id: { in: ids } } });
}
