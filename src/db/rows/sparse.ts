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

/** The reach within one tenant in a table that grows without limit, if it is made of namespaces. */
export function reachOf({ model, reach }: Selection, within: Names): Reach | undefined {
  const tenantId = within['tenantId'];
  if (!reach || orderedByNamespace[model] === undefined) return undefined;
  if (typeof tenantId !== 'string' || Object.keys(within).length > 1) return undefined;
  const subtrees = subtreesOf(reach, 'namespace');
  return subtrees && { ...subtrees, tenantId };
}

/** True if each namespace has its rows in this order in an index. */
export const isIndexed = ({ model, order }: Selection): boolean => order?.[0]?.[0] === orderedByNamespace[model];

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

/** Above this number of names, the database counts each: it would otherwise walk the whole table and hash them. */
const manyCounted = 20;

/** The number of rows within reach, counted for each namespace; undefined if the database can plan for all of them. */
export function countByNamespaces({ model, where }: Selection, reach: Reach): Statement | undefined {
  const { tenantId, roots, exact, others } = reach;
  if (roots.length + exact.length <= manyCounted) return undefined;
  const values = new Values();
  const found = modelOf(model);
  // A row below two roots counts once.
  const among = new Set(roots);
  const isBelow = (name: string) => ancestorsOf(name).some((ancestor) => among.has(ancestor));
  const tops = roots.filter((root) => !isBelow(root));
  const alone = [...new Set(exact)].filter((name) => !among.has(name) && !isBelow(name));
  const [tenant, names, below] = [tenantId, [...tops, ...alone], tops].map((value) => values.add(value));
  const rest = conditionSql({ AND: [...others, where] }, found, alias, values);
  const count = (namespace: string) =>
    `(SELECT count(*) AS count FROM "${model}" ${alias} WHERE ${alias}."tenantId" = ${tenant} AND ${namespace} AND ${rest}) c`;
  const text = `SELECT COALESCE(sum(count), 0) FROM (
      SELECT c.count FROM unnest(${names}::text[]) name CROSS JOIN LATERAL ${count(`${alias}.namespace = name`)}
      UNION ALL
      SELECT c.count FROM unnest(${below}::text[]) root CROSS JOIN LATERAL ${count(
        `${alias}.namespace >= (root || '.') COLLATE "C" AND ${alias}.namespace < (root || '/') COLLATE "C"`,
      )}) counts`;
  return { text, values: values.list, columns: ['sum'], isKept: false };
}

const ancestorsOf = (name: string): string[] => {
  const parts = name.split('.');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('.'));
};
