import type { Execution, Tenant } from '../../../db/generated/client.ts';
import { inTransaction, type Store } from '../../../db/transaction.ts';
import { asSystem } from '../../../policy/session/system.ts';
import { ask } from '../execution/commands.ts';
import { executionStates, isEnd } from '../execution/states.ts';
import { isKilled } from './active.ts';

const lockKey = 7_301_006;
const batch = 200;
const running = executionStates.filter((state) => !isEnd(state) && state !== 'KILLING');
const reason = 'a kill switch';

/** True if a kill switch that kills is active. */
const anyActive = `SELECT FROM "KillSwitch"
  WHERE behavior = 'KILL' AND "startsAt" <= now() AND ("endsAt" IS NULL OR "endsAt" > now()) LIMIT 1`;

/** Executions to kill, without those that an engine was asked to kill within a minute. */
const toKill = `SELECT e.* FROM "Execution" e
  WHERE e.state = ANY($1) AND NOT e."deletionAsked" AND ${isKilled('e')}
    AND NOT EXISTS (
      SELECT FROM "Command" c WHERE c."tenantId" = e."tenantId" AND c."executionId" = e."executionId" AND c.kind = 'KILL'
        AND (c.state <> 'DONE' OR c."doneAt" > now() - interval '1 minute'))
  ORDER BY e.id LIMIT ${batch} FOR NO KEY UPDATE OF e SKIP LOCKED`;

/**
 * Asks the engines to kill the executions that active kill switches cover, in batches. One gateway at a time does.
 * @returns the number of executions.
 */
export async function killCovered(store: Store): Promise<number> {
  if ((await store.prisma.$queryRawUnsafe<unknown[]>(anyActive)).length === 0) return 0;
  let total = 0;
  for (;;) {
    const found = await inTransaction(store, async (tx) => {
      const [lock] = await tx.$queryRaw<{ held: boolean }[]>`SELECT pg_try_advisory_xact_lock(${lockKey}) AS held`;
      if (!lock!.held) return 0;
      const executions = await tx.$queryRawUnsafe<Execution[]>(toKill, running);
      const ids = [...new Set(executions.map(({ tenantId }) => tenantId))];
      const tenants = new Map((await tx.tenant.findMany({ where: { id: { in: ids } } })).map((one) => [one.id, one]));
      for (const execution of executions) {
        const tenant = tenants.get(execution.tenantId) as Tenant;
        await ask(tx, asSystem('EXECUTION:UPDATE', reason, tenant.id), tenant, execution, 'KILL');
      }
      return executions.length;
    });
    total += found;
    if (found < batch) return total;
  }
}
