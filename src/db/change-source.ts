import type { PrismaClient } from './generated/client.ts';
import { type Tx, wakeAfterCommit } from './transaction.ts';

/** Where a reader stands: everything of a lesser transaction, and of the same one up to this id, is behind it. */
export interface Mark {
  readonly changed: bigint;
  readonly id: string;
}
/** Rows and removals are read side by side, each from its own mark. */
export interface ChangePosition {
  readonly row: Mark;
  readonly removal: Mark;
}

/** One row as it is after a change, or as it was before it was removed. Several changes of a row may come as one. */
export interface Change {
  readonly kind: 'row' | 'removal';
  readonly row: Readonly<Record<string, unknown>>;
  readonly mark: Mark;
}

/**
 * Rows that can be followed: a table with a column `changed` that holds the transaction of the last change (default on
 * insert, trigger note_change on update), and an index over the columns of `of` and `changed`.
 */
export interface ChangeSource {
  readonly model: string;
  /** Columns with their values: the rows that are followed. Empty: all of the table. */
  readonly of: Readonly<Record<string, string>>;
  /** The tenant ('' for the instance) under which the table's removals are noted; absent: they are not told. */
  readonly removals?: string;
  /** What is sent to wake the readers. */
  readonly topic: string;
}

export const changeTopic = (model: string, tenantId: string): string => `change:${model}:${tenantId}`;
/** The rows of a tenant. */
export const tenantSource = (model: string, tenantId: string): ChangeSource => ({
  model,
  of: { tenantId },
  removals: tenantId,
  topic: changeTopic(model, tenantId),
});
/** All rows of a table that belongs to the instance. */
export const instanceSource = (model: string): ChangeSource => ({
  model,
  of: {},
  removals: '',
  topic: changeTopic(model, ''),
});

/** Wakes who follows these rows, after COMMIT. Whoever changes them calls it: without, they are told at the next poll. */
export const wakeFollowers = (tx: Tx, model: string, tenantId = ''): void =>
  wakeAfterCommit(tx, changeTopic(model, tenantId));

export const isBehind = (a: Mark, b: Mark): boolean =>
  a.changed < b.changed || (a.changed === b.changed && a.id < b.id);
const maxId = '\u{10ffff}';
/** Everything below this transaction is decided and was read. */
export const before = (horizon: bigint): Mark => ({ changed: horizon - 1n, id: maxId });

export const readBatch = 200;

export interface ReadChanges {
  readonly changes: readonly Change[];
  /** Where to read on. */
  readonly position: ChangePosition;
  /** Is there nothing more at this moment? */
  readonly isComplete: boolean;
}

const horizonSql = '(SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS x) h';

/**
 * Reads on from a position. Transactions commit out of their order: only those below the oldest one that still runs are
 * read, so nothing that commits late is passed over.
 */
export async function readChanges(
  prisma: PrismaClient,
  { model, of, removals }: ChangeSource,
  { row, removal }: ChangePosition,
): Promise<ReadChanges> {
  const columns = Object.keys(of);
  const values = Object.values(of);
  const own = columns.map((column, i) => `t."${column}" = $${i + 3} AND`).join(' ');
  const rowsSql = (horizon: string) =>
    `FROM "${model}" t WHERE ${own} (t."changed", t."id") > ($1::bigint, $2) AND t."changed" < ${horizon}`;
  const next = columns.length + 3;
  const removalsSql = (first: number, horizon: string) =>
    `FROM "Removal" r WHERE r."subject" = '${model}' AND r."tenantId" = $${first + 2}
       AND (r."changed", r."id") > ($${first}::bigint, $${first + 1}) AND r."changed" < ${horizon}`;
  const watchesRemovals = removals !== undefined;
  const [found] = await prisma.$queryRawUnsafe<{ horizon: bigint; rows: boolean; removals: boolean }[]>(
    `SELECT h.x AS horizon, EXISTS (SELECT 1 ${rowsSql('h.x')}) AS rows,
       ${watchesRemovals ? `EXISTS (SELECT 1 ${removalsSql(next, 'h.x')})` : 'false'} AS removals FROM ${horizonSql}`,
    row.changed,
    row.id,
    ...values,
    ...(watchesRemovals ? [removal.changed, removal.id, removals] : []),
  );
  const { horizon } = found!;
  const rows = found!.rows
    ? await prisma.$queryRawUnsafe<Record<string, unknown>[]>(
        `SELECT t.* ${rowsSql(`$${next}::bigint`)} ORDER BY t."changed", t."id" LIMIT ${readBatch}`,
        row.changed,
        row.id,
        ...values,
        horizon,
      )
    : [];
  const gone = found!.removals
    ? await prisma.$queryRawUnsafe<Record<string, unknown>[]>(
        `SELECT r."changed" AS "~changed", r."id" AS "~id", x.* FROM
           (SELECT r.* ${removalsSql(1, '$4::bigint')} ORDER BY r."changed", r."id" LIMIT ${readBatch}) r,
           jsonb_populate_record(NULL::"${model}", r."row") x`,
        removal.changed,
        removal.id,
        removals,
        horizon,
      )
    : [];
  const changes = [
    ...rows.map(
      (one): Change => ({
        kind: 'row',
        row: one,
        mark: { changed: one['changed'] as bigint, id: one['id'] as string },
      }),
    ),
    ...gone.map(({ '~changed': changed, '~id': id, ...one }): Change => {
      return { kind: 'removal', row: one, mark: { changed: changed as bigint, id: id as string } };
    }),
  ].sort((a, b) => (isBehind(a.mark, b.mark) ? -1 : 1));
  const reached = (kind: Change['kind'], count: number) =>
    count < readBatch ? before(horizon) : changes.findLast((change) => change.kind === kind)!.mark;
  return {
    changes,
    position: { row: reached('row', rows.length), removal: reached('removal', gone.length) },
    isComplete: rows.length < readBatch && gone.length < readBatch,
  };
}
