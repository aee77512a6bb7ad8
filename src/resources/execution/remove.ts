import type { Tx } from '../../db/transaction.ts';
import { type Counted, recount } from './days.ts';

/** Removes executions with all that belongs to them, for who has already decided. Nobody can add to them meanwhile. */
export async function removeExecutions(
  tx: Tx,
  executions: readonly (Counted & { readonly id: string })[],
): Promise<void> {
  if (executions.length === 0) return;
  const ids = executions.map(({ id }) => id);
  // Who reports of them holds them so that they stay.
  await tx.$executeRaw`SELECT 1 FROM "Execution" WHERE id = ANY(${ids}) ORDER BY id FOR UPDATE`;
  await tx.$executeRaw`DELETE FROM "TaskRun" WHERE "executionKey" = ANY(${ids})`;
  await tx.$executeRaw`DELETE FROM "LogEntry" WHERE "executionKey" = ANY(${ids})`;
  await tx.$executeRaw`DELETE FROM "Metric" WHERE "executionKey" = ANY(${ids})`;
  await tx.$executeRaw`DELETE FROM "Execution" WHERE id = ANY(${ids})`;
  for (const execution of executions) recount(tx, execution, null);
}
