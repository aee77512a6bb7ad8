import type { Where } from '../../../access/where.ts';
import { wakeFollowers } from '../../../db/change-source.ts';
import type { Trigger, Worker, WorkerGroup } from '../../../db/generated/client.ts';
import { Prisma } from '../../../db/generated/client.ts';
import { rowsOf } from '../../../db/rows/rows.ts';
import type { Tx } from '../../../db/transaction.ts';
import { toSql } from '../../../policy/filter/portable.ts';
import { isNotHeld } from '../kill-switch/active.ts';
import { runningStates } from '../worker/states.ts';
import { allows } from '../worker-group/allowed.ts';
import { lastUpTo, nextAfter } from './cron.ts';
import { recoveryOf, scheduleOf } from './due.ts';

/** The tenant and filter of a grant to claim. */
export interface ClaimScope {
  readonly tenantId: string;
  readonly where: Where;
}
export interface ClaimedTrigger {
  readonly trigger: Trigger;
  /** The due date. */
  readonly dueAt: Date;
  /** FAIL or CANCEL if its group has no worker: end it instead of evaluating it. Otherwise null. */
  readonly fallback: string | null;
}

/** Condition of due triggers, as in the index "Trigger_due". */
const isDue = (alias: string) =>
  `NOT ${alias}.disabled AND NOT ${alias}."flowDisabled" AND ${alias}."executionId" IS NULL
   AND ${alias}."evaluationStartedAt" IS NULL AND ${alias}."nextExecutionAt" <= now()`;
const isClaimable = (alias: string) => `${isDue(alias)} AND ${isNotHeld(alias)}`;

/**
 * Claims due triggers in the order of their dates, each for one claimer. The claimer holds them until it reports, is
 * gone, or a user unlocks them. `sequence` counts the claims, so that an outdated report is detected.
 * @param group key of the claimer's worker group, '' for none.
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

/** Condition on the triggers of a claim. It adds its values to the parameters. */
type Among = (params: unknown[]) => string;

const inGroup =
  (group: string): Among =>
  (params) =>
    `t."workerGroup" = $${params.push(group)}`;

/** Triggers of groups without a worker that must not wait: a service without a group ends them. */
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

/** The keys of the groups that serve a tenant. */
const serving = (groups: readonly LiveGroup[], tenantId: string): string[] =>
  groups.filter((group) => allows(group, tenantId)).map(({ key }) => key);

/** The tenants in which a trigger is due: one index lookup each. */
async function withDue(tx: Tx, scopes: readonly ClaimScope[], group: string): Promise<ReadonlySet<string>> {
  if (scopes.length === 1) return new Set([scopes[0]!.tenantId]);
  const ids = scopes.map(({ tenantId }) => tenantId);
  const rows = await tx.$queryRawUnsafe<{ id: string }[]>(
    // The column name must not exist in "Trigger", or it would refer to the inner table.
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
       WHERE t."tenantId" = $2 AND ${among(params)} AND ${isClaimable('t')} AND ${toSql(where, 't', params)}
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
 * Dates that were not claimed in time. A schedule that recovers the last one is moved to it. A schedule that recovers
 * none is moved to its next date.
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
      await rowsOf(tx).update('Trigger', trigger.id, { nextExecutionAt: last });
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

/** Releases the claims of services that are gone, so that others can claim them. Later reports are outdated. */
export async function releaseClaims(tx: Tx, serviceIds: readonly string[]): Promise<number> {
  return tx.$executeRaw(Prisma.sql`
    UPDATE "Trigger" SET "evaluationStartedAt" = NULL, "workerId" = NULL, sequence = sequence + 1
    WHERE "workerId" = ANY(${[...serviceIds]})`);
}
