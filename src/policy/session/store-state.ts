import type { Pool } from 'pg';
import type { AccessState } from '../../access/revision.ts';
import type { PrismaClient } from '../../db/generated/client.ts';
import type { Tx } from '../../db/transaction.ts';

/** The state, with what tells whether the store is still of the history that this gateway knows. */
export interface StoreState extends AccessState {
  /** False: the revision that was known before the read was never one of this store. */
  readonly knows?: boolean;
  /** Changes with each start of the server, and where the database or the table is another. */
  readonly origin?: string;
  /** Changes where the store is another, or where a server went on from an earlier point in time. */
  readonly lineage?: string;
}

export const readState = async (db: PrismaClient | Tx): Promise<AccessState> => {
  const rows = await db.$queryRaw<AccessState[]>`SELECT revision, "policySet" FROM "AccessState"`;
  return rows[0]!;
};

const keptMs = 24 * 60 * 60_000;

/** Forgets the revisions that were followed by another a day ago: a gateway confirms what it knows every few seconds. */
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

/** Both are everybody's to ask, but a hosted database may have taken them away: then the rest has to tell. */
const lineageSql = [
  'SELECT system_identifier::text AS part FROM pg_control_system()',
  'SELECT left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS part',
];

/**
 * Reads the state over the connections that requests cannot use up: a full pool must not keep a gateway from deciding.
 * The reader takes the revision that was known when it is asked.
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
