import { LRUCache } from 'lru-cache';
import type pg from 'pg';
import { remember } from '../../lib/remember.ts';
import { runOnPool } from '../driver.ts';
import type { PrismaClient } from '../generated/client.ts';
import { notePool, statementsOf, type Tx } from '../tx.ts';
import type { Condition } from './condition.ts';
import { readByNames, readPage } from './large-reach.ts';
import { columnsWithout, modelOf } from './model.ts';
import {
  countByParents,
  countRows,
  type Names,
  type Selection,
  type Statement,
  selectAllLocked,
  selectByNames,
  selectLocked,
  selectPages,
  selectRows,
  selectTenantOf,
} from './select.ts';
import { countByNamespaces, isIndexed, reachOf, selectByNamespaces, selectNear } from './sparse.ts';
import { type Changes, type ModelName, type Stored, updateRow } from './update.ts';

/** A stored row, with the types of Prisma. */
export type Row = Readonly<Record<string, unknown>>;
/** @returns the values of each row, in the order of the statement's columns. */
type Run = (statement: Statement) => Promise<readonly (readonly unknown[])[]>;

const sizeMs = 60_000;

/**
 * Reads rows with one statement each, without Prisma's query engine. The only way in which connections, loaders and
 * `node` read.
 */
export class Rows {
  readonly #run: Run;
  readonly #largeTable: number;
  readonly #manyNames: number;
  readonly #sizes = new Map<string, { readonly at: number; readonly isLarge: boolean }>();

  /**
   * @param largeTable number of rows above which a page within a rare reach is read by namespace.
   * @param manyNames number of names above which a reach is compared in memory: to hash 10,000 takes the database 4 ms
   * per statement.
   */
  constructor(run: Run, largeTable = 20_000, manyNames = 500) {
    this.#run = run;
    this.#largeTable = largeTable;
    this.#manyNames = manyNames;
  }

  async find(selection: Selection): Promise<Row[]> {
    const found = await this.#run(selectRows(selection));
    const make = rowMaker(selection);
    return found.map((values) => make(values, 0));
  }

  /** The first row, or undefined. */
  async first(model: string, where: Condition, columns?: readonly string[]): Promise<Row | undefined> {
    const [row] = await this.find({ model, where, columns, take: 1 });
    return row;
  }

  /** The row with this ID, locked until the end of the transaction; undefined if it does not exist. */
  async locked(model: string, id: string): Promise<Row | undefined> {
    const [values] = await this.#run(selectLocked(model, id));
    return values && rowMaker({ model, where: {} })(values, 0);
  }

  /** The existing rows with these IDs, locked in one order until the end of the transaction. */
  async allLocked(model: string, ids: readonly string[]): Promise<Row[]> {
    const make = rowMaker({ model, where: {} });
    return (await this.#run(selectAllLocked(model, ids))).map((values) => make(values, 0));
  }

  /** Changes a row that exists. @returns the whole row. Only within a transaction. */
  async update<M extends ModelName>(model: M, id: string, changes: Changes<M>): Promise<Stored<M>> {
    const statement = updateRow(model, id, changes) ?? selectLocked(model, id);
    const [values] = await this.#run(statement);
    if (!values) throw new Error(`The row ${id} of ${model} does not exist.`);
    return rowMaker({ model, where: {} })(values, 0) as Stored<M>;
  }

  /** The tenant of a row; null for a row of the instance, undefined if the row does not exist. Always one statement. */
  async tenantOf(model: string, id: string, column: string): Promise<{ id: string; key: string } | null | undefined> {
    const [values] = await this.#run(selectTenantOf(model, id, column));
    if (!values) return undefined;
    const [tenantId, key] = values as [string | null, string | null];
    return tenantId === null || key === null ? null : { id: tenantId, key };
  }

  async byNames(selection: Selection, names: readonly Names[]): Promise<Row[]> {
    return (
      (await readByNames(selection, this.#manyNames, (rest) => this.#byNames(rest, names))) ??
      (await this.#byNames(selection, names))
    );
  }

  async #byNames(selection: Selection, names: readonly Names[]): Promise<Row[]> {
    const found = await this.#run(selectByNames(selection, names));
    const make = rowMaker(selection);
    return found.map((values) => make(values, 0));
  }

  /** The rows of each parent, in the order of the parents. */
  async pages(selection: Selection, parents: readonly Names[]): Promise<Row[][]> {
    const [only] = parents;
    if (parents.length === 1) return [await this.#page(selection, only!)];
    const pages: Row[][] = parents.map(() => []);
    const make = rowMaker(selection);
    for (const values of await this.#run(selectPages(selection, parents)))
      pages[Number(values[0]) - 1]!.push(make(values, 1));
    return pages;
  }

  /** The page of one parent. Without a table of parents, the planner knows the values. */
  async #page(selection: Selection, parent: Names): Promise<Row[]> {
    const within = (rest: Selection): Selection => ({ ...rest, where: { AND: [parent, rest.where] } });
    const near = await readPage(selection, this.#manyNames, (rest) => this.find(within(rest)));
    if (near) return near;
    const reach = selection.isKept && isIndexed(selection) ? reachOf(selection, parent) : undefined;
    if (!reach || !(await this.#isLarge(selection.model))) return this.find(within(selection));
    const make = rowMaker(selection);
    let found = await this.#run(selectNear(selection, parent));
    if (found.length < selection.take!) found = await this.#run(selectByNamespaces(selection, reach));
    return found.map((values) => make(values, 0));
  }

  /** True if reading the whole table takes long. Estimated by the database, and asked again after a minute. */
  async #isLarge(model: string): Promise<boolean> {
    let size = this.#sizes.get(model);
    if (!size || Date.now() - size.at > sizeMs) {
      const statement = `SELECT reltuples FROM pg_class WHERE oid = to_regclass($1)`;
      const [row] = await this.#run({ text: statement, values: [`"${model}"`], columns: ['reltuples'], isKept: true });
      size = { at: Date.now(), isLarge: Number(row?.[0] ?? 0) > this.#largeTable };
      this.#sizes.set(model, size);
    }
    return size.isLarge;
  }

  /** The number of rows of each parent, in the order of the parents. */
  async counts(selection: Selection, parents: readonly Names[]): Promise<number[]> {
    const [only] = parents;
    if (parents.length === 1) return [await this.#countOf(selection, only!)];
    const counts = parents.map(() => 0);
    for (const [number, count] of await this.#run(countByParents(selection, parents)))
      counts[Number(number) - 1] = Number(count);
    return counts;
  }

  async #countOf(selection: Selection, parent: Names): Promise<number> {
    const reach = reachOf(selection, parent);
    const statement = reach && countByNamespaces(selection, reach);
    if (!statement || !(await this.#isLarge(selection.model)))
      return this.count({ ...selection, where: { AND: [parent, selection.where] } });
    const [row] = await this.#run(statement);
    return Number(row![0]);
  }

  async count(selection: Selection): Promise<number> {
    const [row] = await this.#run(countRows(selection));
    return Number(row![0]);
  }
}

/** Prototypes of rows without some columns. Callers choose the columns, so only those in use are kept. */
const prototypes = new LRUCache<string, object>({ max: 500 });

/** A row with these columns only. Reading another column fails, instead of passing for an absent value. */
function prototypeOf(model: string, columns: readonly string[]): object {
  const key = `${model} ${columns.join()}`;
  return remember(prototypes, key, () => {
    const missing = columnsWithout(model, ...columns);
    const get = (column: string) => () => {
      throw new Error(`${model}.${column} was not read. Add it to the columns of the field that needs it.`);
    };
    return Object.defineProperties({}, Object.fromEntries(missing.map((column) => [column, { get: get(column) }])));
  });
}

/** Makes rows of values that start at an offset. */
function rowMaker({ model, columns }: Selection): (values: readonly unknown[], offset: number) => Row {
  const names = columns ?? modelOf(model).names;
  const prototype = columns ? prototypeOf(model, columns) : Object.prototype;
  return (values, offset) => {
    const row: Record<string, unknown> = Object.create(prototype);
    for (let i = 0; i < names.length; i += 1) row[names[i]!] = values[i + offset];
    return row;
  };
}

const known = new WeakMap<object, Rows>();

/** The reader of a client. Within a transaction, it reads what the transaction has written. */
export function rowsOf(db: PrismaClient | Tx): Rows {
  let rows = known.get(db);
  if (!rows) {
    const statements = statementsOf(db);
    rows = new Rows(({ isWrite, ...statement }) =>
      statements[isWrite ? 'write' : 'read']<unknown[]>({ ...statement, asArrays: true }),
    );
    known.set(db, rows);
  }
  return rows;
}

/** Runs statements on the pool of the driver. */
export const runOn =
  (pool: pg.Pool): Run =>
  (statement) =>
    runOnPool(pool, { ...statement, asArrays: true });

/** Has a client read through the pool of the driver. */
export function readThrough(prisma: PrismaClient, pool: pg.Pool): void {
  known.set(prisma, new Rows(runOn(pool)));
  notePool(prisma, pool);
}
