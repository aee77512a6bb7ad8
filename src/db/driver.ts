import { createHash } from 'node:crypto';
import pg from 'pg';
import { stateOf } from './sql-state.ts';

const int8 = 20;
const timestamptz = 1184;
/** Reads values as Prisma does. Sessions are in UTC, so times end with `+00`. Years have four digits, with few exceptions. */
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  [int8]: BigInt,
  [timestamptz]: (text) =>
    text[4] === '-' ? new Date(`${text.slice(0, 10)}T${text.slice(11)}:00`) : pg.types.getTypeParser(timestamptz)(text),
};
/** How the driver reads values: with the types of Prisma. */
export const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    (format !== 'binary' && parsers[oid]) ||
    (pg.types.getTypeParser(oid, format as 'text') as (text: string) => unknown),
} as pg.CustomTypesConfig;

const names = new Map<string, string | undefined>();
/** Kept statements differ by model, key, columns, order and the form of the reach only. */
const maxNames = 300;

/** Name under which the database keeps a statement; undefined if it keeps enough of them. */
export function nameOf(text: string): string | undefined {
  if (!names.has(text) && names.size < maxNames)
    names.set(text, `k${createHash('sha256').update(text).digest('hex').slice(0, 24)}`);
  return names.get(text);
}

/** Sends a statement without a name from now on. The name is still taken on other connections. */
export const forgetName = (text: string): void => void names.set(text, undefined);

/**
 * True if the database can no longer run a kept statement: a migration has changed the type of a column, or a pooler has
 * switched to a server that does not have it.
 */
export const isOutdated = (error: unknown): boolean => /^(0A000|26000)$/.test(stateOf(error));

/** A statement for the driver. */
export interface DriverStatement {
  readonly text: string;
  readonly values?: readonly unknown[];
  /** True if the database keeps its plan. */
  readonly isKept?: boolean;
  /** True to get the values of a row as an array. */
  readonly asArrays?: boolean;
}

export type Query = pg.QueryConfig & { readonly rowMode?: 'array' };

/** The driver's form of a statement. @param isNamed false to send it without a name. */
export const queryOf = ({ text, values = [], isKept, asArrays }: DriverStatement, isNamed = true): Query => ({
  text,
  values: values as unknown[],
  types,
  ...(isKept && isNamed && { name: nameOf(text)! }),
  ...(asArrays && { rowMode: 'array' }),
});

/** Runs a statement on a connection of the pool. */
export async function runOnPool<R>(pool: pg.Pool, statement: DriverStatement): Promise<R[]> {
  try {
    return (await pool.query(queryOf(statement))).rows as R[];
  } catch (error) {
    if (!statement.isKept || !isOutdated(error)) throw error;
    forgetName(statement.text);
    return (await pool.query(queryOf(statement, false))).rows as R[];
  }
}

type Socket = { cork(): void; uncork(): void };

/** Sends statements in one packet. */
export function together<T>(client: pg.ClientBase, send: () => T): T {
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  stream.cork();
  try {
    return send();
  } finally {
    stream.uncork();
  }
}
