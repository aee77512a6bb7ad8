import { createHash } from 'node:crypto';
import pg from 'pg';
import type { PrismaClient } from '../generated/client.ts';
import type { Tx } from '../transaction.ts';
import type { Condition } from './condition.ts';
import {
  countByParents,
  countRows,
  type Names,
  parentColumn,
  type Selection,
  type Statement,
  selectByNames,
  selectPages,
  selectRows,
} from './select.ts';

/** A stored row, with the types of Prisma. */
export type Row = Readonly<Record<string, unknown>>;
type Run = (statement: Statement) => Promise<Row[]>;

/**
 * Reads rows with one statement each, without Prisma's query engine. The only way in which connections, loaders and
 * `node` read.
 */
export class Rows {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  find(selection: Selection): Promise<Row[]> {
    return this.#run(selectRows(selection));
  }

  /** The first row, or undefined. */
  async first(model: string, where: Condition, columns?: readonly string[]): Promise<Row | undefined> {
    const [row] = await this.find({ model, where, columns, take: 1 });
    return row;
  }

  byNames(selection: Selection, names: readonly Names[]): Promise<Row[]> {
    return this.#run(selectByNames(selection, names));
  }

  /** The rows of each parent, in the order of the parents. */
  async pages(selection: Selection, parents: readonly Names[]): Promise<Row[][]> {
    const [only] = parents;
    // Without a table of parents, the planner knows the values.
    if (parents.length === 1) return [await this.find({ ...selection, where: { AND: [only!, selection.where] } })];
    const pages: Row[][] = parents.map(() => []);
    for (const { [parentColumn]: number, ...row } of await this.#run(selectPages(selection, parents)))
      pages[Number(number) - 1]!.push(row);
    return pages;
  }

  /** The number of rows of each parent, in the order of the parents. */
  async counts(selection: Selection, parents: readonly Names[]): Promise<number[]> {
    const [only] = parents;
    if (parents.length === 1) return [await this.count({ ...selection, where: { AND: [only!, selection.where] } })];
    const counts = parents.map(() => 0);
    for (const row of await this.#run(countByParents(selection, parents)))
      counts[Number(row[parentColumn]) - 1] = Number(row['count']);
    return counts;
  }

  async count(selection: Selection): Promise<number> {
    const [row] = await this.#run(countRows(selection));
    return Number(row!['count']);
  }
}

const known = new WeakMap<object, Rows>();

/** The reader of a client. Within a transaction, it reads what the transaction has written. */
export function rowsOf(db: PrismaClient | Tx): Rows {
  let rows = known.get(db);
  if (!rows) {
    rows = new Rows(({ text, values }) => db.$queryRawUnsafe(text, ...values));
    known.set(db, rows);
  }
  return rows;
}

/** Has a client read through the pool of the driver. */
export function readThrough(prisma: PrismaClient, pool: pg.Pool): void {
  known.set(
    prisma,
    new Rows(async ({ text, values, isKept }) => {
      const { rows } = await pool.query({
        text,
        values: values as unknown[],
        types,
        ...(isKept && { name: nameOf(text) }),
      });
      return rows as Row[];
    }),
  );
}

const names = new Map<string, string>();
/** Kept statements differ by model, key, columns, order and the form of the reach only. */
const maxNames = 300;

/** Name under which the database keeps a statement; undefined if it keeps enough of them. */
function nameOf(text: string): string | undefined {
  let name = names.get(text);
  if (name === undefined && names.size < maxNames) {
    name = `k${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
    names.set(text, name);
  }
  return name;
}

const int8 = 20;
const timestamptz = 1184;
/** Reads values as Prisma does. Sessions are in UTC, so times end with `+00`. Years have four digits, with few exceptions. */
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  [int8]: BigInt,
  [timestamptz]: (text) =>
    text[4] === '-' ? new Date(`${text.slice(0, 10)}T${text.slice(11)}:00`) : pg.types.getTypeParser(timestamptz)(text),
};
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    (format !== 'binary' && parsers[oid]) ||
    (pg.types.getTypeParser(oid, format as 'text') as (text: string) => unknown),
} as pg.CustomTypesConfig;
