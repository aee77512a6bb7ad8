import type { Grant } from '../../../access/grant.ts';
import { record } from '../../../audit/record.ts';
import type { Liveness } from '../../../config.ts';
import { wakeFollowers } from '../../../db/change-source.ts';
import type { Worker } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, conflict, GatehouseError } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { find } from '../../../policy/session/find.ts';
import { noteState } from './events.ts';
import { workersGone } from './release-work.ts';
import { isOwn, notYours } from './reporting.ts';
import { endedStates, mayFollow, type ServiceState, type ServiceType } from './states.ts';

/** A service's own timings, in milliseconds. */
export interface Timings {
  readonly heartbeatTimeoutMs?: number | null | undefined;
  readonly initialDelayMs?: number | null | undefined;
  readonly terminationGraceMs?: number | null | undefined;
}

export interface NewService {
  readonly serviceId: string;
  readonly type: ServiceType;
  /** Key of the worker group. */
  readonly group?: string | null | undefined;
  readonly hostname?: string | null | undefined;
  readonly version?: string | null | undefined;
  readonly startedAt?: Date | null | undefined;
  readonly timings?: Timings | null | undefined;
}

/** The database's clock, in the precision that it stores: the one by which services are judged. */
async function databaseNow(tx: Tx): Promise<Date> {
  const [row] = await tx.$queryRaw<{ now: Date }[]>`SELECT date_trunc('milliseconds', now()) AS now`;
  return row!.now;
}

/** @throws BAD_INPUT for a time that is further ahead than clocks differ. */
function assertPast(at: Date | null | undefined, field: string, now: Date, { skewMs }: Liveness): void {
  if (at != null && at.getTime() > now.getTime() + skewMs)
    throw badInput(['input', field], 'This is in the future: see to the clock of the service.');
}

async function groupOf(tx: Tx, key: string | null | undefined): Promise<string | null> {
  if (key == null) return null;
  const group = await tx.workerGroup.findUnique({ where: { key }, select: { id: true } });
  if (!group) throw badInput(['input', 'group'], 'There is no worker group of this key.');
  return group.id;
}

/** Registers a service that has started. @throws CONFLICT where there is one of this id, alive or not. */
export async function registerService(
  tx: Tx,
  grant: Grant<'WORKER:CREATE'>,
  liveness: Liveness,
  { serviceId, type, group, hostname = null, version = null, startedAt, timings }: NewService,
): Promise<Worker> {
  // It would report as somebody who is not there.
  if (grant.doer.impersonator)
    throw new GatehouseError('FORBIDDEN', 'A service is registered by whose it is, not while impersonating.');
  const now = await databaseNow(tx);
  assertPast(startedAt, 'startedAt', now, liveness);
  const given = Object.entries(timings ?? {}).filter(([, value]) => value != null);
  const worker = {
    id: newId(),
    serviceId,
    principalId: grant.doer.id,
    type,
    state: 'CREATED',
    groupId: await groupOf(tx, group),
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
    throw conflict('There is a service of this id already. One that starts again is a new one: give it another id.');
  const row = await tx.worker.create({ data: worker });
  await noteState(tx, row);
  record(tx, grant, { before: null, after: { ...row, group: group ?? null }, tenant: null });
  return row;
}

export interface Heartbeat {
  /** The id of the service. */
  readonly service: string;
  /** Left out: as it is. */
  readonly state?: ServiceState | null | undefined;
  readonly sequence: bigint;
  readonly metrics?: unknown;
  /** When it was sent, by the clock of the service. */
  readonly at?: Date | null | undefined;
}

/**
 * A service says that it lives, and in which state. An older report than the last one changes nothing.
 * @returns the service as the gateway holds it: one that was evicted learns of it here.
 * @throws CONFLICT where the state cannot follow, with the state that the gateway holds.
 */
export async function heartbeat(
  tx: Tx,
  grant: Grant<'WORKER:UPDATE'>,
  { restartStrategy, ...liveness }: Liveness,
  { service, state, sequence, metrics, at }: Heartbeat,
): Promise<Worker> {
  const [locked] = await tx.$queryRaw<(Worker & { now: Date })[]>`
    SELECT *, date_trunc('milliseconds', clock_timestamp()) AS now FROM "Worker" WHERE "serviceId" = ${service} FOR UPDATE`;
  if (!locked || !isOwn(grant.doer, locked)) throw notYours();
  const { now, ...before } = locked;
  assertPast(at, 'at', now, { restartStrategy, ...liveness });
  if (!grant.matches(before)) throw grant.refusalOf(before);
  if (sequence < before.sequence) return before;
  const from = before.state as ServiceState;
  const to = state ?? from;
  if (!mayFollow(from, to))
    throw conflict(`A service that is ${from} cannot become ${to}.`, {
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
  const after = await tx.worker.update({ where: { id: before.id }, data });
  if (changed) await noteState(tx, after);
  if (changed && to === 'NOT_RUNNING' && restartStrategy !== 'NEVER') await workersGone(tx, [after]);
  return after;
}

/** Removes the row of a service that has ended. @throws CONFLICT while it has not. */
export async function deleteWorker(tx: Tx, grant: Grant<'WORKER:DELETE'>, id: string): Promise<Worker> {
  const before = await find<Worker>(tx, grant, 'WORKER', id);
  if (!endedStates.includes(before.state as ServiceState))
    throw conflict(`This service is ${before.state}: only ended ones can be removed.`);
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
