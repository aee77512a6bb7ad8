import type { Grant } from '../../../access/grant.ts';
import { fieldsOf } from '../../../access/where.ts';
import type { Command } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { toSql } from '../../../policy/filter/portable.ts';

/** A command with whether it was given before, to somebody who has not acknowledged it in time. */
export interface ClaimedCommand extends Command {
  readonly repeated: boolean;
}

/** The columns that a command has as its execution has them. */
const shared = new Set(['tenantId', 'namespace', 'flowId', 'executionId']);

/**
 * The filter over executions, as one over commands: what it says of other columns is asked of the execution. One that
 * is gone is reached by nothing that speaks of those.
 */
function overCommands({ where }: Grant, alias: string, params: unknown[]): string {
  if ([...fieldsOf(where)].every((field) => shared.has(field))) return toSql(where, alias, params);
  return `EXISTS (SELECT 1 FROM "Execution" e WHERE e."tenantId" = ${alias}."tenantId"
    AND e."executionId" = ${alias}."executionId" AND ${toSql(where, 'e', params)})`;
}

/**
 * Gives waiting commands to a service, each to one claimer, the oldest first; those that another claimer took and has
 * not acknowledged for so many seconds, once more.
 * @param grants one for each tenant whose commands may be given.
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
       WHERE c.state <> 'DONE' AND (c.state = 'WAITING' OR c."takenAt" < $3) AND (${reach.join(' OR ')})
       ORDER BY c.id LIMIT $4 FOR UPDATE SKIP LOCKED) taken
     WHERE t.id = taken.id RETURNING t.*, taken.state = 'TAKEN' AS repeated`,
    ...params,
  );
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Ends commands that an engine says are done, as far as it reaches them. @returns the ids of those. */
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

/** Ends all commands about executions that are deleted. That of their deletion is what is remembered of them. */
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

/** Forgets commands that were done a month ago: reports of what they deleted are not late any more. */
export async function pruneCommands(tx: Pick<Tx, '$executeRaw'>, now = Date.now()): Promise<void> {
  const oldest = new Date(now - doneKeptMs);
  await tx.$executeRaw`
    DELETE FROM "Command" WHERE id IN (SELECT id FROM "Command" WHERE "doneAt" < ${oldest} LIMIT 5000)`;
}
