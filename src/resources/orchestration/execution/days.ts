import type { LastStatement } from '../../../db/open-transaction.ts';
import { beforeCommit, type Tx } from '../../../db/transaction.ts';
import { compareBytes } from '../../../lib/text.ts';

/** The fields of an execution that the counts by day and hour use. */
export interface Counted {
  readonly tenantId: string;
  readonly namespace: string;
  readonly startedAt: Date;
  readonly state: string;
  readonly durationMs: bigint;
}

interface Delta {
  readonly tenantId: string;
  readonly namespace: string;
  /** Hours since 1970. */
  readonly hour: number;
  readonly state: string;
  count: number;
  durationMs: bigint;
}

const hourMs = 3_600_000;
const deltas = new WeakMap<Tx, Map<string, Delta>>();

/**
 * Records a change of an execution (null: it did not exist before, or no longer does). The counts by day and hour are updated
 * at the end of the transaction, always in the same order, so that batches do not deadlock.
 */
export function recount(tx: Tx, before: Counted | null, after: Counted | null): void {
  let own = deltas.get(tx);
  if (!own) {
    own = new Map();
    deltas.set(tx, own);
    beforeCommit(tx, 'countDays', () => flush(tx));
  }
  if (before) add(own, before, -1);
  if (after) add(own, after, 1);
}

function add(own: Map<string, Delta>, { tenantId, namespace, startedAt, state, durationMs }: Counted, sign: 1 | -1) {
  const hour = Math.floor(startedAt.getTime() / hourMs);
  const key = `${tenantId} ${namespace} ${hour} ${state}`;
  const delta = own.get(key) ?? { tenantId, namespace, hour, state, count: 0, durationMs: 0n };
  delta.count += sign;
  delta.durationMs += BigInt(sign) * durationMs;
  own.set(key, delta);
}

async function flush(tx: Tx): Promise<LastStatement[]> {
  const changed = [...(deltas.get(tx) ?? [])]
    .filter(([, { count, durationMs }]) => count !== 0 || durationMs !== 0n)
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([, { hour, durationMs, ...delta }]) => ({
      ...delta,
      hour: new Date(hour * hourMs).toISOString(),
      durationMs: String(durationMs),
    }));
  if (changed.length === 0) return [];
  return [{ text: countSql, values: [JSON.stringify(changed)], isKept: true }];
}

const countSql = `
  WITH changed AS MATERIALIZED (SELECT * FROM jsonb_populate_recordset(NULL::"ExecutionHour", $1::jsonb)),
  days AS (
    INSERT INTO "ExecutionDay" AS d ("tenantId", namespace, day, state, count, "durationMs")
    SELECT "tenantId", namespace, date_trunc('day', hour, 'UTC') AS day, state, sum(count), sum("durationMs")
    FROM changed GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT ("tenantId", namespace, day, state) DO UPDATE
      SET count = d.count + excluded.count, "durationMs" = d."durationMs" + excluded."durationMs")
  INSERT INTO "ExecutionHour" AS h ("tenantId", namespace, hour, state, count, "durationMs")
  SELECT "tenantId", namespace, hour, state, count, "durationMs" FROM changed
  ON CONFLICT ("tenantId", namespace, hour, state) DO UPDATE
    SET count = h.count + excluded.count, "durationMs" = h."durationMs" + excluded."durationMs"`;
