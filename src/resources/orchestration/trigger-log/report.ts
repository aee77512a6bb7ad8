import type { Grant } from '../../../access/grant.ts';
import type { Flow } from '../../../db/generated/client.ts';
import { inTransaction, type Store, type Tx } from '../../../db/transaction.ts';
import { badInput, type GatehouseError, notFound } from '../../../errors.ts';
import { unreadable } from '../../../graphql/mutation/unreadable-input.ts';
import { newId } from '../../../lib/ids.ts';
import { answer, applied, ignored, outOfReach, type ReportResult } from '../execution/report-items.ts';
import { type LogLevel, levelNumber } from '../execution/states.ts';

export interface TriggerLogReport {
  readonly namespaceName: string;
  readonly flowId: string;
  readonly triggerId?: string | null | undefined;
  readonly sequence: bigint;
  readonly at: Date;
  readonly level: LogLevel;
  readonly message: string;
}

const maxSequence = 9_223_372_036_854_775_807n;

function fault({ sequence, message, triggerId }: TriggerLogReport): { at: string; message: string } | undefined {
  if (sequence < 0n || sequence > maxSequence)
    return { at: 'sequence', message: 'A sequence must be a whole number of 0 or more.' };
  if (message.length > 100_000) return { at: 'message', message: 'A message can have at most 100,000 characters.' };
  if (triggerId != null && (triggerId === '' || triggerId.length > 256))
    return { at: 'triggerId', message: 'An ID must have 1 to 256 characters.' };
  return undefined;
}

type Place = Pick<Flow, 'namespace' | 'flowId'>;
const keyOf = ({ namespace, flowId }: Place): string => `${namespace}/${flowId}`;

/** The flows that the entries name, locked against deletion. */
async function flowsOf(tx: Tx, tenantId: string, reports: readonly TriggerLogReport[]): Promise<Map<string, Place>> {
  const rows = await tx.$queryRaw<Place[]>`
    SELECT f.namespace, f."flowId" FROM "Flow" f
    JOIN (SELECT DISTINCT * FROM unnest(
        ${reports.map(({ namespaceName }) => namespaceName)}::text[], ${reports.map(({ flowId }) => flowId)}::text[]
      ) AS s (namespace, "flowId")) s USING (namespace, "flowId")
    WHERE f."tenantId" = ${tenantId} ORDER BY f.id FOR KEY SHARE OF f`;
  return new Map(rows.map((row) => [keyOf(row), row]));
}

/** Stores log entries, each once by its trigger and sequence. Each is accepted or refused independently. */
export async function reportTriggerLogs(
  tx: Tx,
  {
    tenantId,
    updating,
    refusals,
  }: {
    readonly tenantId: string;
    readonly updating: Grant<'TRIGGER:UPDATE'>;
    readonly refusals: GatehouseError[];
  },
  reports: readonly TriggerLogReport[],
): Promise<readonly ReportResult[]> {
  const flows = await flowsOf(tx, tenantId, reports);
  const rows: { id: string; item: number }[] = [];
  const results: ReportResult[] = [];
  for (const [item, report] of reports.entries()) {
    const result = await answer(refusals, () => {
      const unread = unreadable(report);
      if (unread) throw unread;
      const wrong = fault(report);
      if (wrong) throw badInput(['input', 'logs', item, wrong.at], wrong.message);
      const { namespaceName: namespace, flowId, triggerId, sequence, at, level, message } = report;
      if (!flows.has(keyOf({ namespace, flowId }))) throw notFound('The flow');
      const place = { tenantId, namespace, flowId, triggerId: triggerId ?? '' };
      if (!updating.matches(place)) throw outOfReach(updating, place, 'The flow');
      const stored = { sequence: String(sequence), at: at.toISOString(), level: levelNumber(level), message };
      rows.push({ id: newId(), item, ...place, ...stored } as { id: string; item: number });
      return ignored;
    });
    results.push(result);
  }
  if (rows.length === 0) return results;
  const columns = 'id, "tenantId", namespace, "flowId", "triggerId", sequence, level, at, message';
  const added = await tx.$queryRawUnsafe<{ id: string }[]>(
    `INSERT INTO "TriggerLog" (${columns})
     SELECT ${columns} FROM jsonb_populate_recordset(NULL::"TriggerLog", $1::jsonb)
     ORDER BY namespace, "flowId", "triggerId", sequence ON CONFLICT DO NOTHING RETURNING id`,
    JSON.stringify(rows),
  );
  const stored = new Set(added.map(({ id }) => id));
  for (const { id, item } of rows) if (stored.has(id)) results[item] = applied;
  return results;
}

const batch = 5_000;
const dayMs = 86_400_000;

/** Deletes entries that are older than the given number of days, in batches. */
export async function purgeTriggerLogs(store: Store, keepDays: number, now = Date.now()): Promise<number> {
  const before = new Date(now - keepDays * dayMs);
  let total = 0;
  for (;;) {
    const deleted = await inTransaction(
      store,
      (tx) => tx.$executeRaw`
        DELETE FROM "TriggerLog" WHERE id IN (SELECT id FROM "TriggerLog" WHERE at < ${before} LIMIT ${batch})`,
    );
    total += deleted;
    if (deleted < batch) return total;
  }
}
