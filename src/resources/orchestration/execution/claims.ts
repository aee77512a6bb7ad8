import type { Grant } from '../../../access/grant.ts';
import { fieldsOf } from '../../../access/where.ts';
import type { Command } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { toSql } from '../../../policy/filter/portable.ts';
import { isNotHeldCommand } from '../kill-switch/active.ts';

/** A command; `repeated` if it was claimed before and not acknowledged in time. */
export interface ClaimedCommand extends Command {
  readonly repeated: boolean;
}

/** Columns that commands share with executions. */
const shared = new Set(['tenantId', 'namespace', 'flowId', 'executionId']);

/**
 * Converts a filter over executions into one over commands. Conditions on other columns are applied to the execution,
 * so they do not match the command of a deleted execution.
 */
function overCommands({ where }: Grant, alias: string, params: unknown[]): string {
  if ([...fieldsOf(where)].every((field) => shared.has(field))) return toSql(where, alias, params);
  return `EXISTS (SELECT 1 FROM "Execution" e WHERE e."tenantId" = ${alias}."tenantId"
    AND e."executionId" = ${alias}."executionId" AND ${toSql(where, 'e', params)})`;
}

/**
 * Claims waiting commands for a service, oldest first, each for one claimer. Commands that another claimer has not
 * acknowledged for the given number of seconds are claimed again.
 * @param grants one for each tenant whose commands can be claimed.
 */
export async function claimCommands(
  tx: Tx,
  grants: readonly Grant<'EXECUTION:UPDATE'>[],
  serviceId: string,
  limit: number,
  repeatSeconds: number,
): Promise<ClaimedCommand[]> {
  if (grants.length === 0) return [];
  const now = new Date();
  const params: unknown[] = [serviceId, now, new Date(now.getTime() - repeatSeconds * 1_000), limit];
  const reach = grants.map((grant) => {
    const tenant = `c."tenantId" = $${params.push(grant.tenantId)}`;
    return `(${tenant} AND ${overCommands(grant, 'c', params)})`;
  });
  const rows = await tx.$queryRawUnsafe<ClaimedCommand[]>(
    `UPDATE "Command" t SET state = 'TAKEN', "takenBy" = $1, "takenAt" = $2
     FROM (SELECT c.id, c.state FROM "Command" c
       WHERE c.state <> 'DONE' AND (c.state = 'WAITING' OR c."takenAt" < $3) AND ${isNotHeldCommand('c')} AND (${reach.join(' OR ')})
       ORDER BY c.id LIMIT $4 FOR UPDATE SKIP LOCKED) taken
     WHERE t.id = taken.id RETURNING t.*, taken.state = 'TAKEN' AS repeated`,
    ...params,
  );
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Marks commands as done if they are within the engine's reach. @returns their IDs. */
export async function acknowledgeCommands(
  tx: Tx,
  grant: Grant<'EXECUTION:UPDATE'>,
  tenantId: string,
  ids: readonly string[],
): Promise<string[]> {
  if (ids.length === 0) return [];
  const params: unknown[] = [tenantId, ids, new Date()];
  const rows = await tx.$queryRawUnsafe<{ id: string }[]>(
    `UPDATE "Command" c SET state = 'DONE', "doneAt" = $3
     WHERE c."tenantId" = $1 AND c.id = ANY($2) AND c.state = 'TAKEN' AND ${overCommands(grant, 'c', params)}
     RETURNING c.id`,
    ...params,
  );
  return rows.map(({ id }) => id);
}

/** Marks all commands about deleted executions as done. The delete commands are kept as a record of the deletion. */
export async function endCommands(
  tx: Tx,
  tenantId: string,
  executions: readonly { readonly executionId: string }[],
): Promise<void> {
  if (executions.length === 0) return;
  const executionId = { in: executions.map((one) => one.executionId) };
  await tx.command.updateMany({
    where: { tenantId, executionId, state: { not: 'DONE' } },
    data: { state: 'DONE', doneAt: new Date() },
  });
}

const doneKeptMs = 30 * 24 * 60 * 60_000;

/** Deletes commands that were done a month ago. Late reports of deleted executions are no longer expected. */
export async function pruneCommands(tx: Pick<Tx, '$executeRaw'>, now = Date.now()): Promise<void> {
  const oldest = new Date(now - doneKeptMs);
  await tx.$executeRaw`
    DELETE FROM "Command" WHERE id IN (SELECT id FROM "Command" WHERE "doneAt" < ${oldest} LIMIT 5000)`;
}
