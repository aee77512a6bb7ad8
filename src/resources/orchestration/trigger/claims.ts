import type { Where } from '../../../access/where.ts';
import { wakeFollowers } from '../../../db/change-source.ts';
import type { Trigger, Worker, WorkerGroup } from '../../../db/generated/client.ts';
import { Prisma } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { toSql } from '../../../policy/filter/portable.ts';
import { runningStates } from '../worker/states.ts';
import { allows } from '../worker-group/allowed.ts';
import { lastUpTo, nextAfter } from './cron.ts';
import { recoveryOf, scheduleOf } from './due.ts';

/** Where somebody may claim: what their grant there reaches. */
export interface ClaimScope {
  readonly tenantId: string;
  readonly where: Where;
}
export interface ClaimedTrigger {
  readonly trigger: Trigger;
  /** The date that it is due for. */
  readonly dueAt: Date;
  /** FAIL or CANCEL: its group has no worker, so it is to be ended and not evaluated. Null: to be evaluated. */
  readonly fallback: string | null;
}

/** What a claim looks for: the condition of the index "Trigger_due". */
const isDue = (alias: string) =>
  `NOT ${alias}.disabled AND NOT ${alias}."flowDisabled" AND ${alias}."executionId" IS NULL
   AND ${alias}."evaluationStartedAt" IS NULL AND ${alias}."nextExecutionAt" <= now()`;

/**
 * Takes triggers that are due, each for one claimer only, in the order of their dates. The claimer holds them until it
 * reports, loses its life, or somebody unlocks them; `sequence` counts the claims, so that a report of an earlier one
 * is known.
 * @param group key of the claimer's worker group; '' : none.
 */
export async function claimTriggers(
  tx: Tx,
  { serviceId }: Pick<Worker, 'serviceId'>,
  group: string,
  scopes: readonly ClaimScope[],
  limit: number,
): Promise<ClaimedTrigger[]> {
  const tenants = await withDue(tx, scopes, group);
  const claimed: ClaimedTrigger[] = [];
  for (const scope of scopes) {
    if (!tenants.has(scope.tenantId) || claimed.length >= limit) continue;
    claimed.push(...(await claimIn(tx, serviceId, inGroup(group), scope, limit - claimed.length)));
  }
  if (group !== '' || claimed.length >= limit) return claimed;
  const live = await liveGroups(tx);
  for (const scope of scopes) {
    if (claimed.length >= limit) break;
    const among = stranded(serving(live, scope.tenantId));
    const part = await claimIn(tx, serviceId, among, scope, limit - claimed.length);
    claimed.push(...part.map((one) => ({ ...one, fallback: one.trigger.workerGroupFallback })));
  }
  return claimed;
}

/** Which triggers a claim is for: a condition, which adds its values to those of the statement. */
type Among = (params: unknown[]) => string;

const inGroup =
  (group: string): Among =>
  (params) =>
    `t."workerGroup" = $${params.push(group)}`;

/** Those of groups without any worker that are not to wait for one: whoever has no group tells the engine to end them. */
const stranded =
  (live: readonly string[]): Among =>
  (params) =>
    `t."workerGroup" <> '' AND t."workerGroup" <> ALL($${params.push([...live])})
     AND t."workerGroupFallback" IN ('FAIL', 'CANCEL')`;

type LiveGroup = Pick<WorkerGroup, 'key' | 'allowedTenants'>;

/** The groups that have a worker. */
const liveGroups = (tx: Tx): Promise<LiveGroup[]> => tx.$queryRaw<LiveGroup[]>`
  SELECT key, "allowedTenants" FROM "WorkerGroup" g
  WHERE EXISTS (SELECT 1 FROM "Worker" w WHERE w."groupId" = g.id AND w.state = ANY(${[...runningStates]}))`;

/** The keys of those that take a tenant's work. */
const serving = (groups: readonly LiveGroup[], tenantId: string): string[] =>
  groups.filter((group) => allows(group, tenantId)).map(({ key }) => key);

/** Of the tenants, those where something is due: one look into the index each. */
async function withDue(tx: Tx, scopes: readonly ClaimScope[], group: string): Promise<ReadonlySet<string>> {
  if (scopes.length === 1) return new Set([scopes[0]!.tenantId]);
  const ids = scopes.map(({ tenantId }) => tenantId);
  const rows = await tx.$queryRawUnsafe<{ id: string }[]>(
    // The name of the column must be none of "Trigger": the inner one would be taken.
    `SELECT asked.tenant AS id FROM unnest($1::text[]) AS asked(tenant) WHERE EXISTS (
       SELECT 1 FROM "Trigger" t WHERE t."tenantId" = asked.tenant AND t."workerGroup" = $2 AND ${isDue('t')})`,
    ids,
    group,
  );
  return new Set(rows.map(({ id }) => id));
}

async function claimIn(
  tx: Tx,
  serviceId: string,
  among: Among,
  { tenantId, where }: ClaimScope,
  limit: number,
): Promise<ClaimedTrigger[]> {
  const params: unknown[] = [serviceId, tenantId, limit];
  const rows = await tx.$queryRawUnsafe<Trigger[]>(
    `WITH due AS MATERIALIZED (
       SELECT t.id FROM "Trigger" t
       WHERE t."tenantId" = $2 AND ${among(params)} AND ${isDue('t')} AND ${toSql(where, 't', params)}
       ORDER BY t."nextExecutionAt" LIMIT $3 FOR UPDATE SKIP LOCKED)
     UPDATE "Trigger" t SET "evaluationStartedAt" = now(), "workerId" = $1, sequence = t.sequence + 1
     FROM due WHERE t.id = due.id RETURNING t.*`,
    ...params,
  );
  if (rows.length > 0) wakeFollowers(tx, 'Trigger', tenantId);
  const claimed = rows
    .map((trigger) => ({ trigger, dueAt: trigger.nextExecutionAt!, fallback: null }))
    .sort((a, b) => a.dueAt.getTime() - b.dueAt.getTime());
  return missedOnes(tx, claimed);
}

/**
 * Dates that nobody claimed in time: a schedule that makes up for the last one only is moved on to it, one that makes up
 * for none is put back until its next date.
 */
async function missedOnes(tx: Tx, claimed: readonly ClaimedTrigger[]): Promise<ClaimedTrigger[]> {
  const now = new Date();
  const kept: ClaimedTrigger[] = [];
  for (const one of claimed) {
    const { trigger, dueAt } = one;
    const recovery = recoveryOf(trigger);
    if (trigger.kind !== 'SCHEDULE' || trigger.backfill || recovery === 'ALL') {
      kept.push(one);
      continue;
    }
    const schedule = scheduleOf(trigger);
    const next = nextAfter(schedule, dueAt);
    if (!next || next > now) kept.push(one);
    else if (recovery === 'LAST') {
      const last = lastUpTo(schedule, now) ?? dueAt;
      await tx.trigger.update({ where: { id: trigger.id }, data: { nextExecutionAt: last } });
      kept.push({ ...one, trigger: { ...trigger, nextExecutionAt: last }, dueAt: last });
    } else {
      const nextExecutionAt = nextAfter(schedule, now) ?? null;
      await tx.trigger.update({
        where: { id: trigger.id },
        data: { nextExecutionAt, evaluationStartedAt: null, workerId: null },
      });
    }
  }
  return kept;
}

/** Workers that are gone let go of what they evaluated: others claim it. What they report later is out of date. */
export async function releaseClaims(tx: Tx, serviceIds: readonly string[]): Promise<number> {
  return tx.$executeRaw(Prisma.sql`
    UPDATE "Trigger" SET "evaluationStartedAt" = NULL, "workerId" = NULL, sequence = sequence + 1
    WHERE "workerId" = ANY(${[...serviceIds]})`);
}
