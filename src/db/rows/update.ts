import { Prisma } from '../generated/client.ts';
import { quoted, Values } from './condition.ts';
import { type Column, modelOf } from './model.ts';
import type { Statement } from './select.ts';

type Models = Prisma.TypeMap['model'];
export type ModelName = keyof Models;
/** New values of a row's columns, as for Prisma. Undefined values are ignored. */
export type Changes<M extends ModelName> = Models[M]['operations']['update']['args']['data'];
/** A stored row of a model. */
export type Stored<M extends ModelName> = Models[M]['payload']['scalars'];

const alias = 't';

/** Changes columns of a row; undefined if nothing is to change. @param returns false if the row after it is not needed. */
export function updateRow(model: string, id: string, changes: object, returns = true): Statement | undefined {
  const { columns, names } = modelOf(model);
  const values = new Values();
  const key = values.add(id);
  const parts: string[] = [];
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) continue;
    const column = columns.get(name);
    if (!column) throw new Error(`${model} has no column ${name}.`);
    parts.push(`"${name}" = ${changed(name, column, value, values)}`);
  }
  if (parts.length === 0) return undefined;
  const returning = returns ? ` RETURNING ${names.map((name) => quoted(alias, name)).join(', ')}` : '';
  const text = `UPDATE "${model}" ${alias} SET ${parts.join(', ')} WHERE ${alias}."id" = ${key}${returning}`;
  return { text, values: values.list, columns: names, isKept: true, isWrite: true };
}

/**
 * The row after a change, if the database stores the new values exactly as they are given. It orders the keys of JSON, adds
 * to a number, and numbers the changes of the models that are followed.
 */
export function rowAfter<Row extends object>(model: string, before: Row, changes: object): Row | undefined {
  const { columns } = modelOf(model);
  if (columns.has('changed')) return undefined;
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  if (given.some(([name, value]) => columns.get(name)?.type === 'Json' || isObject(value))) return undefined;
  return { ...before, ...Object.fromEntries(given) };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** The new value in SQL: a value, or the sum of the current one and an increment. */
function changed(name: string, column: Column, value: unknown, values: Values): string {
  if (column.type === 'Json') return values.add(value === Prisma.DbNull ? null : JSON.stringify(value));
  if (!isObject(value)) return values.add(value instanceof Date ? value.toISOString() : value);
  const [operation, ...others] = Object.keys(value);
  if (operation !== 'increment' || others.length > 0) throw new Error(`The change of ${name} is not supported.`);
  return `${quoted(alias, name)} + ${values.add(value[operation])}`;
}
