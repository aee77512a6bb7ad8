import { badInput } from '../errors.ts';

export type CursorValue = string | number | bigint | Date;

const encodeValue = (value: CursorValue): [string, string] => {
  if (value instanceof Date) return ['d', value.toISOString()];
  if (typeof value === 'bigint') return ['b', value.toString()];
  return typeof value === 'number' ? ['n', String(value)] : ['s', value];
};
const decodeValue = (kind: unknown, text: string): CursorValue | undefined => {
  if (kind === 's') return text;
  if (kind === 'd') return Number.isNaN(Date.parse(text)) ? undefined : new Date(text);
  if (kind === 'b') return /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
  return kind === 'n' && Number.isFinite(Number(text)) ? Number(text) : undefined;
};

/** Where a row stands in an order: the value it is sorted by, and its id. Opaque to callers. */
export const encodeCursor = (column: string, value: CursorValue, id: string): string =>
  Buffer.from(JSON.stringify([column, ...encodeValue(value), id])).toString('base64url');

/** @throws BAD_INPUT for what is no cursor of this order. */
export function decodeCursor(cursor: string, column: string, path: string): { value: CursorValue; id: string } {
  const refuse = () => badInput([path], 'This is no cursor of this list in this order.');
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw refuse();
  }
  if (!Array.isArray(parts) || parts.length !== 4 || parts[0] !== column) throw refuse();
  const [, kind, text, id] = parts as unknown[];
  if (typeof text !== 'string' || typeof id !== 'string' || /\0/.test(text + id)) throw refuse();
  const value = decodeValue(kind, text);
  if (value === undefined) throw refuse();
  return { value, id };
}
