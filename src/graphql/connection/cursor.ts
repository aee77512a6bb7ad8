import { badInput } from '../../errors.ts';
import { storable } from '../../lib/text.ts';
import { parseDateTime } from '../scalars.ts';

export type CursorValue = string | number | bigint | Date;

const encodeValue = (value: CursorValue | null): [string, string] => {
  if (value === null) return [none, ''];
  if (value instanceof Date) return ['d', value.toISOString()];
  if (typeof value === 'bigint') return ['b', value.toString()];
  return typeof value === 'number' ? ['n', String(value)] : ['s', value];
};
/** Encoding of a row without a value. */
const none = '0';
/** Encoding of a column's type in a cursor. */
const kinds: Readonly<Record<string, string>> = { String: 's', DateTime: 'd', BigInt: 'b', Int: 'n', Float: 'n' };

/** @throws if the value is not of that type or the database cannot hold it. */
const decodeValue = (kind: unknown, text: string): CursorValue | undefined => {
  if (kind === 's') return text;
  if (kind === 'd') return parseDateTime(text);
  if (kind === 'b') return /^-?\d{1,18}$/.test(text) ? BigInt(text) : undefined;
  return kind === 'n' && Number.isFinite(Number(text)) ? Number(text) : undefined;
};

/** Position of a row in an order: its sort value and ID. Opaque to callers. */
export const encodeCursor = (column: string, value: CursorValue | null, id: string): string =>
  Buffer.from(JSON.stringify([column, ...encodeValue(value), id])).toString('base64url');

/**
 * @param column the column of the order; a caller can forge a cursor.
 * @throws BAD_INPUT for an invalid cursor of this order.
 */
export function decodeCursor(
  cursor: string,
  column: string,
  { type, nullable }: { readonly type: string; readonly nullable: boolean },
  path: string,
): { value: CursorValue | null; id: string } {
  const refuse = () => badInput([path], 'Invalid cursor for this list and order.');
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw refuse();
  }
  if (!Array.isArray(parts) || parts.length !== 4 || parts[0] !== column) throw refuse();
  const [, kind, text, id] = parts as unknown[];
  const isNull = kind === none && nullable;
  if ((kind !== kinds[type] && !isNull) || typeof text !== 'string' || typeof id !== 'string') throw refuse();
  if (storable(text) !== text || storable(id) !== id) throw refuse();
  if (isNull) return { value: null, id };
  let value: CursorValue | undefined;
  try {
    value = decodeValue(kind, text);
  } catch {
    throw refuse();
  }
  if (value === undefined) throw refuse();
  return { value, id };
}
