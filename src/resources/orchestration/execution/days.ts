import type { LastStatement } from '../../../db/open-transaction.ts';
import { beforeCommit, type Tx } from '../../../db/transaction.ts';
import { compareBytes } from '../../../lib/text.ts';

/** The fields of an execution that the counts by day use. */
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
  /** Days since 1970, in UTC. */
  readonly day: number;
  readonly state: string;
  count: number;
  durationMs: bigint;
}

const dayMs = 86_400_000;
const deltas = new WeakMap<Tx, Map<string, Delta>>();

/**
 * Records a change of an execution (null: it did not exist before, or no longer does). The counts by day are updated at
 * the end of the transaction, always in the same order, so that batches do not deadlock.
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
  const day = Math.floor(startedAt.getTime() / dayMs);
  const key = `${tenantId} ${namespace} ${day} ${state}`;
  const delta = own.get(key) ?? { tenantId, namespace, day, state, count: 0, durationMs: 0n };
  delta.count += sign;
  delta.durationMs += BigInt(sign) * durationMs;
  own.set(key, delta);
}

async function flush(tx: Tx): Promise<LastStatement[]> {
  const changed = [...(deltas.get(tx) ?? [])]
    .filter(([, { count, durationMs }]) => count !== 0 || durationMs !== 0n)
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([, { day, durationMs, ...delta }]) => ({
      ...delta,
      day: new Date(day * dayMs).toISOString(),
      durationMs: String(durationMs),
    }));
  if (changed.length === 0) return [];
  return [{ text: countSql, values: [JSON.stringify(changed)], isKept: true }];
}

const countSql = `
  INSERT INTO "ExecutionDay" AS d ("tenantId", namespace, day, state, count, "durationMs")
  SELECT "tenantId", namespace, day, state, count, "durationMs"
  FROM jsonb_populate_recordset(NULL::"ExecutionDay", $1::jsonb)
  ON CONFLICT ("tenantId", namespace, day, state) DO UPDATE
    SET count = d.count + excluded.count, "durationMs" = d."durationMs" + excluded."durationMs"`;
