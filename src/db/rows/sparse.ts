import { conditionSql, quoted, type Subtrees, subtreesOf, Values } from './condition.ts';
import { modelOf } from './model.ts';
import { columnsOf, type Names, orderSql, type Selection, type Statement } from './select.ts';

/**
 * Tables that grow without limit, with the column of their default order. An index on tenant, namespace, that column and
 * the ID gives the first rows of one namespace.
 */
export const orderedByNamespace: Readonly<Record<string, string>> = {
  Trigger: 'id',
  Flow: 'id',
  Execution: 'startedAt',
};

/** Rows that a page reads in its order before it asks each namespace: the reach of the caller may be rare. */
const walked = 2_000;

export interface Reach extends Subtrees {
  readonly tenantId: string;
}

/** The reach of a page of one tenant in its default order, if it is made of namespaces. */
export function reachOf({ model, reach, order }: Selection, within: Names): Reach | undefined {
  const column = orderedByNamespace[model];
  const tenantId = within['tenantId'];
  if (!reach || column === undefined || order?.[0]?.[0] !== column) return undefined;
  if (typeof tenantId !== 'string' || Object.keys(within).length > 1) return undefined;
  const subtrees = subtreesOf(reach, 'namespace');
  return subtrees && { ...subtrees, tenantId };
}

const alias = 't';

/**
 * The first rows within reach among the next `walked` ones. If they are fewer than a page, there may be more behind.
 * Its cost does not depend on how rare the rows are.
 */
export function selectNear({ model, where, reach, columns, order, take }: Selection, within: Names): Statement {
  const values = new Values();
  const found = modelOf(model);
  const listed = columnsOf(found, columns);
  const near = `SELECT * FROM "${model}" ${alias} WHERE ${conditionSql(within, found, alias, values)} AND ${conditionSql(where, found, alias, values)}${orderSql(order)} LIMIT ${walked}`;
  const text = `SELECT ${listed.map((column) => quoted(alias, column)).join(', ')} FROM (${near}) ${alias} WHERE ${conditionSql(reach!, found, alias, values)}${orderSql(order)} LIMIT ${values.add(take)}`;
  return { text, values: values.list, columns: listed, isKept: true };
}

/**
 * The first rows of each namespace within reach, and of these the first ones. The names below a root are found one after
 * the other in the index. The listed columns contain those of the order.
 */
export function selectByNamespaces(
  { model, where, columns, order, take }: Selection,
  { tenantId, roots, exact, others }: Reach,
): Statement {
  const values = new Values();
  const found = modelOf(model);
  const listed = columnsOf(found, columns);
  const [tenant, allRoots, alone, limit] = [tenantId, roots, exact, take].map((value) => values.add(value));
  const next = (from: string, root: string) =>
    `(SELECT x.namespace FROM "${model}" x WHERE x."tenantId" = ${tenant} AND ${from} AND x.namespace < (${root} || '/') COLLATE "C" ORDER BY x.namespace LIMIT 1)`;
  const rest = conditionSql({ AND: [...others, where] }, found, alias, values);
  const list = listed.map((column) => quoted(alias, column)).join(', ');
  const text = `WITH RECURSIVE below(name, root) AS (
      SELECT ${next(`x.namespace >= (r || '.') COLLATE "C"`, 'r')}, r FROM unnest(${allRoots}::text[]) r
      UNION ALL SELECT ${next('x.namespace > below.name', 'below.root')}, below.root FROM below WHERE below.name IS NOT NULL),
    names AS (
      SELECT unnest(${allRoots}::text[]) COLLATE "C" AS name UNION SELECT unnest(${alone}::text[]) COLLATE "C"
      UNION SELECT name FROM below WHERE name IS NOT NULL)
    SELECT ${list} FROM names CROSS JOIN LATERAL (
      SELECT ${list} FROM "${model}" ${alias} WHERE ${alias}."tenantId" = ${tenant} AND ${alias}.namespace = names.name AND ${rest}${orderSql(order)} LIMIT ${limit}) ${alias}${orderSql(order)} LIMIT ${limit}`;
  return { text, values: values.list, columns: listed, isKept: true };
}
