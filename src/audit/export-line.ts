import type { Json } from '../lib/json.ts';
import { contentOf, type EventContent } from './event.ts';
import type { SignedStatement } from './statement.ts';

/**
 * An export of a chain is NDJSON with three kinds of lines: `export` is the first, `seq` is an event, and `checkpoint`
 * is the last. The content of an event has the exact bytes that were hashed, so that the file can be verified without a
 * gateway.
 */
export interface ExportBegin {
  /** A tenant's id, or '' for the instance. */
  readonly tenantId: string;
  readonly tenantKey: string;
  /** Start of the export, in ISO 8601. */
  readonly at: string;
  /** True if the export contains all events from here on, without filters and masks. Only then can it be verified. */
  readonly whole: boolean;
  /** The last pruned event; null if the chain was never pruned. */
  readonly tombstone: SignedStatement | null;
}

export interface StoredEvent extends EventContent {
  readonly seq: bigint;
  readonly prevHash: string;
  readonly hash: string;
}

const line = (value: object): string =>
  `${JSON.stringify(value, (_key, member) => (typeof member === 'bigint' ? String(member) : member))}\n`;

export const beginLine = (begin: ExportBegin): string => line({ export: begin });
export const checkpointLine = (checkpoint: SignedStatement): string => line({ checkpoint });

/** Returns an event as JSON: its place in its chain, and the exact bytes of content that were hashed. */
export const eventJson = ({ seq, prevHash, hash, ...content }: StoredEvent, cursor?: string): string =>
  `{"seq":"${seq}","prevHash":"${prevHash}","hash":"${hash}",${cursor === undefined ? '' : `"cursor":"${cursor}",`}"event":${contentOf(content)}}`;

/** @param shown the visible part of the event, if the reader cannot see all of it. Such a line cannot be verified. */
export const eventLine = (event: StoredEvent, cursor: string, shown?: Json): string => {
  const { seq, prevHash, hash } = event;
  return shown === undefined ? `${eventJson(event, cursor)}\n` : line({ seq, prevHash, hash, cursor, shown });
};

/** Parses a signed statement. @throws if the value is not a signed statement. */
export function statementIn(value: unknown): SignedStatement {
  const { kind, tenantId, seq, hash, at, keyId, signature } = (value ?? {}) as Record<string, unknown>;
  const texts = [tenantId, hash, at, keyId, signature];
  if (
    (kind !== 'checkpoint' && kind !== 'tombstone') ||
    !/^\d{1,16}$/.test(String(seq)) ||
    texts.some((text) => typeof text !== 'string')
  )
    throw new Error('The value is not a signed statement.');
  return { kind, tenantId, seq: BigInt(String(seq)), hash, at, keyId, signature } as SignedStatement;
}
