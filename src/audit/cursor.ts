import { timingSafeEqual } from 'node:crypto';
import { badInput } from '../errors.ts';
import { keyedHash } from '../lib/keyed-hash.ts';

/** Every cursor is shorter. */
const maxLength = 300;

/**
 * A position in a feed. In the feed of a tenant, it is a seq of the chain. In the feed of all tenants, it is a
 * transaction and an ordinal. `mark` identifies the event at the position: after a restore, another event can have the
 * same number.
 */
export type Position = ChainPosition | AcrossPosition;
export interface ChainPosition extends Marked {
  readonly feed: 'tenant';
  readonly tenantId: string;
  readonly seq: bigint;
}
export interface AcrossPosition extends Marked {
  readonly feed: 'all';
  readonly transaction: bigint;
  readonly ordinal: bigint;
}
interface Marked {
  readonly mark?: string | undefined;
}

/**
 * Keyed hash of an event's hash, so that a caller who cannot see the event cannot guess its content. It is short
 * because the close reason of a slow WebSocket, which contains a cursor, has at most 123 bytes.
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

/**
 * Encodes a position as an opaque, signed cursor. It is bound to the tenant ID, because another tenant can reuse the
 * key.
 */
export function encodePosition(key: Buffer, position: Position): string {
  const text = textOf(position);
  return Buffer.from(`${text}.${keyedHash(key, text).slice(0, 24)}`).toString('base64url');
}

/**
 * @param tenantId tenant of the feed ('' for the instance); undefined for the feed of all tenants.
 * @throws BAD_INPUT if the cursor is not signed with this gateway's secret, or belongs to another feed.
 */
export function decodePosition(key: Buffer, cursor: string, tenantId: string): ChainPosition;
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

/** The position after an event in its chain. */
export const behindEvent = (
  key: Buffer,
  { tenantId, seq, hash }: { readonly tenantId: string; readonly seq: bigint; readonly hash: string },
): ChainPosition => ({
  feed: 'tenant',
  tenantId,
  seq,
  ...(seq > 0n && { mark: markOf(key, hash) }),
});

/** The position after an event in the order across all chains. */
export const behindAcross = (
  key: Buffer,
  event: { readonly transaction: bigint; readonly ordinal: bigint; readonly hash: string },
): AcrossPosition => ({
  feed: 'all',
  transaction: event.transaction,
  ordinal: event.ordinal,
  mark: markOf(key, event.hash),
});
