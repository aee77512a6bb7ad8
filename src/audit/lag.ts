import type pg from 'pg';

const firstAfter = (place: string) =>
  `(SELECT e.at FROM "AuditEvent" e WHERE ${place} ORDER BY e.transaction, e.ordinal LIMIT 1)`;
const age = (at: string) => `GREATEST(0, COALESCE(extract(epoch FROM now() - ${at}), 0))::float8`;

/**
 * Age in seconds of the oldest committed event that readers across all chains cannot read yet, because an older transaction
 * is open on the server. 0 if they can read all.
 */
export async function oldestUnread(pool: pg.Pool): Promise<number> {
  const place = `e.transaction >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint + (SELECT "transactionOffset" FROM "AccessState")`;
  const { rows } = await pool.query<{ seconds: number }>(`SELECT ${age(firstAfter(place))} AS seconds`);
  return rows[0]!.seconds;
}

/** Age in seconds of the oldest event after the position of each destination. 0 if all are shipped. */
export async function oldestUnshipped(
  pool: pg.Pool,
  destinations: readonly string[],
): Promise<{ name: string; seconds: number }[]> {
  const place = '(e.transaction, e.ordinal) > (s.transaction, s.ordinal)';
  const { rows } = await pool.query<{ name: string; seconds: number }>(
    `SELECT s.name, ${age(firstAfter(place))} AS seconds FROM "AuditShipping" s WHERE s.name = ANY($1)`,
    [destinations],
  );
  return rows;
}
