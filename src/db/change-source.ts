import type { PrismaClient } from './generated/client.ts';
import { batch, type Read } from './tail.ts';
import { type Tx, wakeAfterCommit } from './transaction.ts';

/** Position of a reader: it has read everything of earlier transactions, and of the same one up to this ID. */
export interface Mark {
  readonly changed: bigint;
  readonly id: string;
}
/** Positions in rows and in removals, which are read separately. */
export interface ChangePosition {
  readonly row: Mark;
  readonly removal: Mark;
}

/** A row after a change, or before its removal. Several changes of a row may be combined. */
export interface Change {
  readonly kind: 'row' | 'removal';
  readonly row: Readonly<Record<string, unknown>>;
  readonly mark: Mark;
}

/**
 * Rows that can be followed. Their table has a column `changed` with the transaction of the last change (default on
 * insert, trigger note_change on update), and an index over the columns of `of` and `changed`.
 */
export interface ChangeSource {
  readonly model: string;
  /** Columns and values of the followed rows. Empty for the whole table. */
  readonly of: Readonly<Record<string, string>>;
  /** The tenant ('' for the instance) of the table's removals. Omit if removals are not reported. */
  readonly removals?: string;
  /** Topic that notifies the readers. */
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

/**
 * Notifies the followers of these rows after COMMIT. Every writer calls it. Otherwise they notice changes at the next
 * poll.
 */
export const wakeFollowers = (tx: Tx, model: string, tenantId = ''): void =>
  wakeAfterCommit(tx, changeTopic(model, tenantId));

export const isBehind = (a: Mark, b: Mark): boolean =>
  a.changed < b.changed || (a.changed === b.changed && a.id < b.id);
const maxId = '\u{10ffff}';
/** The position before this transaction. All earlier transactions are decided and read. */
export const before = (horizon: bigint): Mark => ({ changed: horizon - 1n, id: maxId });

const horizonSql = '(SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS x) h';

/**
 * Reads changes after a position. Transactions commit out of order, so only those below the oldest running transaction
 * are read: no late commit is skipped.
 */
export async function readChanges(
  prisma: PrismaClient,
  { model, of, removals }: ChangeSource,
  { row, removal }: ChangePosition,
): Promise<Read<Change, ChangePosition>> {
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
        `SELECT t.* ${rowsSql(`$${next}::bigint`)} ORDER BY t."changed", t."id" LIMIT ${batch}`,
        row.changed,
        row.id,
        ...values,
        horizon,
      )
    : [];
  const gone = found!.removals
    ? await prisma.$queryRawUnsafe<Record<string, unknown>[]>(
        `SELECT r."changed" AS "~changed", r."id" AS "~id", x.* FROM
           (SELECT r.* ${removalsSql(1, '$4::bigint')} ORDER BY r."changed", r."id" LIMIT ${batch}) r,
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
    count < batch ? before(horizon) : changes.findLast((change) => change.kind === kind)!.mark;
  return {
    items: changes,
    position: { row: reached('row', rows.length), removal: reached('removal', gone.length) },
    isComplete: rows.length < batch && gone.length < batch,
  };
}
