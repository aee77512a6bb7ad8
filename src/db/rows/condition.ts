import { remember } from '../../lib/remember.ts';
import { type Model, modelOf } from './model.ts';

/** A condition on the rows of a model, in Prisma's notation. */
export type Condition = Readonly<Record<string, unknown>>;

/** Collects the values of a statement. */
export class Values {
  readonly list: unknown[] = [];
  /** Number of names above which they are sent as one array. */
  readonly manyNames: number;

  /** @param isKept true if the statement is planned once for all values. */
  constructor(isKept = true) {
    this.manyNames = isKept ? manyNames : manyPlannedNames;
  }

  /** Adds a value. @returns its placeholder. */
  add(value: unknown): string {
    this.list.push(value);
    return `$${this.list.length}`;
  }
}

/**
 * Number of names in a condition above which they are sent as one array. Planning 10 names one by one takes 0.4 ms, and
 * 100 take 5 ms. An array takes 0.1 ms, and its statement is the same for every number of names.
 */
const manyNames = 4;
/**
 * With a caller's filter, the planner must know how rare the names are: it takes half of the table to match an array, and
 * then walks it.
 */
const manyPlannedNames = 20;

/**
 * Compiles a condition to SQL. It has the same meaning as in Prisma, for the operators that Gatehouse uses; a test
 * compares both.
 * @param alias name of the table in the statement.
 * @throws for unknown columns and operators, and for undefined values, which Prisma ignores.
 */
export function conditionSql(condition: Condition, model: Model, alias: string, values: Values): string {
  const parts: string[] = [];
  for (const key in condition) {
    const value = condition[key];
    if (value === undefined) throw new Error(`The condition on ${model.name}.${key} is undefined.`);
    if (key === 'AND') parts.push(all(asList(value), model, alias, values));
    else if (key === 'OR') parts.push(any(asList(value), model, alias, values));
    else if (key === 'NOT') parts.push(...asList(value).map((part) => `NOT ${all([part], model, alias, values)}`));
    else if (model.relations.has(key)) parts.push(related(key, value, model, alias, values));
    else parts.push(compared(key, value, model, alias, values));
  }
  return joined(parts, 'AND', 'TRUE');
}

const asList = (value: unknown): readonly Condition[] =>
  Array.isArray(value) ? (value as readonly Condition[]) : [value as Condition];

function joined(parts: readonly string[], operator: 'AND' | 'OR', empty: string): string {
  if (parts.length === 0) return empty;
  return parts.length === 1 ? parts[0]! : `(${parts.join(` ${operator} `)})`;
}

const all = (conditions: readonly Condition[], model: Model, alias: string, values: Values): string =>
  joined(
    conditions
      .filter((condition) => Object.keys(condition).length > 0)
      .map((condition) => conditionSql(condition, model, alias, values)),
    'AND',
    'TRUE',
  );

function any(conditions: readonly Condition[], model: Model, alias: string, values: Values): string {
  const named = conditions.length > values.manyNames ? namesIn(conditions) : undefined;
  const parts = (named?.others ?? conditions).map((condition) => conditionSql(condition, model, alias, values));
  for (const [column, names] of named?.columns ?? []) parts.push(...amongNames(quoted(alias, column), names, values));
  return joined(parts, 'OR', 'FALSE');
}

/** What an OR says about a column: names that it equals, and roots that it equals or lies below, by their depth. */
interface Names {
  readonly exact: Set<string>;
  readonly below: Set<string>;
}
interface Named {
  readonly columns: ReadonlyMap<string, { readonly exact: string[]; readonly byDepth: ReadonlyMap<number, string[]> }>;
  /** The rest is compiled as it stands. */
  readonly others: readonly Condition[];
}
const known = new WeakMap<readonly Condition[], Named>();

/** Names of one column that a condition consists of, apart from equal values of other columns. */
export interface Subtrees {
  /** Names that are matched with all below them. */
  readonly roots: readonly string[];
  /** Names that are matched alone. */
  readonly exact: readonly string[];
  /** Conditions on other columns that all rows must meet. */
  readonly others: readonly Condition[];
}

/** The names in a condition such as that of a grant by bindings. Undefined if it has another form. */
export function subtreesOf(condition: Condition, column: string): Subtrees | undefined {
  const parts = Object.keys(condition).join() === 'AND' ? asList(condition['AND']) : [condition];
  const [list, ...more] = parts.filter((part) => 'OR' in part || column in part);
  if (!list || more.length > 0 || Object.keys(list).length > 1) return undefined;
  const others = parts.filter((part) => part !== list);
  if (column in list) {
    const { in: exact, ...rest } = (isPlain(list[column]) ? list[column] : {}) as { in?: readonly string[] };
    return exact && Object.keys(rest).length === 0 ? { roots: [], exact, others } : undefined;
  }
  const { columns, others: rest } = namesIn(asList(list['OR']));
  const named = columns.get(column);
  if (!named || columns.size > 1 || rest.length > 0) return undefined;
  return { roots: [...named.byDepth.values()].flat(), exact: named.exact, others };
}

/** Conditions of a grant are the same objects for as long as its decision is valid. */
function namesIn(conditions: readonly Condition[]): Named {
  let named = known.get(conditions);
  if (!named) {
    named = sorted(conditions);
    known.set(conditions, named);
  }
  return named;
}

function sorted(conditions: readonly Condition[]): Named {
  const columns = new Map<string, Names>();
  const others: Condition[] = [];
  const sort = (condition: Condition): void => {
    const keys = Object.keys(condition);
    const [key = ''] = keys;
    const value = condition[key];
    if (keys.length === 1 && key === 'OR' && Array.isArray(value)) {
      for (const part of value as readonly Condition[]) sort(part);
      return;
    }
    const root = keys.length === 1 ? rootOf(value) : undefined;
    if (keys.length !== 1 || (typeof value !== 'string' && root === undefined)) {
      others.push(condition);
      return;
    }
    let names = columns.get(key);
    if (!names) {
      names = { exact: new Set(), below: new Set() };
      columns.set(key, names);
    }
    if (root === undefined) names.exact.add(value as string);
    else names.below.add(root);
  };
  for (const condition of conditions) sort(condition);
  return {
    others: [
      ...others,
      // What lies below a root, without the root itself.
      ...[...columns].flatMap(([column, { exact, below }]) =>
        [...below]
          .filter((root) => !exact.has(root))
          .map((root) => ({ [column]: { gte: `${root}.`, lt: `${root}/` } })),
      ),
    ],
    columns: new Map(
      [...columns].map(([column, { exact, below }]) => {
        const roots = [...below].filter((root) => exact.has(root));
        return [column, { exact: [...exact].filter((name) => !below.has(name)), byDepth: Map.groupBy(roots, depthOf) }];
      }),
    ),
  };
}

const depthOf = (name: string): number => name.split('.').length;

/** The name whose subtree a range covers: from `x.` to `x/`, the next character. Undefined for other ranges. */
function rootOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { gte, lt, ...others } = value as Record<string, unknown>;
  if (typeof gte !== 'string' || typeof lt !== 'string' || Object.keys(others).length > 0) return undefined;
  const root = gte.slice(0, -1);
  if (gte !== `${root}.` || lt !== `${root}/`) return undefined;
  return root.split('.').includes('') ? undefined : root;
}

/**
 * Compares the column and its ancestors with a hash of names. `IN (SELECT unnest(…))` is hashed once per statement, where
 * `= ANY` compares one name after the other, and the planner estimates each. `= TRUE` keeps it from becoming a join, and
 * null unknown.
 */
function amongNames(
  column: string,
  { exact, byDepth }: { readonly exact: string[]; readonly byDepth: ReadonlyMap<number, string[]> },
  values: Values,
): string[] {
  const isIn = (text: string, names: string[]) =>
    `(${text} IN (SELECT unnest(${values.add(literalOf(names))}::text[]))) = TRUE`;
  return [
    ...(exact.length > 0 ? [isIn(column, exact)] : []),
    ...[...byDepth].map(([depth, roots]) => {
      const parts = Array.from({ length: depth }, (_, i) => `split_part(${column}, '.', ${i + 1})`);
      return isIn(parts.join(` || '.' || `), roots);
    }),
  ];
}

const literals = new WeakMap<readonly string[], { readonly text: string }>();

/** The names as an array in PostgreSQL's notation, written once for each list: a reach can have 10,000 names. */
const literalOf = (names: readonly string[]): string =>
  remember(literals, names, () => ({
    text: `{${names.map((name) => `"${name.replace(/["\\]/g, '\\$&')}"`).join()}}`,
  })).text;

export const quoted = (alias: string, column: string): string => `${alias}."${column}"`;

function related(name: string, value: unknown, model: Model, alias: string, values: Values): string {
  const { model: other, list, pairs } = model.relations.get(name)!;
  const { some: condition, ...others } = (list ? value : { some: value }) as { some?: Condition | null };
  if (condition === undefined || Object.keys(others).length > 0)
    throw new Error(`The condition on ${model.name}.${name} is not supported.`);
  // Different from those around it, and the same in every statement of this shape.
  const inner = `${alias}r`;
  const join = pairs.map(([own, theirs]) => `${quoted(inner, theirs)} = ${quoted(alias, own)}`);
  if (condition === null) return `NOT EXISTS (SELECT FROM "${other}" ${inner} WHERE ${join.join(' AND ')})`;
  const where = conditionSql(condition, modelOf(other), inner, values);
  return `EXISTS (SELECT FROM "${other}" ${inner} WHERE ${[...join, where].join(' AND ')})`;
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !(value instanceof Date) && !Array.isArray(value);

type Operator = (column: string, operand: never, values: Values, insensitive: boolean) => string;
const like =
  (pattern: (text: string) => string): Operator =>
  (column, operand: string, values, insensitive) =>
    `${column} ${insensitive ? 'ILIKE' : 'LIKE'} ${values.add(pattern(operand))}`;
const sign =
  (operator: string): Operator =>
  (column, operand, values) =>
    `${column} ${operator} ${values.add(operand)}`;
const among =
  (hit: string, empty: string): Operator =>
  (column, operand: readonly unknown[], values) =>
    operand.length === 0
      ? empty
      : `${column} ${hit}(${values.add(isLongText(operand) ? literalOf(operand) : operand)})`;
const isLongText = (list: readonly unknown[]): list is readonly string[] =>
  list.length > manyNames && list.every((item) => typeof item === 'string');

/** True if an element of the list matches. */
const some =
  (pattern: (text: string) => string): Operator =>
  (column, operand: string, values, insensitive) =>
    `EXISTS (SELECT FROM unnest(${column}) e WHERE e ${insensitive ? 'ILIKE' : 'LIKE'} ${values.add(pattern(operand))})`;

const operators: Readonly<Record<string, Operator>> = {
  equals: (column, operand, values) => (operand === null ? `${column} IS NULL` : `${column} = ${values.add(operand)}`),
  not: (column, operand, values) =>
    operand === null ? `${column} IS NOT NULL` : `${column} <> ${values.add(operand)}`,
  in: among('= ANY', 'FALSE'),
  notIn: among('<> ALL', 'TRUE'),
  lt: sign('<'),
  lte: sign('<='),
  gt: sign('>'),
  gte: sign('>='),
  contains: like((text) => `%${text}%`),
  startsWith: like((text) => `${text}%`),
  endsWith: like((text) => `%${text}`),
  has: (column, operand, values) => `${column} @> ${values.add([operand])}`,
  hasEvery: sign('@>'),
  hasSome: sign('&&'),
  array_contains: (column, operand, values) => `${column} @> ${values.add(JSON.stringify(operand))}::jsonb`,
  // Prisma has no comparison within the elements of a list.
  someStartsWith: some((text) => `${text}%`),
  someContains: some((text) => `%${text}%`),
};

function compared(key: string, value: unknown, model: Model, alias: string, values: Values): string {
  if (!model.columns.has(key)) throw new Error(`The model ${model.name} has no column ${key}.`);
  const column = quoted(alias, key);
  if (!isPlain(value)) return operators['equals']!(column, value as never, values, false);
  if ('path' in value) return atPath(column, value, `${model.name}.${key}`, values);
  const { mode, ...comparisons } = value;
  const parts = Object.entries(comparisons).map(([name, operand]) => {
    const operator = operators[name];
    if (!operator || operand === undefined)
      throw new Error(`The comparison ${name} of ${model.name}.${key} is not supported.`);
    return operator(column, operand as never, values, mode === 'insensitive');
  });
  return joined(parts, 'AND', 'TRUE');
}

/** Compares the value at a path in a column of JSON. */
function atPath(column: string, { path, equals, ...others }: Condition, name: string, values: Values): string {
  if (!Array.isArray(path) || equals === undefined || Object.keys(others).length > 0)
    throw new Error(`The comparison at a path of ${name} is not supported.`);
  return `${column} #> ${values.add(path)}::text[] = ${values.add(JSON.stringify(equals))}::jsonb`;
}
