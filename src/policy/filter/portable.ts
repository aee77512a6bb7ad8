import type { Row } from '../../access/grant.ts';
import type { Comparison, Scalar, Where } from '../../access/where.ts';
import type { Column } from '../../db/rows/model.ts';
import { compareBytes } from '../../lib/text.ts';

/** The filter could mean different things in SQL and in memory. */
export class UnportableError extends Error {}

const operators = new Set(['equals', 'in', 'lt', 'lte', 'gt', 'gte']);
const isScalar = (value: unknown): value is Scalar =>
  value instanceof Date || ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

const typesOf: Record<string, (value: Scalar) => boolean> = {
  String: (v) => typeof v === 'string',
  Boolean: (v) => typeof v === 'boolean',
  Int: (v) => Number.isInteger(v),
  Float: (v) => typeof v === 'number',
  BigInt: (v) => typeof v === 'bigint',
  DateTime: (v) => v instanceof Date && !Number.isNaN(v.getTime()),
};

/**
 * Checks a filter from an untrusted source.
 * @throws {UnportableError} if SQL and memory could interpret it differently.
 */
export function assertPortable(
  where: unknown,
  columns: ReadonlyMap<string, Column>,
  depth = 0,
): asserts where is Where {
  if (depth > 20) throw new UnportableError('the filter is nested too deeply');
  if (!isPlain(where)) throw new UnportableError('a filter is an object');
  const keys = Object.keys(where);
  if (keys.length === 0) throw new UnportableError('an empty filter is ambiguous: omit the filter to match every row');
  for (const key of keys) {
    const value = where[key];
    if (value === undefined) throw new UnportableError(`${key} is undefined, which would match every row`);
    if (key === 'AND' || key === 'OR') {
      if (!Array.isArray(value)) throw new UnportableError(`${key} requires a list`);
      if (value.length === 0) throw new UnportableError(`an empty ${key} is ambiguous`);
      for (const part of value) assertPortable(part, columns, depth + 1);
      continue;
    }
    const column = columns.get(key);
    if (!column) throw new UnportableError(`${key} is not a column of this resource or a portable operator`);
    if (column.list) throw new UnportableError(`${key} is a list`);
    assertComparison(key, value, column);
  }
}

function assertComparison(key: string, value: unknown, column: Column): void {
  const fits = typesOf[column.type] ?? (() => false);
  const check = (operand: unknown) => {
    if (!isScalar(operand) || !fits(operand))
      throw new UnportableError(`${key} is compared with a value that is not of type ${column.type}`);
  };
  if (value === null || isScalar(value)) {
    if (value === null && !column.nullable) throw new UnportableError(`${key} is never null`);
    if (value !== null) check(value);
    return;
  }
  if (!isPlain(value) || Object.keys(value).length === 0) throw new UnportableError(`${key} has no comparison`);
  for (const [operator, operand] of Object.entries(value)) {
    if (!operators.has(operator)) throw new UnportableError(`${operator} is not a portable operator`);
    if (operand === undefined)
      throw new UnportableError(`${key}.${operator} is undefined, which would match every row`);
    if (operator === 'in') {
      if (!Array.isArray(operand)) throw new UnportableError(`${key}.in requires a list`);
      operand.forEach(check);
    } else if (operator === 'equals' && operand === null) {
      if (!column.nullable) throw new UnportableError(`${key} is never null`);
    } else {
      check(operand);
      if (operator !== 'equals' && column.nullable) {
        throw new UnportableError(`${key} can be null, and a range over null differs between SQL and memory`);
      }
    }
  }
}

const comparisonOf = (value: Where[string]): Comparison =>
  isPlain(value) ? (value as Comparison) : { equals: value as Scalar | null };

function compare(a: Scalar, b: Scalar): number {
  if (typeof a === 'string' && typeof b === 'string') return compareBytes(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}
const same = (a: unknown, b: Scalar | null): boolean =>
  a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b;

/** First evaluation, in memory: returns true if the row matches the filter. */
export function matches(where: Where, row: Row): boolean {
  for (const key in where) {
    const value = where[key];
    if (key === 'AND') {
      if (!(value as Where[]).every((part) => matches(part, row))) return false;
    } else if (key === 'OR') {
      if (!(value as Where[]).some((part) => matches(part, row))) return false;
    } else if (!satisfies(row[key], comparisonOf(value))) return false;
  }
  return true;
}

function satisfies(actual: unknown, wanted: Comparison): boolean {
  if (actual === undefined) return false;
  if (wanted.equals !== undefined && !same(actual, wanted.equals)) return false;
  if (wanted.in !== undefined && !wanted.in.some((option) => same(actual, option))) return false;
  if (wanted.lt === undefined && wanted.lte === undefined && wanted.gt === undefined && wanted.gte === undefined)
    return true;
  if (actual === null) return false;
  const a = actual as Scalar;
  return (
    (wanted.lt === undefined || compare(a, wanted.lt) < 0) &&
    (wanted.lte === undefined || compare(a, wanted.lte) <= 0) &&
    (wanted.gt === undefined || compare(a, wanted.gt) > 0) &&
    (wanted.gte === undefined || compare(a, wanted.gte) >= 0)
  );
}

const signs = { lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;

/** Second evaluation, in SQL: a condition for raw SQL. Appends the values to `params` and refers to them as $n. */
export function toSql(where: Where, alias: string, params: unknown[]): string {
  const bind = (value: unknown) => `$${params.push(value)}`;
  const parts = Object.entries(where).map(([key, value]) => {
    if (key === 'AND' || key === 'OR') {
      return `(${(value as Where[]).map((part) => toSql(part, alias, params)).join(` ${key} `)})`;
    }
    const column = `${alias}."${key}"`;
    return Object.entries(comparisonOf(value))
      .map(([operator, operand]) => {
        if (operator === 'in') return `${column} = ANY(${bind([...(operand as Scalar[])])})`;
        if (operator === 'equals') return operand === null ? `${column} IS NULL` : `${column} = ${bind(operand)}`;
        return `${column} ${signs[operator as keyof typeof signs]} ${bind(operand)}`;
      })
      .join(' AND ');
  });
  return parts.length === 0 ? 'TRUE' : parts.length === 1 ? parts[0]! : `(${parts.join(' AND ')})`;
}
