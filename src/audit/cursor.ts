import { timingSafeEqual } from 'node:crypto';
import { badInput } from '../errors.ts';
import { keyedHash } from '../lib/keyed-hash.ts';

/** No cursor is as long. */
const maxLength = 300;

/**
 * A place in a feed. A tenant's feed stands at a seq of its chain; the one across tenants at a transaction and ordinal.
 * Behind an event, its mark tells that it is this event and no other that a restored store has in its place.
 */
export type Position = (
  | { readonly feed: 'tenant'; readonly tenantId: string; readonly seq: bigint }
  | { readonly feed: 'all'; readonly transaction: bigint; readonly ordinal: bigint }
) & { readonly mark?: string | undefined };

/**
 * Of the hash of an event, by a key: who may not see the event cannot try contents against it. Short, because a socket
 * that is closed as too slow is told its cursor in 123 bytes.
 */
export const markOf = (key: Buffer, hash: string): string =>
  Buffer.from(keyedHash(key, 'event', hash).slice(0, 10), 'hex')
    .toString('base64url')
    .slice(0, 6);

const textOf = (position: Position): string => {
  const place =
    position.feed === 'tenant'
      ? `t.${position.tenantId}.${position.seq}`
      : `a.${position.transaction}.${position.ordinal}`;
  return position.mark === undefined ? place : `${place}.${position.mark}`;
};

/** Opaque, signed, and bound to the tenant's id (a key that is used again is another tenant). */
export function encodePosition(key: Buffer, position: Position): string {
  const text = textOf(position);
  return Buffer.from(`${text}.${keyedHash(key, text).slice(0, 24)}`).toString('base64url');
}

/**
 * @param tenantId the feed it must belong to ('' is the instance's chain); undefined: the one across tenants.
 * @throws BAD_INPUT for what this gateway's secret did not sign, or signed for another feed.
 */
export function decodePosition(key: Buffer, cursor: string, tenantId: string): Position & { feed: 'tenant' };
export function decodePosition(key: Buffer, cursor: string, tenantId: string | undefined): Position;
export function decodePosition(key: Buffer, cursor: string, tenantId: string | undefined): Position {
  const refuse = () => badInput(['after'], 'Invalid cursor for this feed.');
  if (cursor.length > maxLength) throw refuse();
  const parts = Buffer.from(cursor, 'base64url').toString('utf8').split('.');
  const signature = Buffer.from(parts.pop() ?? '');
  const expected = Buffer.from(keyedHash(key, parts.join('.')).slice(0, 24));
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) throw refuse();
  const [feed, first = '', second = '', mark] = parts;
  const [of, at] = [numberIn(first), numberIn(second)];
  if (feed === 't' && tenantId !== undefined && first === tenantId && at !== undefined)
    return { feed: 'tenant', tenantId, seq: at, mark };
  if (feed === 'a' && tenantId === undefined && of !== undefined && at !== undefined)
    return { feed: 'all', transaction: of, ordinal: at, mark };
  throw refuse();
}

const maxNumber = 9_223_372_036_854_775_807n;
function numberIn(text: string): bigint | undefined {
  const number = /^\d{1,19}$/.test(text) ? BigInt(text) : undefined;
  return number !== undefined && number <= maxNumber ? number : undefined;
}

/** The place behind an event of its chain. */
export const behindEvent = (
  key: Buffer,
  { tenantId, seq, hash }: { readonly tenantId: string; readonly seq: bigint; readonly hash: string },
): Position & { feed: 'tenant' } => ({
  feed: 'tenant',
  tenantId,
  seq,
  ...(seq > 0n && { mark: markOf(key, hash) }),
});

/** The place behind an event in the order across all chains. */
export const behindAcross = (
  key: Buffer,
  event: { readonly transaction: bigint; readonly ordinal: bigint; readonly hash: string },
): Position & { feed: 'all' } => ({
  feed: 'all',
  transaction: event.transaction,
  ordinal: event.ordinal,
  mark: markOf(key, event.hash),
});
