import { type Condition, conditionSql, quoted, Values } from './condition.ts';
import { type Model, modelOf } from './model.ts';

/** A statement with its values. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Names of the result's columns. */
  readonly columns: readonly string[];
  /**
   * True if its plan does not depend on its values, so the database keeps it. With a caller's filter it does: a kept plan
   * took 5 to 15 times as long for a rare value.
   */
  readonly isKept: boolean;
  readonly isWrite?: boolean;
}

export type Direction = 'asc' | 'desc';
/** `nulls`: where rows without a value are, for a column that can be null. */
export type Order = readonly (readonly [column: string, direction: Direction, nulls?: 'first' | 'last' | undefined])[];

export interface Selection {
  readonly model: string;
  readonly where: Condition;
  /** Rows that the caller is allowed to read. Rows must meet both conditions. */
  readonly reach?: Condition | undefined;
  /** Columns to read. Omit for all. */
  readonly columns?: readonly string[] | undefined;
  readonly order?: Order;
  /** Max rows. Omit for all. */
  readonly take?: number;
  /** True if the condition has no values of a caller, other than keys and cursors. */
  readonly isKept?: boolean;
}

/** Columns and values that identify rows, or their parent. */
export type Names = Readonly<Record<string, string | number>>;

/** The position of a parent's names in the result of a statement about several parents. */
export const parentColumn = '~parent';

const alias = 't';

export const columnsOf = (model: Model, columns: readonly string[] | undefined): readonly string[] =>
  columns ?? model.names;
const listSql = (columns: readonly string[]): string => columns.map((column) => quoted(alias, column)).join(', ');

export const orderSql = (order: Order | undefined): string =>
  order?.length
    ? ` ORDER BY ${order
        .map(
          ([column, direction, nulls]) =>
            `${quoted(alias, column)}${direction === 'desc' ? ' DESC' : ''}${nulls ? ` NULLS ${nulls.toUpperCase()}` : ''}`,
        )
        .join(', ')}`
    : '';

const conditionsSql = (where: Condition, reach: Condition | undefined, model: Model, values: Values): string =>
  conditionSql(reach ? { AND: [reach, where] } : where, model, alias, values);

const takeSql = (take: number | undefined, values: Values): string =>
  take === undefined ? '' : ` LIMIT ${values.add(take)}`;

/** Rows of a model. */
export function selectRows({ model, where, reach, columns, order, take, isKept = false }: Selection): Statement {
  const values = new Values(isKept);
  const found = modelOf(model);
  const listed = columnsOf(found, columns);
  const text = `SELECT ${listSql(listed)} FROM "${model}" ${alias} WHERE ${conditionsSql(where, reach, found, values)}${orderSql(order)}${takeSql(take, values)}`;
  return { text, values: values.list, columns: listed, isKept };
}

/** Arrays of names, and the table of them in SQL. */
function namesSql(model: Model, names: readonly Names[], values: Values): { table: string; columns: string[] } {
  const columns = Object.keys(names[0]!);
  const arrays = columns.map((column) => {
    const type = model.columns.get(column)?.type === 'Int' ? 'int' : 'text';
    return `${values.add(names.map((one) => one[column]))}::${type}[]`;
  });
  return { table: `unnest(${arrays.join(', ')})`, columns };
}

/** Rows by their names: a key and, for several columns, the names that belong together. */
export function selectByNames({ model, where, reach, columns }: Selection, names: readonly Names[]): Statement {
  const values = new Values();
  const found = modelOf(model);
  const listed = columnsOf(found, columns);
  const { table, columns: keys } = namesSql(found, names, values);
  const own = keys.map((key) => quoted(alias, key)).join(', ');
  const isAmong =
    keys.length === 1 ? `${own} = ANY(${table.slice('unnest('.length, -1)})` : `(${own}) IN (SELECT * FROM ${table})`;
  const text = `SELECT ${listSql(listed)} FROM "${model}" ${alias} WHERE ${isAmong} AND ${conditionsSql(where, reach, found, values)}`;
  return { text, values: values.list, columns: listed, isKept: true };
}

/** A page for each of several parents: rows with the parents' names, ordered and limited for each. */
export function selectPages(
  { model, where, reach, columns, order, take, isKept = false }: Selection,
  parents: readonly Names[],
): Statement {
  const values = new Values(isKept);
  const found = modelOf(model);
  const listed = columnsOf(found, columns);
  const { table, columns: keys } = namesSql(found, parents, values);
  const own = keys.map((key, i) => `${quoted(alias, key)} = p.k${i}`).join(' AND ');
  const page = `SELECT ${listSql(listed)} FROM "${model}" ${alias} WHERE ${own} AND ${conditionsSql(where, reach, found, values)}${orderSql(order)}${takeSql(take, values)}`;
  const text = `SELECT p.n AS "${parentColumn}", c.* FROM ${table} WITH ORDINALITY p(${keys.map((_, i) => `k${i}`).join(', ')}, n) CROSS JOIN LATERAL (${page}) c`;
  return { text, values: values.list, columns: [parentColumn, ...listed], isKept };
}

/** A row by its ID, locked until the end of the transaction. It waits for other writers, and is the newest version. */
export function selectLocked(model: string, id: string): Statement {
  const columns = modelOf(model).names;
  const text = `SELECT ${listSql(columns)} FROM "${model}" ${alias} WHERE ${alias}."id" = $1 FOR UPDATE`;
  return { text, values: [id], columns, isKept: true };
}

/** Rows by their IDs, locked in one order until the end of the transaction. */
export function selectAllLocked(model: string, ids: readonly string[]): Statement {
  const columns = modelOf(model).names;
  const text = `SELECT ${listSql(columns)} FROM "${model}" ${alias} WHERE ${alias}."id" = ANY($1::text[]) ORDER BY ${alias}."id" FOR UPDATE`;
  return { text, values: [ids], columns, isKept: true };
}

/** ID and key of a row's tenant. */
export function selectTenantOf(model: string, id: string, column: string): Statement {
  const own = quoted(alias, column);
  const text = `SELECT ${own}, n."key" FROM "${model}" ${alias} LEFT JOIN "Tenant" n ON n."id" = ${own} WHERE ${alias}."id" = $1`;
  return { text, values: [id], columns: [column, 'key'], isKept: true };
}

/** Number of rows, for each of several parents. */
export function countByParents(
  { model, where, reach, isKept = false }: Selection,
  parents: readonly Names[],
): Statement {
  const values = new Values(isKept);
  const found = modelOf(model);
  const { table, columns: keys } = namesSql(found, parents, values);
  const own = keys.map((key, i) => `${quoted(alias, key)} = p.k${i}`).join(' AND ');
  const text = `SELECT p.n AS "${parentColumn}", c.count FROM ${table} WITH ORDINALITY p(${keys.map((_, i) => `k${i}`).join(', ')}, n) CROSS JOIN LATERAL (SELECT count(*) FROM "${model}" ${alias} WHERE ${own} AND ${conditionsSql(where, reach, found, values)}) c`;
  return { text, values: values.list, columns: [parentColumn, 'count'], isKept };
}

/** Number of rows. Always planned for its values: it reads all rows of the plan, so a rare reach must be looked up. */
export function countRows({ model, where, reach }: Selection): Statement {
  const values = new Values(false);
  const text = `SELECT count(*) FROM "${model}" ${alias} WHERE ${conditionsSql(where, reach, modelOf(model), values)}`;
  return { text, values: values.list, columns: ['count'], isKept: false };
}
