import type { Pool } from 'pg';
import type { AccessState } from '../../access/revision.ts';
import type { PrismaClient } from '../../db/generated/client.ts';
import { statementsOf, type Tx } from '../../db/tx.ts';

/** The access state, with marks that show whether the store still has the history that this gateway knows. */
export interface StoreState extends AccessState {
  /** False if the known revision never existed in this store. */
  readonly knows?: boolean;
  /** Changes when the database server starts, and if the database or the table is replaced. */
  readonly origin?: string;
  /** Changes if the store is replaced or recovered to an earlier point in time. */
  readonly lineage?: string;
}

export const readState = async (tx: Tx): Promise<AccessState> => {
  const text = 'SELECT revision, "policySet" FROM "AccessState"';
  const [state] = await statementsOf(tx).read<AccessState>({ text, isKept: true });
  return state!;
};

const keptMs = 24 * 60 * 60_000;

/** Deletes revisions that were replaced more than a day ago. Gateways confirm their revision every few seconds. */
export async function pruneHistory(db: PrismaClient, now = Date.now()): Promise<void> {
  const before = new Date(now - keptMs);
  await db.$executeRaw`DELETE FROM "AccessHistory" WHERE revision <
    (SELECT revision FROM "AccessHistory" WHERE at < ${before} ORDER BY revision DESC LIMIT 1)`;
}

interface Row {
  readonly revision: string;
  readonly policySet: string | null;
  readonly knows: boolean;
  readonly origin: string;
  readonly tables: string;
}

const stateSql = `
  SELECT s.revision, s."policySet", d.oid || ' ' || s.tableoid AS tables,
    pg_postmaster_start_time()::text || ' ' || d.oid || ' ' || s.tableoid AS origin,
    $1::bigint IN (0, s.revision) OR $1::bigint < s.revision AND EXISTS
      (SELECT 1 FROM "AccessHistory" h WHERE h.revision = $1::bigint) AS knows
  FROM "AccessState" s, pg_database d WHERE d.datname = current_database()`;

/**
 * Every account can run these by default, but a hosted database may revoke them. The other marks then have to suffice.
 */
const lineageSql = [
  'SELECT system_identifier::text AS part FROM pg_control_system()',
  'SELECT left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS part',
];

/**
 * Returns a reader of the state. It uses the pool that requests cannot exhaust, so that a gateway can always decide.
 * Its argument is the revision known when the read begins.
 */
export function stateReader(apart: Pool): (known: bigint) => Promise<StoreState> {
  let last: { readonly origin: string; readonly lineage: string } | undefined;
  const lineageOf = async (tables: string): Promise<string> => {
    const parts = [tables];
    for (const sql of lineageSql) {
      const part = apart.query<{ part: string }>(sql).then(
        ({ rows }) => rows[0]!.part,
        () => '',
      );
      parts.push(await part);
    }
    return parts.join(' ');
  };
  return async (known) => {
    const { rows } = await apart.query<Row>(stateSql, [String(known)]);
    const { revision, policySet, knows, origin, tables } = rows[0]!;
    if (last?.origin !== origin) last = { origin, lineage: await lineageOf(tables) };
    return { revision: BigInt(revision), policySet, knows, ...last };
  };
}
